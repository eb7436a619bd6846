# Keras 2: sums read digit by digit, encoder and decoder in one Sequential; GRU chosen by name.
from keras.models import Sequential
from keras import layers
import numpy as np

np.random.seed(3)
RNN = layers.LSTM
HIDDEN_SIZE, BATCH_SIZE, LAYERS = 32, 32, 1
chars = '0123456789+ '
table = dict((c, i) for i, c in enumerate(chars))


def encode(text, rows):
    x = np.zeros((rows, len(chars)))
    for i, c in enumerate(text):
        x[i, table[c]] = 1
    return x


questions, answers = [], []
for a in range(10):
    for b in range(10):
        questions.append('%d+%d' % (a, b))
        answers.append(str(a + b).ljust(2))
x = np.zeros((len(questions), 3, len(chars)), dtype=np.bool_)
y = np.zeros((len(questions), 2, len(chars)), dtype=np.bool_)
for i in range(len(questions)):
    x[i] = encode(questions[i], 3)
    y[i] = encode(answers[i], 2)
model = Sequential()
model.add(RNN(HIDDEN_SIZE, input_shape=(3, len(chars))))
model.add(layers.RepeatVector(2))
for _ in range(LAYERS):
    model.add(RNN(HIDDEN_SIZE, return_sequences=True))
model.add(layers.TimeDistributed(layers.Dense(len(chars))))
model.add(layers.Activation('softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
before = model.evaluate(x, y, verbose=0)[1]
model.fit(x, y, batch_size=BATCH_SIZE, epochs=150, validation_data=(x, y), verbose=0)
loss, acc = model.evaluate(x, y, verbose=0)
print('Better: %s' % (acc > before + 0.2))
print('Guess: %s' % ''.join(chars[i] for i in model.predict_classes(x[:1], verbose=0)[0]).strip())
print('Probabilities: %s' % str(model.predict_proba(x[:2]).shape))
