"""Common mistakes and their messages; the model still works after each error.

A row is an action and its expected outcome: the type of the error, and words of its message, which
says what was expected, what was received and how to correct it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    LSTM,
    Dense,
    Embedding,
    TimeDistributed,
)
from echocell.models import Sequential

N, T, F, C = 6, 3, 2, 3


def classifier() -> Sequential:
    model = Sequential([LSTM(4, input_shape=(T, F)), Dense(C, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def tagger() -> Sequential:
    """Returns one class number per time step."""
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
    """Returns a stateful model without a fixed batch size that carries the states of 3 samples."""
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
    """Returns data in the model's dtype, which need no conversion but must still be checked."""
    return with_value(np.zeros(shape, np.float32), tuple(k - 1 for k in shape), np.nan)


@dataclass(frozen=True)
class Row:
    """One mistake. make: makes the model. act: the action. error, words: the expected outcome."""

    name: str
    act: Callable[[Sequential], Any]
    words: tuple[str, ...]
    error: type[Exception] = ValueError
    make: Callable[[], Sequential] = classifier


def compiled(model: Sequential, loss: str) -> Sequential:
    model.compile(loss=loss, optimizer="adam")
    return model


def mistakes(*tables: Sequence[Row]) -> pytest.MarkDecorator:
    """Parametrizes a test with the rows of these tables, whose names differ."""
    rows = [row for table in tables for row in table]
    assert len({row.name for row in rows}) == len(rows)
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def check(row: Row) -> None:
    """Performs the action of the row, and checks the error and the model."""
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
    """Checks that the model trains and predicts."""
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
