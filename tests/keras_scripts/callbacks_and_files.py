# Keras 2.2: callbacks of all kinds, the learning rate through the backend, saving and loading.
import csv
import numpy as np
import keras
from keras import backend as K
from keras.callbacks import (Callback, CSVLogger, EarlyStopping, LearningRateScheduler,
                             ModelCheckpoint, ReduceLROnPlateau, TensorBoard, TerminateOnNaN)
from keras.models import Sequential, load_model
from keras.layers import LSTM, Dense

np.random.seed(5)
X = np.random.rand(64, 6, 2)
y = X.sum(axis=(1, 2)) / 12


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs={}):
        self.losses = []
        self.rates = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get('loss'))

    def on_epoch_end(self, epoch, logs={}):
        self.rates.append(float(K.get_value(self.model.optimizer.lr)))
        if logs.get('mae') < 0.001:
            self.model.stop_training = True


def step_decay(epoch):
    return 0.02 * 0.5 ** (epoch // 5)


model = Sequential([LSTM(8, input_shape=(6, 2)), Dense(1)])
model.compile(loss='mse', optimizer='adam', metrics=['mae'])
history = LossHistory()
result = model.fit(X, y, epochs=10, batch_size=16, verbose=0, validation_split=0.25,
                   callbacks=[history, LearningRateScheduler(step_decay), CSVLogger('log.csv'),
                              TerminateOnNaN(), TensorBoard(log_dir='./logs')])
print('batches: %d' % len(history.losses))
print('rates: %s' % history.rates[::5])
print('lr in history: %s' % result.history['lr'][9])
with open('log.csv') as f:
    print('csv rows: %d' % len(list(csv.DictReader(f))))

K.set_value(model.optimizer.lr, 0.5 * K.get_value(model.optimizer.lr))
print('new rate: %.4f' % float(model.optimizer.lr))
stop = EarlyStopping(monitor='val_loss', patience=3, verbose=1, mode='auto')
plateau = ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=2, min_lr=1e-5)
best = ModelCheckpoint('best.h5', monitor='val_loss', save_best_only=True, save_weights_only=False)
model.fit(X, y, epochs=60, batch_size=16, verbose=0, validation_split=0.25,
          callbacks=[stop, plateau, best])

model.save('model.h5')
again = load_model('model.h5')
print('same: %s' % np.array_equal(model.predict(X), again.predict(X)))
again.fit(X, y, epochs=1, verbose=0)
model.save_weights('weights.h5')
twin = Sequential([LSTM(8, input_shape=(6, 2)), Dense(1)])
twin.load_weights('weights.h5')
print('same: %s' % np.array_equal(model.predict(X), twin.predict(X)))
json_string = model.to_json()
copy = keras.models.model_from_json(json_string)
copy.set_weights(model.get_weights())
print('same: %s' % np.array_equal(model.predict(X), copy.predict(X)))
del model
K.clear_session()
