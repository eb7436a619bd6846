# Scripts that reach for Keras where it once lay inside of TensorFlow, and older names of modules.
import numpy as np
from tensorflow.python.keras.models import Sequential
from tensorflow.python.keras.layers import LSTM, Dense, Dropout
from tensorflow.python.keras.optimizers import Adam
from tensorflow.python.keras.callbacks import EarlyStopping
from tensorflow.keras.optimizers.legacy import RMSprop
from tensorflow import set_random_seed
from keras.objectives import mse
from keras.optimizers import adam, adam_v2
from keras.src.layers import GRU
from keras.layers import CuDNNLSTM
from keras.utils.np_utils import to_categorical
import keras.layers.recurrent as recurrent
import keras.backend as K
import keras, tensorflow

set_random_seed(4)
model = Sequential()
model.add(CuDNNLSTM(5, return_sequences=True, input_shape=(4, 2)))
model.add(recurrent.LSTM(3, return_sequences=True))
model.add(GRU(3))
model.add(Dense(2))
model.compile(loss=mse, optimizer=adam_v2.Adam(lr=0.01))
model.fit(np.ones((6, 4, 2)), to_categorical([0, 1] * 3), epochs=2, verbose=0,
          callbacks=[EarlyStopping('loss')])
print('one class: %s' % (keras.layers.LSTM is LSTM is tensorflow.keras.layers.LSTM))
print('iterations: %d' % K.get_value(model.optimizer.iterations))
