"""model.step: single time steps give the results of whole sequences.

B batch, T time steps, F features, H outputs, V ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echocell.layers import GRU, LSTM, Dense, Embedding, Masking, SimpleRNN
from echocell.models import Sequential

Array = NDArray[Any]

B, T, F, V = 3, 6, 5, 7
X = np.random.default_rng(1).normal(size=(B, T, F)).astype(np.float32)
IDS = np.random.default_rng(2).integers(0, V, (B, T))
CELLS = [LSTM, GRU, SimpleRNN]


def streamed(model: Sequential, x: Array) -> Array:
    """Returns the outputs of all steps [B, T, H], one call each, from reset states."""
    model.reset_states()
    outputs = [model.step(x[:, t]) for t in range(x.shape[1])]
    model.reset_states()
    return np.stack(outputs, axis=1)


def assert_last_ulp(a: Array, b: Array) -> None:
    """Products of one row and of many rows sum in different orders."""
    np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-7)


def words(cell: Callable[..., Any] = LSTM, **options: Any) -> Sequential:
    return Sequential(
        [
            Embedding(V, 4, **options),
            cell(9, return_sequences=True),
            cell(5, return_sequences=True),
            Dense(3, activation="softmax"),
        ]
    )


# ---- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_ids_step_by_step(cell: Callable[..., Any]) -> None:
    model = words(cell, input_length=T)
    assert_last_ulp(streamed(model, IDS), model.predict(IDS))


def test_ids_as_a_column_and_in_any_dtype() -> None:
    model = words()
    model.build((None, None))
    expected = streamed(model, IDS)
    for dtype in (np.int64, np.int32, np.uint8, np.int16, np.float64, np.float32):
        np.testing.assert_array_equal(streamed(model, IDS.astype(dtype)), expected)
        np.testing.assert_array_equal(streamed(model, IDS[:, :, None].astype(dtype)), expected)
    np.testing.assert_array_equal(streamed(model, np.asfortranarray(IDS)), expected)
    assert model.step(IDS[:, 0].tolist()).shape == (B, 3)


def test_the_last_output_of_ids() -> None:
    model = Sequential([Embedding(V, 4), LSTM(9), Dense(2)])
    model.build((None, None))
    outputs = streamed(model, IDS)
    for t in range(T):
        assert_last_ulp(outputs[:, t], model.predict(IDS[:, : t + 1]))


def test_wrong_ids_leave_the_states() -> None:
    model = words()
    model.build((None, None))
    model.step(IDS[:, 0])
    before = model.get_states()
    for wrong in (np.full(B, V), np.full(B, -1), np.full(B, 0.5), IDS[:2, 0], IDS):
        with pytest.raises(ValueError, match=r"expected|takes"):
            model.step(wrong)
    for a, b in zip(before, model.get_states(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- masks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sequences", [False, True])
def test_a_masked_step_repeats_the_output(cell: Callable[..., Any], sequences: bool) -> None:
    ids = IDS.copy()
    ids[0, :2] = ids[1, 3:] = 0
    model = Sequential([Embedding(V, 4, mask_zero=True), cell(9, return_sequences=True), cell(5)])
    if sequences:
        model = words(cell, mask_zero=True)
    model.build((None, None))
    outputs = streamed(model, ids)
    if sequences:
        assert_last_ulp(outputs, model.predict(ids))
    else:
        assert_last_ulp(outputs[:, -1], model.predict(ids))


def test_masking_of_numbers() -> None:
    x = X.copy()
    x[1, 2:4] = 0
    model = Sequential([Masking(input_shape=(None, F)), LSTM(9, return_sequences=True)])
    assert_last_ulp(streamed(model, x), model.predict(x))


# ---- numbers -----------------------------------------------------------------------------------


@given(
    batch=st.integers(1, 40),
    features=st.integers(1, 35),
    units=st.integers(1, 70),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**16),
)
def test_steps_are_the_sequence(
    batch: int, features: int, units: int, dtype: str, seed: int
) -> None:
    np.random.seed(seed)
    model = Sequential(
        [LSTM(units, return_sequences=True, input_shape=(None, features)), Dense(2)], dtype=dtype
    )
    x = np.random.default_rng(seed).normal(size=(batch, 3, features))
    assert_last_ulp(streamed(model, x), model.predict(x))


def test_any_array_will_do() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F))])
    expected = streamed(model, X)
    big_endian = X.astype(">f4")
    for x in (X.astype(np.float64), big_endian, np.asfortranarray(X), X[:, :, ::-1][:, :, ::-1]):
        np.testing.assert_array_equal(streamed(model, x), expected)
    whole = np.arange(B * T * F).reshape(B, T, F) % 3
    expected = streamed(model, whole)
    for dtype in (np.int8, np.uint8, np.int32, np.float16, np.float32, np.longdouble):
        np.testing.assert_array_equal(streamed(model, whole.astype(dtype)), expected)
    misaligned = np.frombuffer(b"-" + X.tobytes(), np.uint8)[1:].view(np.float32).reshape(X.shape)
    np.testing.assert_array_equal(streamed(model, misaligned), streamed(model, X))


def test_an_output_is_the_callers() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F))])
    first = model.step(X[:, 0])
    kept = first.copy()
    model.step(X[:, 1])
    np.testing.assert_array_equal(first, kept)


def test_what_happens_between_steps_takes_effect() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F)), Dense(2)])
    twin = Sequential([LSTM(4, input_shape=(None, F)), Dense(2)])
    model.compile("sgd", "mse")
    expected = model.step(X[:, 0])
    model.step(X[:, 1])
    model.set_states([[np.zeros((B, 4)), np.zeros((B, 4))]])
    np.testing.assert_array_equal(model.step(X[:, 0]), expected)
    states = model.get_states()
    model.train_on_batch(X, np.ones((B, 2)))
    twin.set_weights(model.get_weights())
    twin.set_states(states)
    np.testing.assert_array_equal(model.step(X[:, 1]), twin.step(X[:, 1]))
    model.reset_states()
    assert model.step(X[:1, 0]).shape == (1, 2)
    model.pop()
    assert model.step(X[:, 0]).shape == (B, 4)


def test_wrong_numbers_leave_the_states() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F))])
    model.step(X[:, 0])
    before = model.get_states()
    nan, infinite = X[:, 0].copy(), X[:, 0].astype(np.float64)
    nan[1, 2], infinite[0, 1] = np.nan, 1e300
    for wrong in (nan, infinite, X[:2, 0], X, X[0, 0], X[:, 0, :2], X[:0, 0]):
        with pytest.raises(ValueError, match=r"expected|too large"):
            model.step(wrong)
    for nothing in (None, "x", X[:, 0].astype(complex), np.ma.masked_array(X[:, 0])):
        with pytest.raises(TypeError):
            model.step(nothing)
    np.testing.assert_array_equal(model.get_states()[0], before[0])
    assert model.step(X[:, 1]).shape == (B, 4)


def test_a_long_step_is_a_step() -> None:
    """Too large for the fast path: the GIL is released."""
    x = np.random.default_rng(1).normal(size=(40, 2, 200)).astype(np.float32)
    model = Sequential([LSTM(200, return_sequences=True, input_shape=(None, 200))])
    assert_last_ulp(streamed(model, x), model.predict(x))
