"""The generators of the exercises, against their definitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echocell.tasks import lag, lag_rows, memory, middles
from support.symbols import CHI_7, SEEDS, chi_squared, decoded, is_one_hot

# -- lag


@given(SEEDS, st.integers(1, 10), st.integers(1, 30))
def test_lag_pairs_of_any_depth(seed: int, depth: int, samples: int) -> None:
    length = depth + samples
    sequence = lag.generate_sequence(length, 100, np.random.default_rng(seed))
    x, y = lag.to_pairs(sequence, depth=depth)
    assert (x.shape, y.shape) == ((samples, 1, 100), (samples, 100))
    assert decoded(x[:, 0]) == [sequence[t] for t in range(depth, length)]
    assert decoded(y) == [sequence[t - depth] for t in range(depth, length)]
    again = lag.generate_pairs(length, 100, np.random.default_rng(seed), depth=depth)
    assert np.array_equal(again[0], x)
    assert np.array_equal(again[1], y)


@given(SEEDS, st.integers(2, 12), st.integers(2, 30), st.sampled_from([-1.0, 2.0, -0.5]))
def test_lag_rows_with_missing_steps(seed: int, steps: int, length: int, mask_value: float) -> None:
    sequence = lag.generate_sequence(length, 20, np.random.default_rng(seed))
    (x,), (y,) = lag_rows.to_rows([sequence], 20, steps, missing=mask_value)
    assert (x.shape, y.shape) == ((length - 1, steps, 20), (length - 1, 20))
    assert x.dtype == y.dtype == np.float32
    for t in range(1, length):
        for k in range(steps):
            place = t - steps + 1 + k
            if place < 0:
                assert (x[t - 1, k] == mask_value).all()
            else:
                assert decoded(x[t - 1, k]) == sequence[place]
                assert is_one_hot(x[t - 1, k])
        assert decoded(y[t - 1]) == sequence[t - 1]
    if length > steps:
        whole = lag.to_windows(sequence, 20, steps)
        assert np.array_equal(x[steps - 1 :], whole[0])
        assert np.array_equal(y[steps - 1 :], whole[1])


@given(SEEDS, st.integers(2, 30))
def test_lag_whole_contains_the_sequence_so_far(seed: int, length: int) -> None:
    sequence = lag.generate_sequence(length, 20, np.random.default_rng(seed))
    (x,), (y,) = lag_rows.to_rows([sequence], 20, length, missing=lag_rows.MASK_VALUE)
    assert (x.shape, y.shape) == ((length - 1, length, 20), (length - 1, 20))
    for t in range(1, length):
        missing = length - 1 - t
        assert (x[t - 1, :missing] == lag_rows.MASK_VALUE).all()
        assert decoded(x[t - 1, missing:]) == sequence[: t + 1].tolist()
        assert decoded(y[t - 1]) == sequence[t - 1]
    assert lag_rows.MASK_VALUE == -1


@given(SEEDS, st.integers(1, 10), st.integers(1, 20), st.integers(1, 4))
def test_lagged_sequences(seed: int, depth: int, answers: int, count: int) -> None:
    length = depth + answers
    x, y, weights = lag.generate_lagged(count, length, 30, np.random.default_rng(seed), depth=depth)
    assert x.shape == y.shape == (count, length, 30)
    assert weights.shape == (count, length)
    assert x.dtype == y.dtype == weights.dtype == np.float32
    assert is_one_hot(x)
    assert is_one_hot(y[:, depth:])
    assert decoded(y[:, depth:]) == decoded(x[:, :answers])
    assert not y[:, :depth].any()
    assert weights.tolist() == [[0.0] * depth + [1.0] * answers] * count
    one = lag.to_lagged(decoded(x[0]), 30, depth=depth)
    for single, many in zip(one, (x, y, weights), strict=True):
        assert np.array_equal(single[0], many[0])


# -- memory


@given(SEEDS, st.integers(1, 20), st.integers(3, 9))
def test_random_middles_lie_between_two_equal_ends(seed: int, middle: int, n_values: int) -> None:
    sequences = middles.random_sequences(7, middle, n_values, np.random.default_rng(seed))
    assert sequences.shape == (7, middle + 2)
    assert sequences.dtype == np.int64
    assert np.array_equal(sequences[:, 0], sequences[:, -1])
    assert set(sequences[:, 0]) <= {n_values - 2, n_values - 1}
    assert sequences[:, 1:-1].min() >= 0
    assert sequences[:, 1:-1].max() < n_values - 2


def test_random_middles_are_uniform_and_drawn_anew() -> None:
    rng = np.random.default_rng(0)
    train, test = (middles.random_sequences(1000, 10, 10, rng) for _ in range(2))
    assert chi_squared(train[:, 1:-1], 8) < CHI_7
    assert abs((train[:, 0] == 8).sum() - 500) < 4 * 250**0.5
    assert not {tuple(row) for row in train[:, 1:-1]} & {tuple(row) for row in test[:, 1:-1]}


@given(SEEDS, st.integers(1, 5), st.integers(1, 9))
def test_memory_step_targets_are_the_next_values(seed: int, count: int, middle: int) -> None:
    n_values = 5
    sequences = middles.random_sequences(count, middle, n_values, np.random.default_rng(seed))
    x, y = memory.to_steps(sequences, n_values)
    assert x.shape == y.shape == (count, middle + 1, n_values)
    assert is_one_hot(x)
    assert is_one_hot(y)
    assert decoded(x) == sequences[:, :-1].tolist()
    assert decoded(y) == sequences[:, 1:].tolist()
    pairs = memory.to_pairs(sequences[0], n_values)
    assert np.array_equal(pairs[0][:, 0], x[0])
    assert np.array_equal(pairs[1], y[0])
