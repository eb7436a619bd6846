# TensorFlow 2: everything by its full name.
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
import tensorflow.keras.backend as K

print('TF', int(tf.__version__.split('.')[0]) >= 2, keras.__version__ == tf.keras.__version__)
tf.keras.backend.clear_session()
tf.random.set_seed(51)
np.random.seed(51)


class StopWhenGood(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if logs.get('acc') > 0.99:
            print("Reached 99% accuracy so cancelling training!")
            self.model.stop_training = True


X = np.random.randint(0, 2, (256, 5, 1)).astype('float32')
y = X[:, 1, 0].astype(int)
model = tf.keras.models.Sequential([
    tf.keras.layers.LSTM(16, return_sequences=True, input_shape=[None, 1]),
    tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(16)),
    layers.Dense(2, activation=tf.keras.activations.softmax),
])
model.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(),
              optimizer=tf.keras.optimizers.Adam(learning_rate=0.01),
              metrics=['accuracy'])
history = model.fit(X, y, epochs=80, batch_size=32, verbose=0, callbacks=[StopWhenGood()])
print('names', model.layers[0].name, len(model.layers))
print('stopped early', len(history.epoch) < 80)
print('sum', np.allclose(model.predict(X).sum(axis=1), 1))
model.optimizer.learning_rate.assign(0.5)
print('rate', model.optimizer.learning_rate.numpy(), K.eval(model.optimizer.lr))
tf.keras.utils.set_random_seed(1)
