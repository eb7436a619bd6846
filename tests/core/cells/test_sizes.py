"""Sizes on both sides of every vector width, arrays of any memory layout, and invalid sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Flatten,
    Layer,
    RepeatVector,
    Reshape,
    SimpleRNN,
)
from echocell.models import Sequential
from support import reference as ref
from support import tools
from support.examples import examples
from support.layer_problems import check_forward, check_gradients, draw_problem

SIZES = [1, 3, 15, 17, 31, 33, 63, 65, 127]
CELLS: dict[str, Callable[[int], ref.Cell]] = {
    "lstm": lambda units: ref.LSTM(units=units),
    "lstm peephole": lambda units: ref.LSTM(units=units, peephole=True),
    "lstm of 1997": lambda units: ref.LSTM(units=units, gates="io"),
    "lstm coupled": lambda units: ref.LSTM(units=units, gates="io", coupled=True),
    "gru": lambda units: ref.GRU(units=units),
    "gru reset before": lambda units: ref.GRU(units=units, reset_after=False),
    "simple rnn": lambda units: ref.SimpleRNN(units=units),
}


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("units", SIZES)
@examples(3)
@given(data=st.data())
def test_odd_sizes(units: int, cell: str, dtype: str, data: st.DataObject) -> None:
    """Outputs, states and all gradients."""
    features, batch = (data.draw(st.sampled_from(SIZES)) for _ in range(2))
    steps = st.integers(1, 3)
    made = CELLS[cell](units)
    problem = draw_problem(data.draw, made, steps, dtype, features=features, batch=batch)
    check_forward(problem)
    check_gradients(problem)


# ---- memory layouts ----------------------------------------------------------------------------


def misaligned(array: np.ndarray) -> np.ndarray:
    """Returns a copy at an address that is not a multiple of the item size."""
    copy = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def one_number_on(array: np.ndarray) -> np.ndarray:
    """Returns a copy that is aligned for its numbers, but not for vectors."""
    copy = np.empty(array.size + 1, array.dtype)[1:].reshape(array.shape)
    copy[...] = array
    return copy


def every_second(array: np.ndarray) -> np.ndarray:
    """Returns every second number along each axis of a larger array; the others are NaN."""
    wide = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    view = wide[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def backwards(array: np.ndarray) -> np.ndarray:
    """Negative strides along all axes."""
    return np.flip(np.flip(array).copy())


def turned(array: np.ndarray) -> np.ndarray:
    """Batch last, features first."""
    return array.T.copy().T


def spread(array: np.ndarray) -> np.ndarray:
    """A row that is broadcast with a stride of 0 gives the same results as its copies."""
    return np.broadcast_to(array[:1], array.shape)


LAYOUTS = [misaligned, one_number_on, every_second, backwards, turned, spread]
LAYERS: dict[str, Callable[[], Layer]] = {
    "lstm": lambda: LSTM(17, stateful=True),
    "lstm peephole": lambda: LSTM(17, peephole=True, stateful=True),
    "gru": lambda: GRU(17, stateful=True),
    "gru reset before": lambda: GRU(17, reset_after=False, stateful=True),
    "simple rnn": lambda: SimpleRNN(17, stateful=True),
    "bidirectional": lambda: Bidirectional(LSTM(9)),
}


def results(layer: str, dtype: str, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> list[Any]:
    """Returns the results of all calls that take arrays, with the same weights."""
    np.random.seed(5)
    model = Sequential([LAYERS[layer](), Dense(3)], dtype=dtype)
    model.build((len(x), *x.shape[1:]))
    model.compile("adam", "mse")
    rows = {"batch_size": len(x), "verbose": 0}
    history = model.fit(x, y, epochs=2, sample_weight=weight, shuffle=False, **rows)
    found = [history.history["loss"], model.predict(x, **rows)]
    found += [model.evaluate(x, y, sample_weight=weight, **rows), model.train_on_batch(x, y)]
    found += [model.predict_on_batch(x), model.test_on_batch(x, y)]
    if layer != "bidirectional":
        model.reset_states()
        found += [model.step(x[:, 0]), model.step(x[:, 1]), *model.layers[0].get_states()]
        model.layers[0].set_states([np.flip(s) for s in model.layers[0].get_states()])
        found += [model.step(x[:, 2])]
    model.set_weights([np.flip(w) for w in model.get_weights()])
    return [*found, *model.get_weights(), model.predict(x, **rows)]


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_how_an_array_lies_in_memory_changes_no_bit(
    layout: Callable[[np.ndarray], np.ndarray], layer: str, dtype: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal((5, 3, 7)).astype(dtype), rng.standard_normal((5, 3)), np.ones(5)]
    arrays = [np.asarray(array, dtype) for array in arrays]
    laid = [layout(array) for array in arrays]
    before = [array.copy() for array in laid]
    found = results(layer, dtype, *laid)
    expected = results(layer, dtype, *[np.array(array, order="C") for array in before])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    for array, was in zip(laid, before, strict=True):
        np.testing.assert_array_equal(array, was, err_msg="the caller's array has changed")


def test_steps_from_rows_of_a_longer_array() -> None:
    np.random.seed(5)
    model = Sequential([LSTM(5, input_shape=(None, 3))])
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    steps = [model.step(x[t : t + 1]) for t in range(4)]
    tools.assert_close(steps[-1], model.predict(x[None], verbose=0), "float32")


# ---- extreme sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Reshape((2**32, 2**32, -1), input_shape=(4,))],
        lambda: [Dense(4, input_shape=(2,)), RepeatVector(2**62), Flatten()],
        lambda: [Dense(4, input_shape=(2,)), RepeatVector(2**61), Flatten()],
        lambda: [Dense(2**40, input_shape=(2,))],
        lambda: [LSTM(2**31, input_shape=(2, 3))],
        lambda: [LSTM(2**62, input_shape=(2, 3))],
        lambda: [GRU(2**31, input_shape=(2, 3))],
    ],
    ids=["reshape", "repeat", "repeat-negative", "dense", "lstm", "lstm-wrapped", "gru"],
)
def test_a_size_beyond_reason_is_a_value_error(layers: Callable[[], list[Layer]]) -> None:
    with pytest.raises(ValueError, match=r"too large|expected 1 to"):
        Sequential(layers()).build()
