"""Targets in the shape of the model's own output, and [y] for y, are accepted by every call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import LSTM, Dense, Embedding, Input, RepeatVector, Reshape
from echocell.models import Sequential

F = 4


def calls(model: Sequential, x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """Every call that takes targets; those from "fit, large" on do not take the fast path."""
    rows = len(x[0]) if isinstance(x, list) else len(x)
    return {
        "fit": lambda: model.fit(x, y, verbose=0).history["loss"][0],
        "fit, large": lambda: model.fit(x, y, verbose=2, epochs=1).history["loss"][0],
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "validation": lambda: model.fit(x, y, verbose=0, validation_data=(x, y)).history,
        "train_on_batch": lambda: model.train_on_batch(x, y),
        "test_on_batch": lambda: model.test_on_batch(x, y),
        "gradients": lambda: model.gradients(x, y),
        "weighted": lambda: model.fit(x, y, verbose=0, sample_weight=np.ones(rows)),
    }


@given(
    rows=st.integers(1, 5),
    steps=st.integers(1, 4).map(lambda k: 2 * k),
    width=st.sampled_from([1, 2, 3, 6]),
    outputs=st.integers(1, 3),
    sparse=st.booleans(),
)
def test_behind_a_reshape_of_an_open_time_axis(
    rows: int, steps: int, width: int, outputs: int, sparse: bool
) -> None:
    """The output's steps differ from the input's: [N, T, 6] -> [N, 6 T / k, k]."""
    layers = [LSTM(6, return_sequences=True), Reshape((-1, width)), Dense(outputs)]
    model = Sequential([Input((None, F)), *layers])
    sparse = sparse and outputs > 1
    model.compile("sgd", "sparse_categorical_crossentropy" if sparse else "mse")
    x = np.random.default_rng(3).normal(size=(rows, steps, F))
    y = model.predict(x)
    assert y.shape == (rows, 6 * steps // width, outputs)
    if sparse:
        y = y.argmax(axis=-1)
    for call in calls(model, x, y).values():
        call()
    weights = np.ones(y.shape[:2])
    model.fit(x, y, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match="y: expected"):
        model.evaluate(x, y[:, 1:], verbose=0)
    if y.shape[1] != steps:
        with pytest.raises(ValueError, match="sample_weight: expected"):
            model.fit(x, y, sample_weight=np.ones((rows, steps)), verbose=0)


def test_steps_that_a_reshape_cannot_take() -> None:
    model = Sequential([Input((None, 3)), Reshape((-1, 2))])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Reshape: expected an input that fits"):
        model.evaluate(np.ones((2, 3, 3)), np.ones((2, 4, 2)), verbose=0)


MODELS: dict[str, tuple[list[Any], str, tuple[int, ...], tuple[int, ...]]] = {
    "one number": ([Input((2,)), Dense(1)], "mse", (2,), (1,)),
    "three numbers": ([Input((2,)), Dense(3)], "mse", (2,), (3,)),
    "steps": ([Input((None, 2)), LSTM(3, return_sequences=True)], "mse", (4, 2), (4, 3)),
    "one step": ([Input((2,)), RepeatVector(1), Dense(1)], "mse", (2,), (1, 1)),
    "classes": ([Input((2,)), Dense(3, "softmax")], "sparse_categorical_crossentropy", (2,), ()),
    "ids": ([Input((4,)), Embedding(5, 2), LSTM(1)], "mse", (4,), (1,)),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_list_of_one_array_is_that_array(kind: str, rows: int) -> None:
    layers, loss, sample, target = MODELS[kind]
    rng = np.random.default_rng(4)
    x = rng.integers(0, 3, size=(rows, *sample)).astype("f4")
    y = rng.integers(0, 3, size=(rows, *target)).astype("f4")
    results = []
    for wrapped in (False, True):
        np.random.seed(1)
        model = Sequential([type(k).from_config(k.get_config()) for k in layers])
        model.compile("sgd", loss)
        given_x, given_y = ([x], [y]) if wrapped else (x, y)
        results.append([call() for call in calls(model, given_x, given_y).values()])
        results[-1].append(model.get_weights())
    np.testing.assert_equal(_plain(results[0]), _plain(results[1]))


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("per_step", [True, False])
def test_weights_in_a_list(rows: int, per_step: bool) -> None:
    model = Sequential([Input((None, 2)), LSTM(3, return_sequences=per_step)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(5).normal(size=(rows, 4, 2))
    weights = np.arange(1.0, rows + 1)
    y = np.zeros_like(model.predict(x))
    expected = model.evaluate(x, y, sample_weight=weights, verbose=0)
    assert model.evaluate(x, y, sample_weight=[weights], verbose=0) == expected
    if per_step:
        by_step = np.arange(4.0 * rows).reshape(rows, 4)
        expected = model.evaluate(x, y, sample_weight=by_step, verbose=0)
        assert model.evaluate(x, y, sample_weight=[by_step], verbose=0) == expected


def test_a_list_of_one_row_is_still_a_row() -> None:
    model = Sequential([Input((2,)), Dense(3)])
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones((1, 2)), [np.zeros(3)], verbose=0) >= 0
    with pytest.raises(ValueError, match="y: expected"):
        model.evaluate(np.ones((2, 2)), [np.zeros(3)], verbose=0)


def _plain(value: Any) -> Any:
    return (
        value.history
        if hasattr(value, "history")
        else ([_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value)
    )
