# Keras 2.2: word ids, pad_sequences, Embedding, LSTM with dropout; history under 'acc'.
import numpy
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import LSTM
from keras.layers.embeddings import Embedding
from keras.preprocessing import sequence

numpy.random.seed(7)
top_words = 50
reviews, labels = [], []
for i in range(400):
    length = numpy.random.randint(3, 15)
    words = numpy.random.randint(9, top_words, length)
    good = i % 2
    words[length - 1 - numpy.random.randint(3)] = 7 if good else 8
    reviews.append(list(words))
    labels.append(good)
max_review_length = 12
X = sequence.pad_sequences(reviews, maxlen=max_review_length)
y = numpy.array(labels)
X_train, y_train, X_test, y_test = X[:300], y[:300], X[300:], y[300:]

model = Sequential()
model.add(Embedding(top_words, 16, input_length=max_review_length))
model.add(LSTM(24, dropout=0.1, recurrent_dropout=0.1))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
print(model.summary())
history = model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=25, batch_size=16,
                    verbose=0)
print('epochs:', len(history.history['acc']), len(history.history['val_acc']))
print(sorted(history.history.keys()))
scores = model.evaluate(X_test, y_test, verbose=0)
print("Good: %s" % (scores[1] > 0.9))
classes = model.predict_classes(X_test)
print("Shape: %s %s" % (classes.shape, numpy.mean(classes[:, 0] == y_test) == scores[1]))
