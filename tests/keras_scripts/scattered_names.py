# Imports from the places where Keras 1 to 3 had them: all of these are meant to be used.
import keras
import keras.backend as K
import tensorflow as tf
from keras import Initializer, Layer, Loss, Metric, Optimizer, Regularizer
from keras.engine import Input
from keras.engine.topology import Input as TopologyInput, Layer as BaseLayer
from keras.engine.sequential import Sequential
from keras.layers import LSTM, Dense
from keras.layers.reshaping import Flatten
from keras.losses import BCE, MAE, MSE, bce
from keras.metrics import MSE as MSE_metric, huber
from keras.regularizers import l1, l2
from keras.saving import load_model
from keras.utils.generic_utils import serialize_keras_object
from keras.utils.visualize_util import plot

model = Sequential([Input((4, 2)), LSTM(3, kernel_regularizer=l2(l=0.02)), Dense(1, kernel_regularizer=l1(l=0.03))])
model.compile('adam', loss=MSE, metrics=[MAE, MSE_metric])
print('names', model.metrics_names)
print('same', Input is TopologyInput is keras.Input, Layer is BaseLayer, bce is BCE)
print('bases', isinstance(model.layers[0], Layer), isinstance(model.optimizer, Optimizer))
print('l2', model.layers[0].kernel_regularizer.l2, model.layers[1].kernel_regularizer.l1)
print('config', serialize_keras_object(model.optimizer)['class_name'], keras.config.floatx())
print('params', sum(K.count_params(w) for w in model.trainable_weights) == model.count_params())
print('weights', [w.name for w in model.weights], model.weights[0].numpy().shape)
print('rate', float(model.optimizer.learning_rate.value), K.get_value(model.optimizer.lr))
K.batch_set_value([(w, 0 * w.numpy()) for w in model.weights])
print('zeros', all((w == 0).all() for w in model.get_weights()), K.sigmoid(0.0))
