"""Bounds on statistics: four standard errors, or chi-squared at one in a thousand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_counts(counts: np.ndarray, expected: np.ndarray | float) -> None:
    """Returns the 99.9 % quantile of chi-squared (approximation of Wilson and Hilferty)."""
    freedom = len(counts) - 1
    spread = 2 / (9 * freedom)
    limit = freedom * (1 - spread + 3.09 * math.sqrt(spread)) ** 3
    assert ((counts - expected) ** 2 / expected).sum() < limit


def assert_even(values: Any, low: int, high: int) -> None:
    """Asserts that values are uniform over the integers low..high, all of which occur."""
    values = np.asarray(values)
    assert values.min() >= low
    assert values.max() <= high
    counts = np.bincount(values - low, minlength=high - low + 1)
    assert_counts(counts, len(values) / len(counts))


def assert_uniform(values: np.ndarray, low: float, high: float) -> None:
    """Asserts that values are uniform from low to high, in ten bins."""
    assert values.min() >= low
    assert values.max() <= high
    assert_even(np.minimum((values - low) / (high - low) * 10, 9).astype(int), 0, 9)


def assert_normal(values: np.ndarray, mean: float, variance: float) -> None:
    """Asserts mean, variance and the share within one standard deviation."""
    n = values.size
    values = values.astype(np.float64)
    assert abs(values.mean() - mean) < 4 * math.sqrt(variance / n)
    assert abs(values.var() - variance) < 4 * variance * math.sqrt(2 / n)
    within = np.abs(values - mean) < math.sqrt(variance)
    assert abs(within.mean() - 0.6827) < 4 * math.sqrt(0.6827 * 0.3173 / n)


def one_hot_ids(rows: np.ndarray) -> np.ndarray:
    assert set(np.unique(rows)) <= {0.0, 1.0}
    assert np.all(rows.sum(axis=-1) == 1)
    return rows.argmax(axis=-1)
