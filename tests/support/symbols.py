"""Sequences of one-hot symbols in tests of generators."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from echocell.tasks import copying

SEEDS = st.integers(0, 2**32 - 1)
#: Chi-squared with 7 degrees of freedom exceeds it once in a thousand, with 9 27.9.
CHI_7 = 24.3


def chi_squared(values: np.ndarray, n_values: int) -> float:
    counts = np.bincount(values.ravel(), minlength=n_values)
    expected = values.size / n_values
    return float(((counts - expected) ** 2 / expected).sum())


def decoded(x: np.ndarray) -> list:
    return copying.one_hot_decode(x).tolist()


def is_one_hot(x: np.ndarray) -> bool:
    return x.dtype == np.float32 and bool(((x == 0) | (x == 1)).all() and (x.sum(-1) == 1).all())
