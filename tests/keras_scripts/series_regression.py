# Keras 2: the next value of a series from the last ones; scaling, verbose=2, summary, evaluate.
import math
import numpy
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import LSTM


def create_dataset(dataset, look_back=1):
    dataX, dataY = [], []
    for i in range(len(dataset) - look_back - 1):
        a = dataset[i:(i + look_back), 0]
        dataX.append(a)
        dataY.append(dataset[i + look_back, 0])
    return numpy.array(dataX), numpy.array(dataY)


numpy.random.seed(7)
months = numpy.arange(120)
series = 100 + 2 * months + 20 * numpy.sin(months * numpy.pi / 6)
dataset = series.reshape(-1, 1).astype('float32')
low, high = dataset.min(), dataset.max()
dataset = (dataset - low) / (high - low)
train_size = int(len(dataset) * 0.67)
train, test = dataset[0:train_size, :], dataset[train_size:len(dataset), :]
look_back = 3
trainX, trainY = create_dataset(train, look_back)
testX, testY = create_dataset(test, look_back)
trainX = numpy.reshape(trainX, (trainX.shape[0], 1, trainX.shape[1]))
testX = numpy.reshape(testX, (testX.shape[0], 1, testX.shape[1]))

model = Sequential()
model.add(LSTM(4, input_dim=look_back))
model.add(Dense(1))
model.compile(loss='mean_squared_error', optimizer='adam')
model.summary()
model.fit(trainX, trainY, nb_epoch=30, batch_size=1, verbose=2)

trainScore = model.evaluate(trainX, trainY, verbose=0)
print('Train Score: %.4f MSE (%.4f RMSE)' % (trainScore, math.sqrt(trainScore)))
testPredict = model.predict(testX)
rmse = math.sqrt(((testPredict[:, 0] - testY) ** 2).mean()) * (high - low)
print('Test Score: good %s' % (rmse < 60))
