# Keras 2.0: Bidirectional, TimeDistributed, stacked layers, masking, sample weights per step.
import numpy as np
from keras.models import Sequential
from keras.layers import LSTM, GRU, SimpleRNN, Dense, Masking, Flatten, Reshape, Dropout
from keras.layers.wrappers import TimeDistributed, Bidirectional
from keras.layers import Activation, RepeatVector
from keras import regularizers, initializers
from keras.optimizers import Adam, SGD

np.random.seed(0)


def cumulative(n, steps):
    X = np.random.random((n, steps))
    y = (np.cumsum(X, axis=1) > steps / 4.0).astype(int)
    return X.reshape(n, steps, 1), y.reshape(n, steps, 1)


X, y = cumulative(300, 10)
model = Sequential()
model.add(Bidirectional(LSTM(20, return_sequences=True), input_shape=(10, 1), merge_mode='sum'))
model.add(TimeDistributed(Dense(1, activation='sigmoid')))
model.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.01), metrics=['acc'])
for epoch in range(30):
    model.fit(X, y, epochs=1, batch_size=30, verbose=0)
loss, acc = model.evaluate(X, y, verbose=0)
print('Bidirectional good: %s' % (acc > 0.9))

for merge_mode in ['concat', 'sum', 'mul', 'ave']:
    model = Sequential()
    model.add(Masking(mask_value=0., input_shape=(10, 1)))
    model.add(Bidirectional(GRU(4, return_sequences=True), merge_mode=merge_mode))
    model.add(SimpleRNN(5, return_sequences=True, kernel_regularizer=regularizers.l2(0.001)))
    model.add(LSTM(6, kernel_initializer='he_normal', recurrent_activation='hard_sigmoid',
                   bias_initializer=initializers.Constant(0.1)))
    model.add(Dropout(0.2))
    model.add(RepeatVector(3))
    model.add(TimeDistributed(Dense(2)))
    model.add(Activation('tanh'))
    model.add(Flatten())
    model.add(Reshape((2, 3)))
    model.compile(loss='mae', optimizer=SGD(lr=0.1, momentum=0.9, nesterov=True, clipnorm=1.),
                  metrics=['mse'])
    model.fit(X[:20], np.zeros((20, 2, 3)), epochs=2, batch_size=7, verbose=0,
              class_weight=None, sample_weight=np.ones(20))
    print('%s %s' % (merge_mode, model.predict(X[:4]).shape))
