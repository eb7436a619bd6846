# TensorFlow 2: a reconstruction autoencoder with relu in the LSTM, under tensorflow.keras.
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
from numpy import array
import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import LSTM, Dense, RepeatVector, TimeDistributed

np.random.seed(2)
tf.random.set_seed(2)
sequence = array([0.1, 0.2, 0.3, 0.4, 0.5])
n_in = len(sequence)
sequence = sequence.reshape((1, n_in, 1))
model = Sequential()
model.add(LSTM(30, activation='relu', input_shape=(n_in, 1)))
model.add(RepeatVector(n_in))
model.add(LSTM(30, activation='relu', return_sequences=True))
model.add(TimeDistributed(Dense(1)))
model.compile(optimizer='adam', loss='mse')
model.fit(sequence, sequence, epochs=400, verbose=0)
yhat = model.predict(sequence, verbose=0)
print(yhat[0, :, 0])
print('Close: %s' % (np.abs(yhat - sequence).max() < 0.1))
