"""What a beginner gets wrong, and the message for it; after each error the model still works.

A row is an action and what must come of it: the kind of error, and words of its message that say
what was expected, what came and what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import layers, losses, metrics, optimizers
from echocell._common import naming
from echocell.callbacks import EarlyStopping, LambdaCallback
from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential, clone_model, load_model, model_from_json

N, T, F, C = 6, 3, 2, 3


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    naming.reset_names()
    np.random.seed(7)


def classifier() -> Sequential:
    model = Sequential([LSTM(4, input_shape=(T, F)), Dense(C, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def tagger() -> Sequential:
    """One class number per time step."""
    model = Sequential(
        [
            LSTM(4, input_shape=(T, F), return_sequences=True),
            TimeDistributed(Dense(C, activation="softmax")),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


def regressor(units: int = 1) -> Sequential:
    model = Sequential([LSTM(4, input_shape=(T, F)), Dense(units)])
    model.compile(loss="mse", optimizer="adam")
    return model


def yes_or_no() -> Sequential:
    model = Sequential([LSTM(4, input_shape=(T, F)), Dense(1, activation="sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


def words() -> Sequential:
    model = Sequential([Embedding(10, 4), LSTM(4), Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    return model


def stateful() -> Sequential:
    model = Sequential([LSTM(4, batch_input_shape=(2, T, F), stateful=True), Dense(C)])
    model.compile(loss="mse", optimizer="adam")
    return model


def free_stateful() -> Sequential:
    """Stateful, of no fixed batch size, carrying the states of 3 samples."""
    model = Sequential([LSTM(4, input_shape=(T, F), stateful=True), Dense(C)])
    model.compile(loss="mse", optimizer="adam")
    model.predict(X[:3], batch_size=3)
    return model


X = np.random.default_rng(1).normal(size=(N, T, F)).astype(np.float32)
LABELS = np.array([0, 1, 2, 2, 1, 0])
Y = np.eye(C, dtype=np.float32)[LABELS]
IDS = np.random.default_rng(2).integers(0, 10, (N, T))


def with_value(array: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    changed = array.copy()
    changed[place] = value
    return changed


def one_nan(*shape: int) -> np.ndarray:
    """In the model's dtype: nothing needs to be converted, and still it must be noticed."""
    return with_value(np.zeros(shape, np.float32), tuple(k - 1 for k in shape), np.nan)


@dataclass(frozen=True)
class Row:
    """make: the model. act: what is done with it. error, words: what must come of it."""

    name: str
    act: Callable[[Sequential], Any]
    words: tuple[str, ...]
    error: type[Exception] = ValueError
    make: Callable[[], Sequential] = classifier


DATA = [
    Row(
        "2-D input to an LSTM",
        lambda m: m.fit(X[:, 0], Y),
        ("expected shape (samples, 3, 2)", "(samples, time steps, features)", "received (6, 2)"),
    ),
    Row(
        "2-D input where one step is meant",
        lambda m: m.predict(np.zeros((5, 4))),
        ("x.reshape(-1, 1, 4)",),
        make=lambda: Sequential([LSTM(2, input_shape=(1, 4))]),
    ),
    Row(
        "2-D input where steps of one feature are meant",
        lambda m: m.predict(np.zeros((5, 4))),
        ("x.reshape(-1, 4, 1)",),
        make=lambda: Sequential([LSTM(2, input_shape=(4, 1))]),
    ),
    Row(
        "2-D input of whole samples",
        lambda m: m.predict(X.reshape(N, T * F)),
        ("x.reshape(-1, 3, 2)", "received (6, 6)"),
    ),
    Row("1-D input", lambda m: m.predict(X[0, 0]), ("expected shape (samples, 3, 2)", "(2,)")),
    Row("1-D input of whole samples", lambda m: m.predict(X.ravel()), ("x.reshape(-1, 3, 2)",)),
    Row("4-D input", lambda m: m.predict(X[None]), ("received (1, 6, 3, 2)",)),
    Row("a number for input", lambda m: m.predict(3.0), ("received the number 3.0",)),
    Row(
        "another number of features",
        lambda m: m.fit(np.zeros((N, T, 5)), Y),
        ("built for 2 features, not 5", "received (6, 3, 5)"),
    ),
    Row(
        "another number of time steps",
        lambda m: m.predict(np.zeros((N, 7, F))),
        ("built for 3 time steps, not 7",),
    ),
    Row(
        "NaN in x",
        lambda m: m.fit(with_value(X, (1, 2, 0), np.nan), Y),
        ("x: expected finite numbers", "nan at x[1, 2, 0]"),
    ),
    Row(
        "infinity in x",
        lambda m: m.fit(with_value(X, (4, 0, 1), -np.inf), Y),
        ("-inf at x[4, 0, 1]",),
    ),
    Row(
        "NaN in x that is converted",
        lambda m: m.fit(with_value(X.astype(float), (1, 2, 0), np.nan), Y),
        ("nan at x[1, 2, 0]",),
    ),
    Row(
        "NaN in y",
        lambda m: m.fit(X, with_value(X[:, 0, :1], (3, 0), np.nan)),
        ("y: expected finite numbers", "y[3, 0]"),
        make=regressor,
    ),
    Row(
        "NaN in one-hot y",
        lambda m: m.fit(X, with_value(Y, (3, 0), np.nan)),
        ("y: expected finite numbers", "y[3, 0]"),
    ),
    Row(
        "NaN to predict",
        lambda m: m.predict(with_value(X, (0, 0, 0), np.nan)),
        ("nan at x[0, 0, 0]",),
    ),
    Row(
        "NaN to evaluate",
        lambda m: m.evaluate(with_value(X, (0, 0, 0), np.nan), Y, verbose=0),
        ("nan at x[0, 0, 0]",),
    ),
    Row(
        "NaN in validation data",
        lambda m: m.fit(
            X, Y, validation_data=(with_value(X, (0, 1, 0), np.nan), Y), epochs=2, verbose=0
        ),
        ("validation_data[0]: expected finite numbers", "validation_data[0][0, 1, 0]"),
    ),
    Row(
        "too large for float32",
        lambda m: m.fit(with_value(X.astype(float), (2, 1, 1), 1e300), Y),
        ("x[2, 1, 1] is 1e+300", "too large for float32", "float64"),
    ),
    Row(
        "strings",
        lambda m: m.fit([[["a", "b"]] * T] * N, Y),
        ("x: expected numbers, received strings, such as 'a'",),
        TypeError,
    ),
    Row(
        "strings as labels",
        lambda m: m.fit(X, ["yes"] * N),
        ("y: expected numbers, received strings, such as 'yes'",),
        TypeError,
    ),
    Row(
        "ragged lists",
        lambda m: m.fit([[[1, 2]], [[1, 2], [3, 4]]], Y[:2]),
        (
            "rows of one length, 3 time steps, received lengths 1 to 2",
            "input_shape=(None, 2)",
            "pad_sequences",
        ),
    ),
    Row(
        "ragged arrays as objects",
        lambda m: m.fit(np.array([np.zeros(2), np.zeros(4)], dtype=object), Y[:2]),
        ("rows of one length, 3 time steps, received lengths 2 to 4", "input_shape=(None, 2)"),
    ),
    Row(
        "objects",
        lambda m: m.fit(np.array([None, 1.0], dtype=object), Y[:2]),
        ("received objects", "NoneType"),
        TypeError,
    ),
    Row("None for x", lambda m: m.fit(None, Y), ("x: expected an array", "None"), TypeError),
    Row("None for y", lambda m: m.fit(X), ("y: expected an array", "None"), TypeError),
    Row(
        "complex numbers",
        lambda m: m.predict(X + 1j),
        ("x: expected numbers, received complex numbers",),
        TypeError,
    ),
    Row(
        "dates",
        lambda m: m.predict(np.zeros((N, T, F), "datetime64[D]")),
        ("received dates or times",),
        TypeError,
    ),
    Row("a dict for x", lambda m: m.fit({"input": X}, Y), ("received dict",), TypeError),
    Row(
        "a masked array",
        lambda m: m.predict(np.ma.masked_array(X, X > 0)),
        ("a plain array, received a masked one", "Masking"),
        TypeError,
    ),
    Row("no samples", lambda m: m.fit(X[:0], Y[:0]), ("x is empty", "(0, 3, 2)")),
    Row("no samples to predict", lambda m: m.predict([]), ("x is empty", "(0,)")),
]

TARGETS = [
    Row(
        "class numbers for categorical_crossentropy",
        lambda m: m.fit(X, LABELS),
        (
            "y: expected the shape of the output, (samples, 3), received (6,)",
            "to_categorical(y, 3)",
        ),
    ),
    Row(
        "class numbers in a column",
        lambda m: m.fit(X, LABELS[:, None]),
        ("received (6, 1)", "sparse_categorical_crossentropy"),
    ),
    Row("too few outputs in y", lambda m: m.fit(X, Y[:, :2]), ("received (6, 2)",)),
    Row(
        "fewer targets than samples",
        lambda m: m.fit(X, Y[:4]),
        ("y: expected one row per sample, 6 as in x, received 4",),
    ),
    Row(
        "more targets than samples",
        lambda m: m.evaluate(X[:4], Y, verbose=0),
        ("one row per sample, 4 as in x, received 6",),
    ),
    Row(
        "targets at every step for one output",
        lambda m: m.fit(X, np.repeat(Y[:, None], T, axis=1)),
        ("received (6, 3, 3)", "set return_sequences=True"),
    ),
    Row(
        "one target for outputs at every step",
        lambda m: m.fit(X, LABELS),
        ("class numbers of shape (samples, 3)", "received (6,)", "leave out return_sequences=True"),
        make=tagger,
    ),
    Row(
        "categorical_crossentropy with one output",
        lambda m: m.fit(X, LABELS),
        ("needs at least 2 outputs", "binary_crossentropy"),
        make=lambda: compiled(regressor(), "categorical_crossentropy"),
    ),
    Row(
        "label out of range",
        lambda m: m.fit(X, with_value(np.zeros((N, T)), (0, 0), C)),
        ("y: a model with 3 outputs takes numbers from 0 to 2, received 3",),
        make=tagger,
    ),
    Row(
        "negative label",
        lambda m: m.fit(X, np.full((N, T), -1)),
        ("from 0 to 2, received -1",),
        make=tagger,
    ),
    Row(
        "label that is no whole number",
        lambda m: m.fit(X, np.full((N, T), 0.5)),
        ("y: expected whole numbers, received 0.5",),
        make=tagger,
    ),
    Row(
        "one-hot labels for the sparse loss",
        lambda m: m.fit(X, np.repeat(Y[:, None], T, axis=1)),
        ("look one-hot", "categorical_crossentropy", "argmax"),
        make=tagger,
    ),
    Row(
        "labels above 1 for binary_crossentropy",
        lambda m: m.fit(X, LABELS),
        ("between 0 and 1", "received 2", "categorical_crossentropy"),
        make=yes_or_no,
    ),
    Row(
        "labels of -1 and 1 for binary_crossentropy",
        lambda m: m.fit(X, np.where(LABELS == 0, -1, 1)),
        ("between 0 and 1", "received -1"),
        make=yes_or_no,
    ),
    Row(
        "one value for two outputs",
        lambda m: m.fit(X, LABELS),
        ("the shape of the output, (samples, 2), received (6,)", "needs 1 unit instead of 2"),
        make=lambda: regressor(2),
    ),
    Row(
        "sample weights of another length",
        lambda m: m.fit(X, Y, sample_weight=np.ones(4)),
        ("sample_weight: expected one weight per sample, shape (6,)", "received (4,)"),
    ),
    Row(
        "sample weights per step for one output",
        lambda m: m.fit(X, Y, sample_weight=np.ones((N, T))),
        ("received (6, 3)",),
    ),
    Row(
        "NaN in sample weights",
        lambda m: m.fit(X, Y, sample_weight=[1, 1, 1, np.nan, 1, 1]),
        ("sample_weight: expected finite numbers", "sample_weight[3]"),
    ),
    Row(
        "class_weight is a list",
        lambda m: m.fit(X, Y, class_weight=[1, 2, 3]),
        ("class_weight: expected a dict",),
        TypeError,
    ),
    Row(
        "class_weight by name",
        lambda m: m.fit(X, Y, class_weight={"yes": 2}),
        ("class_weight: class: expected an integer, received 'yes'",),
        TypeError,
    ),
    Row(
        "class_weight of a class beyond the output",
        lambda m: m.fit(X, Y, class_weight={1: 2.0, 3: 2.0}),
        ("class_weight: expected classes from 0 to 2", "counted from 0", "received 3"),
    ),
    Row(
        "class_weight of a class beyond a sparse output",
        lambda m: m.train_on_batch(X, np.tile([0, 1, 2], (N, 1)), class_weight={3: 2.0}),
        ("class_weight: expected classes from 0 to 2", "received 3"),
        make=tagger,
    ),
    Row(
        "class_weight of a third class for yes and no",
        lambda m: m.fit(X, LABELS > 0, class_weight={1: 1.0, 2: 2.0}),
        ("class_weight: expected classes from 0 to 1", "received 2"),
        make=yes_or_no,
    ),
    Row(
        "class_weight of a negative class",
        lambda m: m.fit(X, Y, class_weight={-1: 2.0}),
        ("class_weight: expected classes from 0 to 2", "received -1"),
    ),
    Row(
        "class_weight for values",
        lambda m: m.fit(X, LABELS, class_weight={0: 1.0, 1: 2.0}),
        ("class_weight: targets of mean_squared_error are values", "sample_weight"),
        make=regressor,
    ),
    Row(
        "class_weight in words",
        lambda m: m.fit(X, Y, class_weight={1: "much"}),
        ("class_weight[1]: expected a number, received 'much'",),
        TypeError,
    ),
    Row(
        "class_weight that is not finite",
        lambda m: m.fit(X, Y, class_weight={1: np.nan}),
        ("class_weight[1]: expected a finite number, received nan",),
    ),
]


def compiled(model: Sequential, loss: str) -> Sequential:
    model.compile(loss=loss, optimizer="adam")
    return model


IDENTIFIERS = [
    Row(
        "id beyond the vocabulary",
        lambda m: m.fit(with_value(IDS, (0, 0), 10), LABELS),
        ("x: Embedding(input_dim=10) takes numbers from 0 to 9, received 10",),
        make=words,
    ),
    Row(
        "negative id",
        lambda m: m.predict(with_value(IDS, (0, 0), -1)),
        ("from 0 to 9, received -1",),
        make=words,
    ),
    Row(
        "id that is no whole number",
        lambda m: m.predict(IDS + 0.5),
        ("x: expected whole numbers, received",),
        make=words,
    ),
    Row(
        "ids with a feature axis",
        lambda m: m.predict(IDS[..., None]),
        ("received (6, 3, 1)",),
        make=words,
    ),
    Row(
        "id that float32 cannot count to",
        lambda m: layers.Embedding(2**24 + 9, 1)(np.array([[2**24 + 1]])),
        ("indices up to 16777216", "float64"),
    ),
]

CALLS = [
    Row(
        "fit before compile",
        lambda m: m.fit(X, Y),
        ("fit: model 'sequential' is not compiled: call compile(",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "evaluate before compile",
        lambda m: m.evaluate(X, Y),
        ("evaluate: model 'sequential' is not compiled",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "train_on_batch before compile",
        lambda m: m.train_on_batch(X, Y),
        ("train_on_batch: model 'sequential' is not compiled",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "get_states before build",
        lambda m: Sequential([LSTM(4), Dense(C)]).get_states(),
        ("is not built yet", "input_shape", "data"),
    ),
    Row(
        "count_params before build",
        lambda m: Sequential([LSTM(4)]).count_params(),
        ("is not built yet",),
    ),
    Row(
        "layer.set_weights before build",
        lambda m: LSTM(4).set_weights([np.ones(4)]),
        ("layer 'lstm_1' has no weights yet", "build()"),
    ),
    Row("predict without layers", lambda m: Sequential().predict(X), ("has no layers",)),
    Row("pop without layers", lambda m: Sequential().pop(), ("pop: the model has no layers",)),
    Row(
        "unknown loss",
        lambda m: m.compile(loss="catgorical_crossentropy"),
        ("unknown loss 'catgorical_crossentropy'", "Did you mean 'categorical_crossentropy'?"),
    ),
    Row(
        "unknown optimizer",
        lambda m: m.compile("adan", loss="mse"),
        ("unknown optimizer 'adan'", "Did you mean 'adam'?"),
    ),
    Row(
        "unknown metric",
        lambda m: m.compile("adam", "mse", metrics=["acuracy"]),
        ("unknown metric 'acuracy'", "Did you mean 'accuracy'?"),
    ),
    Row(
        "unknown metric before build",
        lambda m: Sequential([LSTM(4)]).compile("adam", "mse", metrics=["mean_error"]),
        ("unknown metric 'mean_error'",),
    ),
    Row(
        "a function as loss",
        lambda m: m.compile("adam", lambda a, b: a - b),
        ("loss:", "Python function"),
        TypeError,
    ),
    Row(
        "unknown argument of compile",
        lambda m: m.compile(loss="mse", optimiser="adam"),
        ("compile: unknown argument 'optimiser'",),
        TypeError,
    ),
    Row(
        "unknown argument of fit",
        lambda m: m.fit(X, Y, epoch=3),
        ("fit: unknown argument 'epoch'", "Did you mean 'epochs'?"),
        TypeError,
    ),
    Row(
        "steps_per_epoch",
        lambda m: m.fit(X, Y, steps_per_epoch=3),
        ("fit: steps_per_epoch=3 is not supported",),
    ),
    Row("batch size 0", lambda m: m.fit(X, Y, batch_size=0), ("batch_size: expected a positive",)),
    Row("negative batch size", lambda m: m.fit(X, Y, batch_size=-2), ("received -2",)),
    Row("half a batch", lambda m: m.fit(X, Y, batch_size=2.5), ("received 2.5",)),
    Row(
        "batch size in words",
        lambda m: m.fit(X, Y, batch_size="all"),
        ("batch_size: expected an integer, received 'all'",),
        TypeError,
    ),
    Row(
        "negative epochs", lambda m: m.fit(X, Y, epochs=-1), ("epochs: expected an integer of at",)
    ),
    Row(
        "negative initial epoch",
        lambda m: m.fit(X, Y, initial_epoch=-1),
        ("initial_epoch: expected an integer of at least 0, received -1",),
    ),
    Row("unknown verbosity", lambda m: m.fit(X, Y, verbose=7), ("verbose: expected 0, 1, 2",)),
    Row(
        "validation_split of everything",
        lambda m: m.fit(X, Y, validation_split=1.0),
        ("validation_split: expected a number in [0, 1), received 1.0",),
    ),
    Row(
        "validation_split that leaves nothing",
        lambda m: m.fit(X, Y, validation_split=0.95),
        ("leaves 0 of 6 samples to train on",),
    ),
    Row(
        "validation data without targets",
        lambda m: m.fit(X, Y, validation_data=X),
        ("validation_data: expected a tuple (x, y)", "ndarray"),
        TypeError,
    ),
    Row(
        "validation data of another shape",
        lambda m: m.fit(X, Y, validation_data=(X[..., :1], Y)),
        ("validation_data[0]: expected shape (samples, 3, 2)",),
    ),
    Row(
        "a callback's class",
        lambda m: m.fit(X, Y, callbacks=[EarlyStopping]),
        ("callbacks: expected objects of Callback", "the class, not an object"),
        TypeError,
    ),
    Row(
        "negative learning rate",
        lambda m: optimizers.Adam(learning_rate=-1),
        ("learning_rate", "received -1"),
    ),
    Row(
        "unknown argument of an optimizer",
        lambda m: optimizers.Adam(learningrate=0.1),
        ("unknown argument 'learningrate'", "Did you mean 'learning_rate'?"),
        TypeError,
    ),
    Row(
        "an array as optimizer",
        lambda m: m.compile(X, "mse"),
        ("optimizer: expected a name",),
        TypeError,
    ),
    Row(
        "unknown class of loss",
        lambda m: losses.get("MeanSquareError"),
        ("Did you mean 'MeanSquaredError'?",),
    ),
    Row(
        "accuracy without a model",
        lambda m: metrics.get("accuracy"),
        ("depends on the model's output",),
    ),
]

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

STATES = [
    Row(
        "states that are not finite",
        lambda m: m.set_states([[np.zeros((3, 4), np.float32), one_nan(3, 4)]]),
        ("layer 'lstm': states[1]: expected finite numbers, received nan",),
        make=free_stateful,
    ),
    Row(
        "states of a layer that are not finite",
        lambda m: m.layers[0].set_states([np.zeros((3, 4), np.float32), one_nan(3, 4)]),
        ("layer 'lstm': states[1]: expected finite numbers, received nan",),
        make=free_stateful,
    ),
    Row(
        "samples that do not divide into batches",
        lambda m: m.fit(X[:5], Y[:5], batch_size=2),
        ("a multiple of batch_size=2, received 5 samples",),
        make=stateful,
    ),
    Row(
        "samples that do not divide, to predict",
        lambda m: m.predict(X[:3]),
        ("a multiple of batch_size=2, received 3 samples",),
        make=stateful,
    ),
    Row(
        "another batch size than the model's",
        lambda m: m.predict(X, batch_size=3),
        ("made for batches of 2 samples", "expected 2, received 3"),
        make=stateful,
    ),
    Row(
        "a batch of another size",
        lambda m: m.train_on_batch(X, Y),
        ("expected 2, received 6",),
        make=stateful,
    ),
    Row(
        "another batch size than that of the states",
        lambda m: m.predict(X[:4], batch_size=2),
        ("carries the states of 3 samples", "expected 3, received 2", "reset_states()"),
        make=free_stateful,
    ),
    Row(
        "validation samples that do not divide",
        lambda m: m.fit(X, Y, shuffle=False, validation_data=(X[:3], Y[:3]), verbose=0),
        ("validation samples", "a multiple of validation_batch_size=2, received 3"),
        make=stateful,
    ),
    Row(
        "states of another width",
        lambda m: m.layers[0].set_states([np.zeros((2, 5)), np.zeros((2, 5))]),
        ("expected shape (2, 4), received (2, 5)",),
        make=stateful,
    ),
    Row(
        "one state of two",
        lambda m: m.layers[0].set_states([np.zeros((2, 4))]),
        ("expected 2 arrays, received 1",),
        make=stateful,
    ),
    Row(
        "states of too many layers",
        lambda m: m.set_states([[], []]),
        ("expected 1 lists, one per recurrent layer, received 2",),
        make=stateful,
    ),
    Row(
        "a row that is not there",
        lambda m: m.reset_states(rows=[3]),
        ("rows", "received 3"),
        make=free_stateful,
    ),
    Row(
        "a step of the wrong shape",
        lambda m: m.step(X),
        ("shape (sequences, 2), received (6, 3, 2)",),
    ),
    Row(
        "a step of all ids",
        lambda m: m.step(IDS),
        ("shape (sequences,) or (sequences, 1), received (6, 3). One step at a time: x[:, 0]",),
        make=words,
    ),
    Row(
        "a step of unknown ids",
        lambda m: m.step(IDS[:, 0] + 100),
        ("x: Embedding(input_dim=", "received 10"),
        make=words,
    ),
    Row(
        "a step of broken ids",
        lambda m: m.step(IDS[:, 0] + 0.5),
        ("x: expected whole numbers, received",),
        make=words,
    ),
    Row(
        "a step of NaN",
        lambda m: m.step(np.full((6, 2), np.nan)),
        ("x: expected finite numbers, received nan at x[0, 0]",),
    ),
    Row(
        "a step through a model without steps",
        lambda m: m.step(X[:, 0]),
        ("step: expected a model with input (samples, time steps, features)",),
        make=lambda: compiled(Sequential([Dense(C, input_shape=(F,))]), "mse"),
    ),
    Row("a step without a batch", lambda m: m.step(X[0, 0]), ("x.reshape(1, 2)",)),
    Row(
        "a step through a layer that needs the whole",
        lambda m: m.step(X[:, 0]),
        ("layer 'bidirectional' (Bidirectional) needs the whole sequence",),
        make=lambda: compiled(
            Sequential([Bidirectional(LSTM(4), input_shape=(T, F)), Dense(C)]), "mse"
        ),
    ),
    Row(
        "a mask of another shape",
        lambda m: m.layers[0](X, mask=np.ones((N, T + 1))),
        ("mask: expected one value per sample and time step, shape (6, 3), received (6, 4)",),
    ),
    Row(
        "an initial state of another batch",
        lambda m: m.layers[0](X, initial_state=[np.zeros((2, 4))] * 2),
        ("expected shape (6, 4), received (2, 4)",),
    ),
]

TABLE = [*DATA, *TARGETS, *IDENTIFIERS, *CALLS, *LAYERS, *WEIGHTS, *STATES]


def test_the_table_is_long_and_its_names_are_unique() -> None:
    assert len(TABLE) >= 60
    assert len({row.name for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_error(row: Row) -> None:
    model = row.make()
    before, states = snapshot(model)
    with pytest.raises((ValueError, TypeError)) as caught:
        row.act(model)
    message = str(caught.value)
    assert caught.type is row.error, message
    for words_of_message in row.words:
        assert words_of_message in message
    assert_same(before, states, model)
    assert_works(model)


def snapshot(model: Sequential) -> tuple[list[np.ndarray], list[Any]]:
    return model.get_weights(), model.get_states()


def assert_same(weights: list[np.ndarray], states: list[Any], model: Sequential) -> None:
    for was, now in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    for was, now in zip(states, model.get_states(), strict=True):
        np.testing.assert_array_equal(was, now)


def assert_works(model: Sequential) -> None:
    """It trains and predicts."""
    x = IDS if isinstance(model.layers[0], Embedding) else np.ones((N, *model.input_shape[1:]))
    model.reset_states()
    predicted = model.predict(x)
    assert np.isfinite(predicted).all()
    if model.optimizer is None:
        return
    classes = predicted.shape[-1]
    sparse = model.loss == "sparse_categorical_crossentropy"
    y = np.zeros(predicted.shape[:-1]) if sparse else np.eye(classes)[np.zeros(N, int)]
    if model.loss == "categorical_crossentropy" and classes == 1:
        return
    model.reset_states()
    history = model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


# ---- what cannot be changed ---------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["on_train_begin", "on_train_batch_end", "on_epoch_end"])
@pytest.mark.parametrize(
    ("verb", "change"),
    [
        ("add", lambda m: m.add(Dense(2))),
        ("pop", lambda m: m.pop()),
        ("build", lambda m: m.build((None, T, F))),
    ],
)
def test_the_structure_stays_during_fit(
    hook: str, verb: str, change: Callable[[Sequential], Any]
) -> None:
    model = classifier()
    names = [layer.name for layer in model.layers]
    messages = []

    def meddle(*_: Any) -> None:
        with pytest.raises(ValueError, match="is being trained") as caught:
            change(model)
        messages.append(str(caught.value))

    model.fit(X, Y, callbacks=[LambdaCallback(**{hook: meddle})], verbose=0)
    assert messages
    assert messages[0].startswith(f"{verb}: model 'sequential'")
    assert [layer.name for layer in model.layers] == names
    assert_works(model)
    change(model)


def test_the_structure_is_free_after_a_fit_that_failed() -> None:
    model = classifier()

    def fail(*_: Any) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        model.fit(X, Y, callbacks=[LambdaCallback(on_epoch_end=fail)], verbose=0)
    model.pop()
    model.add(Dense(2))


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: LSTM(4), "stateful", True),
        (lambda: LSTM(4), "units", 5),
        (lambda: GRU(4), "return_sequences", True),
        (lambda: SimpleRNN(4), "kernel_regularizer", None),
        (lambda: TimeDistributed(Dense(4)).layer, "activation", "relu"),
        (lambda: Dropout(0.5), "rate", 0.1),
        (lambda: Bidirectional(LSTM(4)), "stateful", True),
        (lambda: Bidirectional(LSTM(4)), "merge_mode", "sum"),
        (lambda: Bidirectional(LSTM(4)).forward_layer, "dropout", 0.1),
    ],
)
def test_options_stay_once_a_layer_is_built(make: Callable[[], Any], name: str, value: Any) -> None:
    layer = make()
    before = getattr(layer, name)
    setattr(layer, name, before)  # still free
    outer = layer.owner or layer
    outer(X)
    with pytest.raises(AttributeError, match=f"{name} cannot be changed .* Make a new") as caught:
        setattr(layer, name, value)
    assert f"{name}={value!r}" in str(caught.value)
    assert getattr(layer, name) == before
    layer.trainable = False
    layer.note = "mine"


# ---- models that wait for data -----------------------------------------------------------------


@pytest.mark.parametrize("verb", ["fit", "evaluate", "train_on_batch"])
@pytest.mark.parametrize(
    "first", [lambda: LSTM(4), lambda: Bidirectional(LSTM(4)), lambda: TimeDistributed(Dense(4))]
)
def test_wrong_data_do_not_fix_the_shape(verb: str, first: Callable[[], Any]) -> None:
    model = Sequential([first(), Flatten(), Dense(C, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    for x, y in ((X[..., :1], Y[:2]), (X[:, :2, :1], LABELS), (X[:, 0], Y)):
        with pytest.raises(ValueError, match="expect"):
            getattr(model, verb)(x, y)
        assert not model.built
        assert not any(layer.built for layer in model.layers)
    model.fit(X, Y, verbose=0)
    assert model.predict(X).shape == (N, C)


def test_wrong_data_leave_the_weights_of_a_layer_that_had_some() -> None:
    layer = LSTM(4)
    layer(X)
    weights = layer.get_weights()
    model = Sequential([layer, Dense(C)])
    model.compile(loss="mse", optimizer="adam")
    with pytest.raises(ValueError, match="one row per sample"):
        model.fit(X, Y[:2], verbose=0)
    for was, now in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


# ---- states that are refused -------------------------------------------------------------------


def test_a_layer_by_itself_keeps_its_states() -> None:
    layer = LSTM(4, stateful=True)
    layer(X)
    before = layer.get_states()
    for wrong in ([before[0]], [before[0], one_nan(N, 4)], [before[0], before[1][:2]]):
        with pytest.raises(ValueError, match="states"):
            layer.set_states(wrong)
        for was, now in zip(before, layer.get_states(), strict=True):
            np.testing.assert_array_equal(was, now)
    layer.set_states([state[:2] for state in before])
    assert layer(X[:2]).shape == (2, 4)


def test_initial_states_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match=r"states\[1\]: expected finite numbers"):
        LSTM(4)(X, initial_state=[np.zeros((N, 4), np.float32), one_nan(N, 4)])


# ---- files -------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    classifier().save(path)
    return path


def broken(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "empty"),
    "a few bytes": (lambda data: data[:5], "cut off after a few bytes"),
    "cut off in the header": (lambda data: data[:200], "damaged, cut off"),
    "cut off in the numbers": (lambda data: data[:-7], "damaged, cut off"),
    "a flipped weight": (lambda data: flip(data, len(data) - 9), "checksum"),
    "a changed setting": (lambda data: data.replace(b"tanh", b"relu"), "checksum"),
    "an HDF5 file": (lambda data: b"\x89HDF\r\n\x1a\n" + data, "an HDF5 file"),
    "a zip archive": (lambda data: b"PK\x03\x04" + b"\xff" * 4 + data, "a zip archive"),
    "a pickle": (lambda data: b"\x80\x05\x95" + b"\xff" * 5 + data, "a pickle"),
    "a text": (lambda data: b"hello, this is no model at all", "no safetensors file"),
    "zeros": (lambda data: b"\0" * 500, "damaged, cut off"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_error(saved: Path, name: str) -> None:
    change, words_of_message = FILES[name]
    broken(saved, change)
    model = classifier()
    before = snapshot(model)
    for act in (lambda: load_model(saved), lambda: model.load_weights(saved)):
        with pytest.raises(ValueError, match=words_of_message) as caught:
            act()
        assert str(saved) in str(caught.value)
    assert_same(*before, model)
    assert_works(model)


@pytest.mark.parametrize("place", [8, 20, 100, 400])
def test_flipped_header_is_an_error(saved: Path, place: int) -> None:
    broken(saved, lambda data: flip(data, place))
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        load_model(saved)


def test_foreign_safetensors_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "foreign.safetensors"
    save_file({"weight": np.zeros((2, 2), np.float32)}, path)
    with pytest.raises(ValueError, match="not a model that echocell saved"):
        load_model(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none")


def test_weights_of_another_model(saved: Path) -> None:
    model = regressor()
    before = snapshot(model)
    with pytest.raises(ValueError, match=r"dense.*expected shape \(4, 1\), received \(4, 3\)"):
        model.load_weights(saved)
    assert_same(*before, model)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    classifier().save_weights(path)
    with pytest.raises(ValueError, match="holds weights alone"):
        load_model(path)


def test_saving_an_unbuilt_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not built yet"):
        Sequential([LSTM(3)]).save(tmp_path / "model")
    assert not any(tmp_path.iterdir())


def test_metadata_that_is_not_plain(tmp_path: Path) -> None:
    model = classifier()
    model.metadata["scaler"] = object()
    with pytest.raises(ValueError, match=r"plain values.*model\.metadata"):
        model.save(tmp_path / "model")
    assert not any(tmp_path.iterdir())
