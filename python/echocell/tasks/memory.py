"""Memory: two sequences that differ in their first value alone, and end with it again.

    3 0 1 2 3
    4 0 1 2 4

Read one value at a time, the values 0, 1, 2 in the middle do not say which sequence it is: who is
to give the last value must have kept the first. After Jason Brownlee, "Demonstration of Memory with
a Long Short-Term Memory Network in Python" (2017). The two sequences are task 2a of Hochreiter and
Schmidhuber, "Long Short-Term Memory" (1997), section 5.2: (y, a1..a_{p-1}, y) and (x, a1..a_{p-1},
x) with p = 4, y = 3, x = 4. Their comparator at p = 4: real-time recurrent learning (RTRL), right
in 78 % of the trials.

Its open exercises: the same with more values in the middle and with more first values
(generate_ambiguous), and with random middles (generate_random).

Legend: N sequences, T their length, V = n_values, M = middle, K = firsts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import (
    Floats,
    Integers,
    check_count,
    one_hot_decode,
    one_hot_encode,
    random_values,
)

__all__ = [
    "N_VALUES",
    "SEQUENCES",
    "generate_ambiguous",
    "generate_random",
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


def generate_ambiguous(middle: int = 3, firsts: int = 2) -> tuple[Integers, int]:
    """K sequences that differ at their ends alone, and the size of their alphabet: [K, M+2], V.

    Sequence k begins and ends with M + k and has 0, 1, ..., M-1 between; V = M + K. The defaults
    give SEQUENCES.

    Args:
        middle: M, the number of values between the first and the last, at least 1.
        firsts: K, how many sequences have to be told apart, at least 2.
    """
    check_count("generate_ambiguous: middle", middle)
    check_count("generate_ambiguous: firsts", firsts, 2)
    sequences = [generate_sequence(middle + k, middle + 2) for k in range(firsts)]
    return np.array(sequences, dtype=np.int64), middle + firsts


def generate_random(
    count: int,
    middle: int = 3,
    n_middle: int = 3,
    firsts: int = 2,
    rng: np.random.Generator | None = None,
) -> tuple[Integers, int]:
    """`count` random middles, each with every first value, and the alphabet: [count * K, M+2], V.

    The sequences of one middle stand together and differ at their ends alone, so that the middle
    never gives the first value away. They begin and end with n_middle + k, k = 0..K-1;
    V = n_middle + K. Middles are drawn anew at every call: those of a test are others than those
    of training, but for chance.

    Args:
        count: how many middles.
        middle: M, the number of values between the first and the last, at least 1.
        n_middle: the values in the middle are 0..n_middle-1, each as likely as the others.
        firsts: K, at least 2.
        rng: where the middles are drawn from.
    """
    check_count("generate_random: count", count)
    check_count("generate_random: middle", middle)
    check_count("generate_random: n_middle", n_middle)
    check_count("generate_random: firsts", firsts, 2)
    middles = np.repeat(random_values((count, middle), n_middle, rng), firsts, axis=0)
    ends = np.tile(n_middle + np.arange(firsts, dtype=np.int64), count)[:, np.newaxis]
    return np.concatenate([ends, middles, ends], axis=1), n_middle + firsts


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
