"""Arguments of layers, and weights that do not fit."""

from __future__ import annotations

import numpy as np

from echocell import layers
from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Flatten,
    Input,
    Masking,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential, clone_model, model_from_json
from support.mistakes import (
    C,
    F,
    Row,
    T,
    check,
    mistakes,
    one_nan,
)

LAYERS = [
    Row("negative units", lambda m: LSTM(-3), ("LSTM: units: expected a positive", "received -3")),
    Row("no units", lambda m: Dense(0), ("Dense: units: expected a positive integer, received 0",)),
    Row("half a unit", lambda m: GRU(2.5), ("GRU: units: expected an integer, received 2.5",)),
    Row("units in words", lambda m: LSTM("ten"), ("received 'ten'",), TypeError),
    Row(
        "units left out", lambda m: SimpleRNN(), ("SimpleRNN: missing argument 'units'",), TypeError
    ),
    Row(
        "unknown argument",
        lambda m: LSTM(unit=3),
        ("LSTM: unknown argument 'unit'", "Did you mean 'units'?"),
        TypeError,
    ),
    Row(
        "unknown argument of every layer",
        lambda m: LSTM(3, inputshape=(T, F)),
        ("unknown argument 'inputshape'", "Did you mean 'input_shape'?"),
        TypeError,
    ),
    Row(
        "argument of Keras that is not supported",
        lambda m: LSTM(3, kernel_constraint="max_norm"),
        ("LSTM: kernel_constraint='max_norm' is not supported",),
    ),
    Row(
        "unknown activation",
        lambda m: Dense(3, activation="softmx"),
        ("unknown activation 'softmx'", "Did you mean 'softmax'?"),
    ),
    Row("softmax in a cell", lambda m: LSTM(3, activation="softmax"), ("not supported in a cell",)),
    Row(
        "unknown initializer",
        lambda m: LSTM(3, kernel_initializer="glorot"),
        ("unknown initializer 'glorot'",),
    ),
    Row(
        "unknown regularizer",
        lambda m: LSTM(3, kernel_regularizer="l3"),
        ("unknown regularizer 'l3'",),
    ),
    Row(
        "dropout of more than everything",
        lambda m: Dropout(1.5),
        ("Dropout: rate", "[0, 1]", "1.5"),
    ),
    Row("dropout in words", lambda m: LSTM(3, dropout="half"), ("received 'half'",), TypeError),
    Row("unknown gates", lambda m: LSTM(3, gates="xyz"), ("letters out of 'ifo', received 'xyz'",)),
    Row("coupled without i", lambda m: LSTM(3, gates="fo", coupled=True), ("needs the gate i",)),
    Row(
        "input_shape is a number",
        lambda m: LSTM(3, input_shape=5),
        ("input_shape: expected a tuple", "written (5,)"),
    ),
    Row("input_shape in words", lambda m: LSTM(3, input_shape="5,2"), ("'5,2'",), TypeError),
    Row("no time steps", lambda m: LSTM(3, input_shape=(0, 2)), ("positive integer, received 0",)),
    Row(
        "input_shape without features",
        lambda m: Sequential([LSTM(3, input_shape=(5,))]),
        ("layer 'lstm_1'", "(batch, time steps, features)", "(None, 5)"),
    ),
    Row(
        "two LSTMs without return_sequences",
        lambda m: Sequential([LSTM(3, input_shape=(T, F)), LSTM(2)]),
        ("layer 'lstm_2'", "Layer 'lstm_1' gives its last output alone", "return_sequences=True"),
    ),
    Row(
        "Flatten of open time steps",
        lambda m: Sequential([Input((None, F)), Flatten(), Dense(2)]),
        ("layer 'dense_1'", "last axis is known", "(None, None)"),
    ),
    Row(
        "Reshape to another size",
        lambda m: Sequential([Input((4,)), Reshape((3, 2))]),
        ("Reshape: expected an input that fits target_shape (3, 2)",),
    ),
    Row(
        "more than any memory",
        lambda m: RepeatVector(2**64),
        ("RepeatVector: n: expected at most",),
    ),
    Row("two open axes", lambda m: Reshape((-1, -1)), ("expected one -1 at most",)),
    Row(
        "RepeatVector of sequences",
        lambda m: Sequential([Input((T, F)), RepeatVector(3)]),
        ("layer 'repeat_vector'",),
    ),
    Row(
        "TimeDistributed without steps",
        lambda m: Sequential([Input((F,)), TimeDistributed(Dense(2))]),
        ("TimeDistributed", "time steps"),
    ),
    Row("TimeDistributed of a number", lambda m: TimeDistributed(3), ("a layer",), TypeError),
    Row(
        "Bidirectional of a Dense layer",
        lambda m: Bidirectional(Dense(3)),
        ("Bidirectional: expected an LSTM, GRU or SimpleRNN, received Dense",),
    ),
    Row(
        "unknown merge_mode",
        lambda m: Bidirectional(LSTM(3), merge_mode="concatenate"),
        ("merge_mode", "Did you mean 'concat'?"),
    ),
    Row("two outputs", lambda m: Bidirectional(LSTM(3), merge_mode=None), ("two outputs",)),
    Row("NaN as mask_value", lambda m: Masking(np.nan), ("a finite number", "nan_to_num")),
    Row("half precision", lambda m: Sequential(dtype="float16"), ("'float32' or 'float64'",)),
    Row("name with a slash", lambda m: LSTM(3, name="a/b"), ("a name without '/'",)),
    Row("add a number", lambda m: m.add(3), ("add: expected a layer, received 3",), TypeError),
    Row("add a class", lambda m: m.add(Dense), ("the class, not a layer",), TypeError),
    Row("add a name twice", lambda m: m.add(Dense(2, name="lstm")), ("unique names", "'lstm'")),
    Row(
        "add a layer that does not fit",
        lambda m: m.add(LSTM(2)),
        ("layer 'lstm_1'", "(None, 3)"),
    ),
    Row(
        "return_state in a Sequential",
        lambda m: m.add(LSTM(2, return_state=True)),
        ("single output tensor", "get_states()"),
    ),
    Row("an Input at the end", lambda m: m.add(Input((3,))), ("an Input comes first",)),
    Row("an Input without a shape", lambda m: Input(), ("expected a shape, such as",)),
    Row(
        "a layer called on a layer",
        lambda m: Dense(2)(Input((3,))),
        ("functional API does not exist yet",),
        TypeError,
    ),
    Row(
        "weights of another shape at the start",
        lambda m: Sequential([Dense(2, input_shape=(3,), weights=[np.zeros((2, 2)), np.zeros(2)])]),
        ("kernel: expected shape (3, 2), received (2, 2)",),
    ),
    Row(
        "build for another shape",
        lambda m: m.build((None, T, F + 1)),
        ("built for input shape (None, 3, 2), received (None, 3, 3)",),
    ),
    Row("unknown layer's name", lambda m: m.get_layer("lstn"), ("no layer is named 'lstn'",)),
    Row(
        "unknown class of layer",
        lambda m: layers.deserialize({"class_name": "LSTN", "config": {}}),
        ("unknown layer 'LSTN'", "Did you mean 'LSTM'?"),
    ),
    Row("no JSON", lambda m: model_from_json("{"), ("expected JSON",)),
    Row("clone of a layer", lambda m: clone_model(Dense(2)), ("Sequential model",), TypeError),
    Row(
        "Activation without a name",
        lambda m: Activation(3),
        ("activation: expected a name",),
        TypeError,
    ),
]


WEIGHTS = [
    Row(
        "too few weights",
        lambda m: m.set_weights(m.get_weights()[:-1]),
        ("set_weights: expected 5 arrays, received 4",),
    ),
    Row(
        "weights of another shape",
        lambda m: m.set_weights([w.T for w in m.get_weights()]),
        ("layer 'lstm': kernel: expected shape (2, 16), received (16, 2)",),
    ),
    Row(
        "weights that are not finite",
        lambda m: m.set_weights([w.astype(float) * np.nan for w in m.get_weights()]),
        ("kernel: expected finite numbers",),
    ),
    Row(
        "a weight that is not finite among good ones",
        lambda m: m.set_weights([*(0 * w for w in m.get_weights()[:-1]), one_nan(C)]),
        ("layer 'dense': bias: expected finite numbers, received nan",),
    ),
    Row(
        "a weight of a layer that is not finite",
        lambda m: m.layers[0].set_weights([*(0 * w for w in m.get_weights()[:2]), one_nan(16)]),
        ("layer 'lstm': bias: expected finite numbers, received nan",),
    ),
    Row(
        "weights of a layer",
        lambda m: m.layers[0].set_weights([np.zeros((2, 16))]),
        ("expected 3 weight arrays (kernel, recurrent_kernel, bias), received 1",),
    ),
    Row(
        "one array for a list",
        lambda m: m.layers[1].set_weights(3),
        ("expected a list of arrays, received 3",),
        TypeError,
    ),
]


@mistakes(LAYERS, WEIGHTS)
def test_error(row: Row) -> None:
    check(row)
