"""All tasks of Hochreiter and Schmidhuber (1997), and tasks 2, property by property.

Targets are worked out again from the sequences; the seeds are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.tasks import adding, long_lag, memory, temporal_order, two_sequence
from support.statistics import (
    SEEDS,
    assert_counts,
    assert_even,
    one_hot_ids,
    rng,
)

RAGGED: dict[str, Callable[..., Any]] = {
    "2c": lambda count, rng: long_lag.generate_2c(count, 20, 30, rng),
    "2c one-hot": lambda count, rng: long_lag.generate_2c(count, 20, 30, rng, one_hot=True),
    "3a": lambda count, rng: two_sequence.generate_3a(count, rng=rng),
    "3b": lambda count, rng: two_sequence.generate_3b(count, rng=rng),
    "3c": lambda count, rng: two_sequence.generate_3c(count, rng=rng),
    "4": lambda count, rng: adding.generate_adding(count, rng=rng),
    "5": lambda count, rng: adding.generate_multiplication(count, rng=rng),
    "6a": temporal_order.generate_6a,
    "6b": temporal_order.generate_6b,
}
REGULAR: dict[str, Callable[..., Any]] = {
    "2a": lambda count, rng: long_lag.generate_2a(count, 10, rng),
    "2b": lambda count, rng: long_lag.generate_2b(count, 10, rng),
    "adding benchmark": lambda count, rng: adding.generate_adding_benchmark(count, rng=rng),
}
ALL = {**RAGGED, **REGULAR}


# -- every task


@pytest.mark.parametrize("name", ALL)
def test_the_same_rng_gives_the_same_data(name: str) -> None:
    first, second, other = (ALL[name](30, rng(seed)) for seed in (3, 3, 4))
    assert len(first[0]) == len(first[1]) == 30
    for a, b in zip(first[0], second[0], strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(first[1], second[1])
    assert not all(np.array_equal(a, b) for a, b in zip(first[0], other[0], strict=True))


@pytest.mark.parametrize("name", ALL)
def test_without_rng_numpys_seed_repeats_the_data(name: str) -> None:
    np.random.seed(9)
    first, second = ALL[name](20, None), ALL[name](20, None)
    np.random.seed(9)
    again = ALL[name](20, None)
    assert all(np.array_equal(a, b) for a, b in zip(first[0], again[0], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first[0], second[0], strict=True))


@pytest.mark.parametrize("name", ALL)
def test_data_are_float32_and_ids_int64(name: str) -> None:
    x, y = ALL[name](5, rng())
    assert isinstance(x, list) == (name in RAGGED)
    assert y.dtype == np.float32
    for row in x:
        assert row.dtype == (np.int64 if name == "2c" else np.float32)
        assert row.flags.c_contiguous


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("count", [0, -1])
def test_empty_data_are_refused(name: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"count: expected at least 1, received {count}"):
        ALL[name](count, rng())


# -- 2a, 2b: long lag


@given(SEEDS, st.integers(1, 20), st.integers(2, 30))
def test_2a_sequences(seed: int, count: int, p: int) -> None:
    ids = long_lag.sequences_2a(count, p, rng(seed))
    assert ids.dtype == np.int64
    middle = list(range(p - 1))
    x, y = p - 1, p
    assert {tuple(row) for row in ids.tolist()} <= {(x, *middle, x), (y, *middle, y)}
    one_hot, targets = long_lag.generate_2a(count, p, rng(seed))
    assert one_hot.shape == targets.shape == (count, p, p + 1)
    assert np.array_equal(one_hot_ids(one_hot), ids[:, :-1])
    assert np.array_equal(one_hot_ids(targets), ids[:, 1:])


def test_2a_with_p_4_is_the_memory_task() -> None:
    drawn = {tuple(row) for row in long_lag.sequences_2a(50, 4, rng()).tolist()}
    assert drawn == set(memory.SEQUENCES)


@given(SEEDS, st.integers(1, 20), st.integers(2, 30))
def test_2b_sequences(seed: int, count: int, p: int) -> None:
    ids = long_lag.sequences_2b(count, p, rng(seed))
    assert ids.shape == (count, p + 1)
    assert ids.dtype == np.int64
    assert set(ids[:, 0]) <= {p - 1, p}
    assert np.array_equal(ids[:, 0], ids[:, -1])
    assert ids[:, 1:-1].min() >= 0
    assert ids[:, 1:-1].max() <= p - 2
    one_hot, targets = long_lag.generate_2b(count, p, rng(seed))
    assert one_hot.shape == targets.shape == (count, p, p + 1)
    assert np.array_equal(one_hot_ids(one_hot), ids[:, :-1])
    assert np.array_equal(one_hot_ids(targets), ids[:, 1:])


@pytest.mark.parametrize("sequences", [long_lag.sequences_2a, long_lag.sequences_2b])
def test_2a_2b_begin_with_x_and_y_equally_often(sequences: Callable[..., np.ndarray]) -> None:
    assert_even(sequences(10_000, 100, rng(1))[:, 0], 99, 100)


def test_2b_middles_are_uniform_and_independent_of_the_ends() -> None:
    ids = long_lag.sequences_2b(2000, 100, rng(2))
    for end in (99, 100):
        assert_even(ids[ids[:, 0] == end, 1:-1].ravel(), 0, 98)
    # The next symbol does not depend on the last: by one even difference modulo 99.
    assert_even((np.diff(ids[:, 1:-1], axis=1) % 99).ravel(), 0, 98)


@pytest.mark.parametrize("task", ["2a", "2b"])
def test_2a_2b_refuse_invalid_arguments(task: str) -> None:
    with pytest.raises(ValueError, match="p: expected at least 2, received 1"):
        getattr(long_lag, f"generate_{task}")(1, 1)
    with pytest.raises(ValueError, match=r"shape \[N, p \+ 1\], .* received shape \(4,\)"):
        long_lag.to_pairs([3, 0, 1, 3])
    with pytest.raises(ValueError, match=r"expected values 0\.\.3, received 4"):
        long_lag.to_pairs([[3, 0, 1, 4]])


# -- 2c: very long lags


@given(SEEDS, st.integers(1, 20), st.integers(1, 40), st.integers(1, 40))
def test_2c_sequences(seed: int, count: int, q: int, p: int) -> None:
    x, y = long_lag.generate_2c(count, q, p, rng(seed))
    encoded, same = long_lag.generate_2c(count, q, p, rng(seed), one_hot=True)
    e, b, name_x, name_y = p, p + 1, p + 2, p + 3
    assert y.shape == (count, 2)
    assert np.array_equal(y, same)
    for ids, rows, target in zip(x, encoded, y, strict=True):
        assert rows.shape == (len(ids), p + 4)
        assert np.array_equal(one_hot_ids(rows), ids)
        assert len(ids) >= q + 3
        assert ids[0] == b
        assert ids[-1] == e
        assert target.tolist() == {name_x: [1, 0], name_y: [0, 1]}[int(ids[1])]
        assert ids[2:-1].min() >= 0
        assert ids[2:-1].max() < p


@pytest.mark.parametrize(("q", "p"), [(30, 50), (60, 50)])
def test_2c_statistics(q: int, p: int) -> None:
    x, y = long_lag.generate_2c(5000, q, p, rng(3))
    extra = np.array([len(ids) for ids in x]) - (q + 3)
    # Geometric: P(k) = 1/10 (9/10)^k, mean 9, variance 90.
    assert abs(extra.mean() - 9) < 4 * math.sqrt(90 / 5000)
    counts = np.bincount(np.minimum(extra, 10), minlength=11)
    expected = 5000 * np.array([*(0.1 * 0.9 ** np.arange(10)), 0.9**10])
    assert_counts(counts, expected)
    assert_even(y.argmax(axis=1), 0, 1)
    # All p symbols, where p > q too.
    assert_even(np.concatenate([ids[2:-1] for ids in x]), 0, p - 1)


def test_2c_refuses_invalid_arguments() -> None:
    with pytest.raises(ValueError, match="generate_2c: q: expected at least 1, received 0"):
        long_lag.generate_2c(1, 0, 5)
    with pytest.raises(ValueError, match="generate_2c: p: expected at least 1, received 0"):
        long_lag.generate_2c(1, 5, 0)
