# Keras 2.0: a stateful forecaster trained epoch by epoch, weights copied into a model of batch 1.
from math import sqrt
from numpy import array
import numpy
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import LSTM

numpy.random.seed(9)
length = 10
sequence = array([i / float(length) for i in range(length)])
X, y = sequence[:-1], sequence[1:]
X = X.reshape(len(X), 1, 1)
n_batch = 3
model = Sequential()
model.add(LSTM(10, batch_input_shape=(n_batch, X.shape[1], X.shape[2]), stateful=True))
model.add(Dense(1))
model.compile(loss='mean_squared_error', optimizer='adam')
for i in range(600):
    model.fit(X, y, epochs=1, batch_size=n_batch, verbose=0, shuffle=False)
    model.reset_states()
new_model = Sequential()
new_model.add(LSTM(10, batch_input_shape=(1, X.shape[1], X.shape[2]), stateful=True))
new_model.add(Dense(1))
new_model.set_weights(model.get_weights())
new_model.compile(loss='mean_squared_error', optimizer='adam')
yhat = []
for i in range(len(X)):
    testX, testy = X[i], y[i]
    testX = testX.reshape(1, 1, 1)
    yhat.append(new_model.predict(testX, batch_size=1)[0, 0])
print('Finite: %s' % bool(numpy.isfinite(yhat).all()))
states = [numpy.abs(s).max() > 0 for s in new_model.layers[0].states]
new_model.layers[0].reset_states()
new_model.reset_states()
first = new_model.predict(X[0:1], batch_size=1)[0, 0]
print('State matters: %s' % (states == [True, True]))
print('Reset works: %s' % (first == yhat[0]))
try:
    model.predict(X[:2], batch_size=2)
except ValueError as error:
    print('Expected and received: %s' % ('expected 3, received 2' in str(error)))
