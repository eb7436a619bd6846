"""Lag: return the previous integer at every place of a sequence of random integers.

After Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), in two
forms: one time step per sample, with the state carried between batches, and the last five integers
as the time steps of a sample. For the open exercises, the answer may lie further back (depth), and
a whole sequence may be one sample with an answer at every step (to_lagged). Samples with missing
steps are in `echocell.tasks.lag_rows`.

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
    """Returns `length` integers drawn uniformly from 0..n_values-1."""
    check_count("generate_sequence: length", length)
    return random_values(length, n_values, rng)


def to_pairs(sequence: ArrayLike, n_values: int = 100, *, depth: int = 1) -> tuple[Floats, Floats]:
    """Returns one step per sample: x [T-D, 1, V] at t = D..T-1, y [T-D, V] at t-D.

    The first D values have no answer and are not samples: a carried state does not read them, so
    that the first D answers can only be guessed.
    """
    check_count("to_pairs: depth", depth)
    encoded = one_hot_encode(_sequence(sequence, depth + 1, "to_pairs"), n_values)
    return encoded[depth:, np.newaxis, :], encoded[:-depth]


def to_windows(sequence: ArrayLike, n_values: int = 100, steps: int = 5) -> tuple[Floats, Floats]:
    """Returns `steps` steps per sample: x [T-K, K, V] and y [T-K, V].

    x holds the values at t-K+1..t for t = K..T-1, y those at t-1.

    As in the published script, the complete window at t = K-1 is omitted, so that 25 values make
    20 samples.
    """
    check_count("to_windows: steps", steps, 2)
    encoded = one_hot_encode(_sequence(sequence, steps + 1, "to_windows"), n_values)
    windows = np.lib.stride_tricks.sliding_window_view(encoded, steps, axis=0)  # [T-K+1, V, K]
    x = np.ascontiguousarray(windows[1:].transpose(0, 2, 1))
    return x, encoded[steps - 1 : -1]


def to_lagged(
    sequences: ArrayLike, n_values: int = 100, *, depth: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Returns whole sequences with an answer at every step.

    Args:
        sequences: integers [N, T], or [T] for N = 1.
        n_values: V.
        depth: D.

    Returns:
        x [N, T, V], the values; y [N, T, V], at t the value at t-D; weights [N, T], for
        sample_weight, 1 for t = D..T-1. The first D steps have no answer: their rows of y and
        their weights are 0.
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
    """Returns `to_pairs` of a new sequence."""
    return to_pairs(generate_sequence(length, n_values, rng), n_values, depth=depth)


def generate_lagged(
    count: int,
    length: int = 25,
    n_values: int = 100,
    rng: np.random.Generator | None = None,
    *,
    depth: int = 1,
) -> tuple[Floats, Floats, Floats]:
    """Returns `to_lagged` of `count` new sequences: x and y [N, T, V], weights [N, T]."""
    check_count("generate_lagged: count", count)
    check_count("generate_lagged: length", length)
    return to_lagged(random_values((count, length), n_values, rng), n_values, depth=depth)


def generate_windows(
    length: int = 25, n_values: int = 100, steps: int = 5, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Returns `to_windows` of a new sequence."""
    return to_windows(generate_sequence(length, n_values, rng), n_values, steps)


def _sequence(sequence: ArrayLike, minimum: int, where: str) -> Integers:
    array = np.asarray(sequence)
    if array.ndim != 1 or len(array) < minimum:
        raise ValueError(
            f"{where}: expected a sequence of at least {minimum} integers, "
            f"received shape {array.shape}"
        )
    return array
