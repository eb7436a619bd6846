# Keras 2.0: a stateful LSTM, one time step per sample, trained in a long loop over fit.
from random import randint, seed
from numpy import array
import numpy
from keras.models import Sequential
from keras.layers import LSTM
from keras.layers import Dense

seed(3)
numpy.random.seed(3)

n_values = 6


def generate_sequence(length=6):
    return [randint(0, n_values - 1) for _ in range(length)]


def one_hot_encode(sequence):
    rows = []
    for value in sequence:
        row = [0 for _ in range(n_values)]
        row[value] = 1
        rows.append(row)
    return array(rows)


def one_hot_decode(rows):
    return [numpy.argmax(row) for row in rows]


n_batch = 6
model = Sequential()
model.add(LSTM(10, batch_input_shape=(n_batch, 1, n_values), stateful=True))
model.add(Dense(n_values, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['acc'])

for i in range(1500):
    encoded = one_hot_encode(generate_sequence())
    X = encoded.reshape((n_batch, 1, n_values))
    model.fit(X, encoded, epochs=1, batch_size=n_batch, verbose=0, shuffle=False)
    model.reset_states()

encoded = one_hot_encode(generate_sequence())
X = encoded.reshape((n_batch, 1, n_values))
yhat = model.predict(X, batch_size=n_batch, verbose=0)
print('Expected:  %s' % one_hot_decode(encoded))
print('Predicted: %s' % one_hot_decode(yhat))
print('Equal: %s' % (one_hot_decode(encoded) == one_hot_decode(yhat)))
