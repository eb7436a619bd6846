"""Lag: at every place of a sequence of random integers, give the integer before.

After Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), which tries
it with one time step per sample and the state carried between batches, and with the last five
integers as the time steps of a sample.

Legend: T the sequence's length, V = n_values, K = steps.
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
    "generate_pairs",
    "generate_sequence",
    "generate_windows",
    "one_hot_decode",
    "one_hot_encode",
    "to_pairs",
    "to_windows",
]


def generate_sequence(
    length: int = 25, n_values: int = 100, rng: np.random.Generator | None = None
) -> Integers:
    """`length` random integers 0..n_values-1, each as likely as the others."""
    check_count("generate_sequence: length", length)
    return random_values(length, n_values, rng)


def to_pairs(sequence: ArrayLike, n_values: int = 100) -> tuple[Floats, Floats]:
    """One step per sample: x [T-1, 1, V] holds the values at t = 1..T-1, y [T-1, V] those at t-1.

    The value at t = 0 has none before it and is no sample.
    """
    encoded = one_hot_encode(_sequence(sequence, 2, "to_pairs"), n_values)
    return encoded[1:, np.newaxis, :], encoded[:-1]


def to_windows(sequence: ArrayLike, n_values: int = 100, steps: int = 5) -> tuple[Floats, Floats]:
    """`steps` steps per sample: x [T-K, K, V] holds the values at t-K+1..t for t = K..T-1,
    y [T-K, V] those at t-1.

    The window at t = K-1 would be complete too; it is left out as the published script leaves it
    out, so that 25 values make 20 samples.
    """
    check_count("to_windows: steps", steps, 2)
    encoded = one_hot_encode(_sequence(sequence, steps + 1, "to_windows"), n_values)
    windows = np.lib.stride_tricks.sliding_window_view(encoded, steps, axis=0)  # [T-K+1, V, K]
    x = np.ascontiguousarray(windows[1:].transpose(0, 2, 1))
    return x, encoded[steps - 1 : -1]


def generate_pairs(
    length: int = 25, n_values: int = 100, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """A fresh sequence as `to_pairs` gives it."""
    return to_pairs(generate_sequence(length, n_values, rng), n_values)


def generate_windows(
    length: int = 25, n_values: int = 100, steps: int = 5, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """A fresh sequence as `to_windows` gives it."""
    return to_windows(generate_sequence(length, n_values, rng), n_values, steps)


def _sequence(sequence: ArrayLike, minimum: int, where: str) -> Integers:
    array = np.asarray(sequence)
    if array.ndim != 1 or len(array) < minimum:
        raise ValueError(
            f"{where}: expected a sequence of at least {minimum} integers, "
            f"received shape {array.shape}"
        )
    return array
