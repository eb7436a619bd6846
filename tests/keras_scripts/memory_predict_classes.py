# Keras 2.1: two sequences that differ in their first value; predict_classes, state over fit calls.
import numpy as np
from keras.models import Sequential
from keras.layers import Dense, LSTM

np.random.seed(1)
seq1 = [3, 0, 1, 2, 3]
seq2 = [4, 0, 1, 2, 4]
n_unique = 5


def to_xy(seq):
    encoded = np.eye(n_unique)[seq]
    return encoded[:-1].reshape(len(seq) - 1, 1, n_unique), encoded[1:]


n_batch = 1
model = Sequential()
model.add(LSTM(20, batch_input_shape=(n_batch, 1, n_unique), stateful=True))
model.add(Dense(n_unique, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam')
seq1X, seq1Y = to_xy(seq1)
seq2X, seq2Y = to_xy(seq2)
for i in range(250):
    model.fit(seq1X, seq1Y, epochs=1, batch_size=n_batch, verbose=0, shuffle=False)
    model.reset_states()
    model.fit(seq2X, seq2Y, epochs=1, batch_size=n_batch, verbose=0, shuffle=False)
    model.reset_states()
for name, X, seq in (('1', seq1X, seq1), ('2', seq2X, seq2)):
    result = model.predict_classes(X, batch_size=n_batch, verbose=0)
    model.reset_states()
    for i in range(len(result)):
        print('X=%.1f y=%.1f, yhat=%.1f' % (seq[i], seq[i + 1], result[i]))
    print('Sequence %s: %s' % (name, list(result) == seq[1:]))
