"""Inputs that do not fit, and models that wait for data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    LSTM,
    Bidirectional,
    Dense,
    Flatten,
    TimeDistributed,
)
from echocell.models import Sequential
from support.mistakes import (
    LABELS,
    C,
    F,
    N,
    Row,
    T,
    X,
    Y,
    check,
    mistakes,
    regressor,
    with_value,
)

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


@mistakes(DATA)
def test_error(row: Row) -> None:
    check(row)


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
