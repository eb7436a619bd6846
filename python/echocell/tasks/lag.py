"""Lag: at every place of a sequence of random integers, give the integer before.

After Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), which tries
it with one time step per sample and the state carried between batches, and with the last five
integers as the time steps of a sample. Its open exercises are here, too: integers further back
(depth), and the whole sequence as one sample with an answer at every step (to_lagged); samples with
missing steps, or with the whole sequence so far as their steps, are in `echocell.tasks.lag_rows`.

Legend: N sequences, T their length, V = n_values, K = steps, D = depth.
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
    "generate_lagged",
    "generate_pairs",
    "generate_sequence",
    "generate_windows",
    "one_hot_decode",
    "one_hot_encode",
    "to_lagged",
    "to_pairs",
    "to_windows",
]


def generate_sequence(
    length: int = 25, n_values: int = 100, rng: np.random.Generator | None = None
) -> Integers:
    """`length` random integers 0..n_values-1, each as likely as the others."""
    check_count("generate_sequence: length", length)
    return random_values(length, n_values, rng)


def to_pairs(sequence: ArrayLike, n_values: int = 100, *, depth: int = 1) -> tuple[Floats, Floats]:
    """One step per sample: x [T-D, 1, V] holds the values at t = D..T-1, y [T-D, V] those at t-D.

    The first D values, at t = 0 for depth 1, have none to answer with. They are no samples: a
    carried state does not see them, and the first D answers can only be guessed.
    """
    check_count("to_pairs: depth", depth)
    encoded = one_hot_encode(_sequence(sequence, depth + 1, "to_pairs"), n_values)
    return encoded[depth:, np.newaxis, :], encoded[:-depth]


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


def to_lagged(
    sequences: ArrayLike, n_values: int = 100, *, depth: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Whole sequences with an answer at every step: x [N, T, V] holds the values of sequences
    [N, T] or [T] (N = 1), y [N, T, V] at t the value at t-D, weights [N, T] 1 for t = D..T-1.

    The first D steps have no answer: their rows of y and their weights (sample_weight) are 0.
    """
    check_count("to_lagged: depth", depth)
    array = np.asarray(sequences)
    if array.ndim not in (1, 2) or array.size == 0 or array.shape[-1] <= depth:
        raise ValueError(
            f"to_lagged: expected sequences [N, T] or [T] of at least {depth + 1} integers, "
            f"received shape {array.shape}"
        )
    x = one_hot_encode(np.atleast_2d(array), n_values)
    y = np.zeros_like(x)
    y[:, depth:] = x[:, :-depth]
    return x, y, y.sum(axis=-1)


def generate_pairs(
    length: int = 25,
    n_values: int = 100,
    rng: np.random.Generator | None = None,
    *,
    depth: int = 1,
) -> tuple[Floats, Floats]:
    """A fresh sequence as `to_pairs` gives it."""
    return to_pairs(generate_sequence(length, n_values, rng), n_values, depth=depth)


def generate_lagged(
    count: int,
    length: int = 25,
    n_values: int = 100,
    rng: np.random.Generator | None = None,
    *,
    depth: int = 1,
) -> tuple[Floats, Floats, Floats]:
    """`count` fresh sequences as `to_lagged` gives them: x and y [N, T, V], weights [N, T]."""
    check_count("generate_lagged: count", count)
    check_count("generate_lagged: length", length)
    return to_lagged(random_values((count, length), n_values, rng), n_values, depth=depth)


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
