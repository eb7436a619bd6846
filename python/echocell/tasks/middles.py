"""Two sequences that only their first value distinguishes, with middles of any length.

    y, middle, y
    x, middle, x

Both have the same middle, so that only the first value determines the last. With a middle of 0, 1,
..., m-1 this is task 2a of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with
p = m + 1; with m = 3 it is `echocell.tasks.memory`.

Legend: m the number of values in the middle, N sequences, V the size of the alphabet, whose last
two values, V-2 and V-1, are y and x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import Integers, check_count, generator, random_values

__all__ = ["counted_middle", "random_sequences", "repeated_middle", "two_sequences"]

# The size of the alphabet of repeated_middle and of the sequences of `memory`.
REPEATED_VALUES = 5


def counted_middle(m: int) -> Integers:
    """Returns 0, 1, ..., m-1: every value once, for an alphabet of m + 2."""
    check_count("counted_middle: m", m)
    return np.arange(m, dtype=np.int64)


def repeated_middle(m: int) -> Integers:
    """Returns 0, 1, 0, 1, ... and a 2 as the last of m values, for an alphabet of 5.

    The 2 marks the end of the middle, so that no counting is needed. m = 3: 0, 1, 2.
    """
    check_count("repeated_middle: m", m)
    middle = np.arange(m, dtype=np.int64) % 2
    middle[-1] = 2
    return middle


def two_sequences(middle: ArrayLike, n_values: int) -> Integers:
    """Returns the middle between two values n_values-2, and between two n_values-1: [2, m+2].

    Raises:
        ValueError: if the middle contains one of these two values.
    """
    values = np.asarray(middle, np.int64)
    if values.ndim != 1 or values.size == 0 or values.min() < 0 or values.max() > n_values - 3:
        raise ValueError(
            f"two_sequences: expected a middle of values 0..{n_values - 3}, received {middle!r}"
        )
    return np.array([[first, *values, first] for first in (n_values - 2, n_values - 1)])


def random_sequences(
    count: int, m: int, n_values: int, rng: np.random.Generator | None = None
) -> Integers:
    """Returns m values drawn uniformly from 0..n_values-3 between two equal values: [N, m+2].

    The first and the last value are n_values-2 or n_values-1, with probability 1/2 each.
    """
    check_count("random_sequences: m", m)
    check_count("random_sequences: n_values", n_values, 3)
    rng = generator(rng)
    first = n_values - 2 + random_values((count, 1), 2, rng)
    return np.concatenate([first, random_values((count, m), n_values - 2, rng), first], axis=1)
