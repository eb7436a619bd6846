"""Tasks 3 to 6 of Hochreiter and Schmidhuber (1997), property by property from their definitions.

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

from echocell.tasks import adding, temporal_order, two_sequence
from support.statistics import (
    SEEDS,
    assert_counts,
    assert_even,
    assert_normal,
    assert_uniform,
    one_hot_ids,
    rng,
)

# -- 3: two sequences

TWO = {
    "3a": two_sequence.generate_3a,
    "3b": two_sequence.generate_3b,
    "3c": two_sequence.generate_3c,
}


@given(SEEDS, st.sampled_from(sorted(TWO)), st.integers(1, 60), st.data())
def test_3_shapes(seed: int, task: str, length: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, length))
    x, y = TWO[task](7, length, first, rng(seed))
    assert y.shape == (7, 1)
    for row in x:
        assert length <= len(row) <= length + length // 10
        assert row.shape[1:] == (1,)


@pytest.mark.parametrize("task", TWO)
@pytest.mark.parametrize("first", [1, 3])
def test_3_statistics(task: str, first: int) -> None:
    x, y = TWO[task](4000, 100, first, rng(5))
    assert_even([len(row) for row in x], 100, 110)
    starts = np.stack([row[:first, 0] for row in x])
    assert_normal(np.concatenate([row[first:, 0] for row in x]), 0.0, 0.2)
    # The last element is noise as well.
    assert_normal(np.array([row[-1, 0] for row in x]), 0.0, 0.2)
    if task == "3a":
        assert np.array_equal(starts, np.repeat(2 * y - 1, first, axis=1))
    elif task == "3b":
        assert_normal(starts - (2 * y - 1), 0.0, 0.2)
    else:
        assert np.all(np.abs(starts) == 1)
        assert np.all(starts == starts[:, :1])
        assert_normal(y[:, 0] - np.where(starts[:, 0] == 1, 0.2, 0.8), 0.0, 0.1)
    sign = y[:, 0] > 0.5 if task != "3c" else starts[:, 0] == 1
    assert_even(sign.astype(int), 0, 1)


def test_3a_3b_targets_are_0_and_1() -> None:
    for task in ("3a", "3b"):
        assert set(TWO[task](100, rng=rng(6))[1].ravel().tolist()) == {0.0, 1.0}


def test_3c_targets_without_noise() -> None:
    x, y = two_sequence.generate_3c(100, rng=rng(7), target_noise=False)
    noisy_x, noisy_y = two_sequence.generate_3c(100, rng=rng(7))
    assert all(np.array_equal(a, b) for a, b in zip(x, noisy_x, strict=True))
    starts = np.array([row[0, 0] for row in x])
    assert np.array_equal(y[:, 0], np.where(starts == 1, 0.2, 0.8).astype(np.float32))
    assert not np.any(y == noisy_y)


@pytest.mark.parametrize("task", TWO)
def test_3_refuses_invalid_arguments(task: str) -> None:
    with pytest.raises(ValueError, match=rf"generate_{task}: length: expected at least 1"):
        TWO[task](1, 0, 1)
    for first in (0, 6):
        with pytest.raises(ValueError, match=rf"expected first 1\.\.5, received {first}"):
            TWO[task](1, 5, first)


# -- 4, 5: adding and multiplication

MARKED = {"4": (adding.generate_adding, -1.0), "5": (adding.generate_multiplication, 0.0)}


@given(SEEDS, st.sampled_from(sorted(MARKED)), st.integers(11, 130))
def test_4_5_sequences(seed: int, task: str, length: int) -> None:
    generate, low = MARKED[task]
    x, y = generate(20, length, rng(seed))
    assert y.shape == (20, 1)
    for row, target in zip(x, y, strict=True):
        assert length <= len(row) <= length + length // 10
        assert row.shape[1:] == (2,)
        values, markers = row.T.astype(np.float64)
        assert values.min() >= low
        assert values.max() <= 1
        assert markers[0] == markers[-1] == -1
        marked = np.flatnonzero(markers[1:-1]) + 1
        assert np.all(markers[marked] == 1)
        # Two marks, without the one on the first pair.
        assert len(marked) in (1, 2)
        bounds = sorted((9, length // 2 - 2))
        assert marked[0] <= bounds[0 if len(marked) == 2 else 1]
        assert marked[-1] <= bounds[1]
        chosen = values[marked]
        expected = 0.5 + chosen.sum() / 4 if task == "4" else chosen.prod()
        assert target[0] == pytest.approx(expected, abs=1e-6)
        assert 0 <= target[0] <= 1


@pytest.mark.parametrize("task", MARKED)
def test_4_5_statistics(task: str) -> None:
    generate, low = MARKED[task]
    x, _ = generate(8000, 100, rng(8))
    assert_even([len(row) for row in x], 100, 110)
    assert_uniform(np.concatenate([row[:, 0] for row in x]), low, 1.0)
    marks = [np.flatnonzero(row[:, 1] == 1) for row in x]
    # The first pair is X1's place 1 time in 10, X2's else, 1 time in 48: the others of 49 pairs.
    lost = sum(len(places) == 1 for places in marks)
    share = 0.1 + 0.9 / 48
    assert abs(lost - 8000 * share) < 4 * math.sqrt(8000 * share * (1 - share))
    pairs = np.array([places for places in marks if len(places) == 2])
    assert pairs[:, 1].max() == 48
    far = pairs[pairs[:, 1] >= 10]
    assert_even(far[:, 0], 1, 9)
    assert_even(far[:, 1], 10, 48)


def test_4_5_marks_within_the_first_ten_are_uniform() -> None:
    """First among ten, second among 49 others: each place by its own probability."""
    x, _ = adding.generate_adding(20_000, 100, rng(9))
    counts = sum((row[:49, 1] == 1).astype(int) for row in x)
    near, far = 0.1 + 0.9 / 48, 1 / 48
    expected = 20_000 * np.array([0, *[near] * 9, *[far] * 39])
    assert counts[0] == 0
    assert_counts(counts[1:], expected[1:])
    assert sum(row[49:-1, 1].any() for row in x) == 0


@pytest.mark.parametrize("task", MARKED)
def test_4_5_refuse_invalid_arguments(task: str) -> None:
    with pytest.raises(ValueError, match="length: expected at least 11, received 10"):
        MARKED[task][0](1, 10)


@given(SEEDS, st.integers(2, 80))
def test_adding_benchmark_sequences(seed: int, length: int) -> None:
    x, y = adding.generate_adding_benchmark(20, length, rng(seed))
    assert x.shape == (20, length, 2)
    assert y.shape == (20, 1)
    assert set(np.unique(x[..., 1])) == ({0.0, 1.0} if length > 2 else {1.0})
    assert np.all(x[:, : length // 2, 1].sum(axis=1) == 1)
    assert np.all(x[:, length // 2 :, 1].sum(axis=1) == 1)
    assert np.allclose(y[:, 0], (x[..., 0] * x[..., 1]).sum(axis=1), atol=1e-6)


def test_adding_benchmark_statistics() -> None:
    x, y = adding.generate_adding_benchmark(20_000, 100, rng(10))
    assert_uniform(x[..., 0].ravel(), 0.0, 1.0)
    places = np.nonzero(x[..., 1])[1].reshape(-1, 2)
    assert_even(places[:, 0], 0, 49)
    assert_even(places[:, 1], 50, 99)
    # The best constant answer is 1: its squared error has mean 1/6 and variance 7/180.
    errors = (y.astype(np.float64) - 1) ** 2
    assert abs(errors.mean() - 1 / 6) < 4 * math.sqrt(7 / 180 / 20_000)


def test_adding_benchmark_refuses_invalid_arguments() -> None:
    with pytest.raises(ValueError, match="length: expected at least 2, received 1"):
        adding.generate_adding_benchmark(1, 1)


# -- 6: temporal order

ORDER: dict[str, tuple[Callable[..., Any], list[tuple[int, int]]]] = {
    "6a": (temporal_order.generate_6a, [(10, 20), (50, 60)]),
    "6b": (temporal_order.generate_6b, [(10, 20), (33, 43), (66, 76)]),
}


@given(SEEDS, st.sampled_from(sorted(ORDER)))
def test_6_sequences(seed: int, task: str) -> None:
    generate, windows = ORDER[task]
    x, y = generate(20, rng(seed))
    assert y.shape == (20, 2 ** len(windows))
    classes = {"6a": temporal_order.CLASSES_6A, "6b": temporal_order.CLASSES_6B}[task]
    for row, label in zip(x, one_hot_ids(y), strict=True):
        assert 100 <= len(row) <= 110
        assert row.shape[1:] == (8,)
        text = "".join("EabcdXYB"[symbol] for symbol in one_hot_ids(row))
        assert text[0] == "E"
        assert text[-1] == "B"
        assert set(text[1:-1]) <= set("abcdXY")
        places = [place for place, symbol in enumerate(text) if symbol in "XY"]
        assert len(places) == len(windows)
        assert all(a <= t <= b for t, (a, b) in zip(places, windows, strict=True))
        assert "".join(text[place] for place in places) == classes[label]


@pytest.mark.parametrize("task", ORDER)
def test_6_statistics(task: str) -> None:
    generate, windows = ORDER[task]
    x, y = generate(4000, rng(11))
    assert_even([len(row) for row in x], 100, 110)
    assert_even(y.argmax(axis=1), 0, 2 ** len(windows) - 1)
    ids = [row.argmax(axis=1) for row in x]
    places = np.array([np.flatnonzero((row == 5) | (row == 6)) for row in ids])
    for place, (low, high) in zip(places.T, windows, strict=True):
        assert_even(place, low, high)
    symbols = np.concatenate(ids)
    assert_even(symbols[(symbols >= 1) & (symbols <= 4)], 1, 4)
