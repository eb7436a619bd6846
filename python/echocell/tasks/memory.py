"""Memory: two sequences that only their first value distinguishes, and that end with it.

    3 0 1 2 3
    4 0 1 2 4

The values 0, 1, 2 in the middle are the same: the last value can only be predicted from a memory of
the first. After Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in
Python" (2017). The two sequences are task 2a of Hochreiter and Schmidhuber, "Long Short-Term
Memory" (1997), section 5.2: (y, a1..a_{p-1}, y) and (x, a1..a_{p-1}, x) with p = 4, y = 3, x = 4.
In that paper, real-time recurrent learning (RTRL) solves p = 4 in 78 % of the trials.

`echocell.tasks.middles` has middles of any length, and random ones.

Legend: N sequences, T their length, V = n_values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import Floats, check_count, one_hot_decode, one_hot_encode

__all__ = [
    "N_VALUES",
    "SEQUENCES",
    "generate_sequence",
    "one_hot_decode",
    "one_hot_encode",
    "to_pairs",
    "to_steps",
]

SEQUENCES = ((3, 0, 1, 2, 3), (4, 0, 1, 2, 4))
N_VALUES = 5


def generate_sequence(first: int, length: int = 5) -> tuple[int, ...]:
    """Returns `length` values: `first`, then 0, 1, 2, ..., then `first` again.

    Raises:
        ValueError: if `first` is one of the values in the middle, 0..length-3.
    """
    check_count("generate_sequence: length", length, 3)
    if first < length - 2:
        raise ValueError(
            f"generate_sequence: expected first to be at least {length - 2}, since "
            f"0..{length - 3} stand in the middle, received {first}"
        )
    return (first, *range(length - 2), first)


def to_steps(sequences: ArrayLike, n_values: int = N_VALUES) -> tuple[Floats, Floats]:
    """Returns one sequence per sample and the next values, one-hot: x and y [N, T-1, V].

    The last step is the one that needs the first value.

    Args:
        sequences: [N, T].
        n_values: V.
    """
    values = np.asarray(sequences)
    if values.ndim != 2 or len(values) < 1 or values.shape[1] < 2:
        raise ValueError(
            f"to_steps: expected sequences [N, T] of at least 2 integers, received shape "
            f"{values.shape}"
        )
    encoded = one_hot_encode(values, n_values)
    return encoded[:, :-1], encoded[:, 1:]


def to_pairs(sequence: ArrayLike, n_values: int = N_VALUES) -> tuple[Floats, Floats]:
    """Returns one step per sample and the next value, one-hot: x [T-1, 1, V], y [T-1, V]."""
    values = np.asarray(sequence)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"to_pairs: expected a sequence of at least 2 integers, received shape {values.shape}"
        )
    encoded = one_hot_encode(values, n_values)
    return encoded[:-1, np.newaxis, :], encoded[1:]
