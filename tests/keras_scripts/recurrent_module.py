# Keras 0.3 to 1.2: keras.layers.core, keras.layers.recurrent, input_dim, output_dim, Activation.
from __future__ import print_function
import time
import numpy as np
from keras.layers.core import Dense, Activation, Dropout
from keras.layers.recurrent import LSTM
from keras.models import Sequential
from keras.optimizers import RMSprop

np.random.seed(1234)


def build_model(layers):
    model = Sequential()
    model.add(LSTM(input_dim=layers[0], output_dim=layers[1], return_sequences=True))
    model.add(Dropout(0.1))
    model.add(LSTM(layers[2], return_sequences=False))
    model.add(Dropout(0.1))
    model.add(Dense(output_dim=layers[3]))
    model.add(Activation("linear"))
    start = time.time()
    model.compile(loss="mse", optimizer=RMSprop(lr=0.005, rho=0.9, epsilon=1e-08, decay=0.0))
    print("> Compilation Time : ", time.time() - start)
    return model


wave = np.sin(np.arange(400) * 0.1)
window = 20
rows = np.array([wave[i:i + window + 1] for i in range(len(wave) - window)])
X, y = rows[:, :-1, np.newaxis], rows[:, -1]
split = int(0.8 * len(X))
model = build_model([1, 16, 16, 1])
model.fit(X[:split], y[:split], batch_size=16, nb_epoch=15, validation_split=0.05, verbose=0)


def predict_point_by_point(model, data):
    predicted = model.predict(data)
    return np.reshape(predicted, (predicted.size,))


error = np.sqrt(np.mean((predict_point_by_point(model, X[split:]) - y[split:]) ** 2))
print("Good: %s" % (error < 0.2))
