"""Memory: two sequences that differ in their first value alone, and end with it again.

    3 0 1 2 3
    4 0 1 2 4

Read one value at a time, the values 0, 1, 2 in the middle do not say which sequence it is: who is
to give the last value must have kept the first. After Jason Brownlee, "Demonstration of Memory with
a Long Short-Term Memory Network in Python" (2017). The two sequences are task 2a of Hochreiter and
Schmidhuber, "Long Short-Term Memory" (1997), section 5.2: (y, a1..a_{p-1}, y) and (x, a1..a_{p-1},
x) with p = 4, y = 3, x = 4. Their comparator at p = 4: real-time recurrent learning (RTRL), right
in 78 % of the trials.

Middles of any length, and random ones: `echocell.tasks.middles`.

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
    """`first`, then 0, 1, 2, ..., then `first` again: `length` values.

    Raises ValueError where `first` is one of the values in the middle, 0..length-3.
    """
    check_count("generate_sequence: length", length, 3)
    if first < length - 2:
        raise ValueError(
            f"generate_sequence: expected first to be at least {length - 2}, since "
            f"0..{length - 3} stand in the middle, received {first}"
        )
    return (first, *range(length - 2), first)


def to_steps(sequences: ArrayLike, n_values: int = N_VALUES) -> tuple[Floats, Floats]:
    """One sequence per sample, answer the next value at every step: x [N, T-1, V], y [N, T-1, V],
    one-hot. The last step is the one that needs the first value.

    sequences: [N, T].
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
    """One step per sample, answer the next value: x [T-1, 1, V], y [T-1, V], one-hot."""
    values = np.asarray(sequence)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"to_pairs: expected a sequence of at least 2 integers, received shape {values.shape}"
        )
    encoded = one_hot_encode(values, n_values)
    return encoded[:-1, np.newaxis, :], encoded[1:]
