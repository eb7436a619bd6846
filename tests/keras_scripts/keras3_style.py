# Keras 3: keras.Input, keras.Sequential, objects for losses and metrics.
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(812)
inputs = np.random.rand(128, 7, 3).astype("float32")
labels = (inputs[:, :, 0].mean(axis=1) > 0.5).astype("int64")
model = keras.Sequential(
    [
        keras.Input(shape=(7, 3)),
        layers.GRU(12, return_sequences=True, kernel_regularizer=keras.regularizers.L2(1e-5)),
        layers.LSTM(12, kernel_initializer=keras.initializers.GlorotUniform(seed=3)),
        layers.Dropout(0.1),
        layers.Dense(2),
    ],
    name="classifier",
)
model.summary()
model.compile(
    optimizer=keras.optimizers.AdamW(learning_rate=0.02, weight_decay=0.001, clipnorm=1.0),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="hits"), "accuracy"],
)
stop = keras.callbacks.EarlyStopping("val_hits", patience=40, restore_best_weights=True)
history = model.fit(inputs, labels, epochs=60, validation_split=0.25, callbacks=[stop], verbose=0)
print(list(history.history))
print("good", max(history.history["hits"]) > 0.85)
results = model.evaluate(inputs, labels, verbose=0, return_dict=True)
print(sorted(results))
model.save("classifier.keras")
restored = keras.models.load_model("classifier.keras")
np.testing.assert_array_equal(restored.predict(inputs, verbose=0), model.predict(inputs, verbose=0))
print("restored", restored.name)
