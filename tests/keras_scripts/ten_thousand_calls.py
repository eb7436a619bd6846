# A long Python loop over small calls, as tutorials of one sequence at a time have it.
import numpy as np
from keras.models import Sequential
from keras.layers import LSTM, Dense

np.random.seed(0)
model = Sequential()
model.add(LSTM(8, batch_input_shape=(5, 1, 1), stateful=True))
model.add(Dense(1))
model.compile(loss='mse', optimizer='adam')
x, y = np.random.rand(5, 1, 1), np.random.rand(5)
first = model.evaluate(x, y, batch_size=5, verbose=0)
model.reset_states()
for i in range(5000):
    model.fit(x, y, epochs=1, batch_size=5, verbose=0, shuffle=False)
    model.reset_states()
for i in range(5000):
    model.train_on_batch(x, y)
    model.reset_states()
print('Smaller: %s' % (model.evaluate(x, y, batch_size=5, verbose=0) < first))
