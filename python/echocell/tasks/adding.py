"""Adding and multiplication: combine the two marked values of a long sequence.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, task 4
(`generate_adding`) and task 5 (`generate_multiplication`); and the adding problem of later papers
(`generate_adding_benchmark`). A step is a pair of a random value and a marker. The target belongs
to the end of the sequence.

In the sequences of 1997, the marker is -1 at the first and the last pair, 1 at one of the first ten
pairs (value X1) and at another of the first T/2 - 1 pairs (value X2), and 0 elsewhere. A length
"between T and T + T/10" is an integer drawn uniformly from T to T + T // 10, both included. The
second mark is one of the pairs 0 to T // 2 - 2 other than the first mark, all with the same
probability. If a mark falls on the first pair, the marker stays -1 and the mark does not count: the
target is the sum or the product over the pairs marked 1 (see docs/1997.md).

Legend: N samples, T = length, T_k the steps of sample k.
"""

from __future__ import annotations

import numpy as np

from echocell.tasks.encoding import (
    Floats,
    Integers,
    check_count,
    cut,
    generator,
    random_between,
)

__all__ = ["generate_adding", "generate_adding_benchmark", "generate_multiplication"]

FIRST_MARKS = 10


def generate_adding(
    count: int, length: int = 100, rng: np.random.Generator | None = None
) -> tuple[list[Floats], Floats]:
    """Returns sequences of task 4: values uniform in [-1, 1], target 0.5 + (X1 + X2) / 4.

    Args:
        count: N, at least 1.
        length: T, the minimum number of steps, at least 11; the maximum is T + T // 10.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x, N arrays [T_k, 2], value and marker; y [N, 1], in [0, 1]. float32.
    """
    rng = generator(rng)
    x, lengths, marks = _marked("generate_adding", count, length, rng)
    x[..., 0] = 2 * x[..., 0] - 1
    chosen = _chosen(x, marks, 0.0)
    return cut(x, lengths), 0.5 + chosen.sum(axis=1, keepdims=True) / 4


def generate_multiplication(
    count: int, length: int = 100, rng: np.random.Generator | None = None
) -> tuple[list[Floats], Floats]:
    """Returns sequences of task 5: values uniform in [0, 1], target X1 * X2.

    Args:
        count: N, at least 1.
        length: T, the minimum number of steps, at least 11; the maximum is T + T // 10.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x, N arrays [T_k, 2], value and marker; y [N, 1], in [0, 1]. float32.
    """
    x, lengths, marks = _marked("generate_multiplication", count, length, generator(rng))
    chosen = _chosen(x, marks, 1.0)
    return cut(x, lengths), chosen.prod(axis=1, keepdims=True)


def generate_adding_benchmark(
    count: int, length: int = 200, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Returns the adding problem of later papers: values uniform in [0, 1], target the marked sum.

    Every sequence has T steps; the marker is 1 at one step of the first half (0 to T // 2 - 1) and
    at one of the second half, 0 elsewhere. The best constant answer, 1, has a mean squared error of
    1/6 = 0.167, the variance of the sum. As in Le, Jaitly and Hinton, "A Simple Way to Initialize
    Recurrent Networks of Rectified Linear Units" (2015), and Tallec and Ollivier, "Can recurrent
    neural networks warp time?" (2018). Papers differ in the positions of the marks; with one mark
    in each half, the first value always has to be kept.

    Args:
        count: N, at least 1.
        length: T, at least 2.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x [N, T, 2], value and marker; y [N, 1], in [0, 2]. float32.
    """
    check_count("generate_adding_benchmark: count", count)
    check_count("generate_adding_benchmark: length", length, 2)
    rng = generator(rng)
    x = _values(count, length, rng)
    half = length // 2
    first = random_between(0, half - 1, count, rng)
    second = random_between(half, length - 1, count, rng)
    rows = np.arange(count)[:, np.newaxis]
    marks = np.stack([first, second], axis=1)
    x[rows, marks, 1] = 1.0
    return x, x[rows, marks, 0].sum(axis=1, keepdims=True)


def _values(count: int, steps: int, rng: np.random.Generator) -> Floats:
    """Returns values uniform in [0, 1) and markers 0: [N, steps, 2]."""
    x = np.zeros((count, steps, 2), dtype=np.float32)
    x[..., 0] = rng.random((count, steps), dtype=np.float32)
    return x


def _marked(
    name: str, count: int, length: int, rng: np.random.Generator
) -> tuple[Floats, Integers, Integers]:
    """Returns sequences of 1997 with values in [0, 1).

    Returns:
        The padded sequences [N, T + T // 10, 2], their lengths [N], the places of the marks [N, 2].
    """
    check_count(f"{name}: count", count)
    # One more pair than can be marked, so that the last pair is never among the first ten.
    check_count(f"{name}: length", length, FIRST_MARKS + 1)
    longest = length + length // 10
    lengths = random_between(length, longest, count, rng)
    x = _values(count, longest, rng)
    marks = _mark_places(count, length // 2 - 1, rng)
    rows = np.arange(count)
    x[rows[:, np.newaxis], marks, 1] = 1.0
    x[:, 0, 1] = -1.0
    x[rows, lengths - 1, 1] = -1.0
    return x, lengths, marks


def _mark_places(count: int, second_marks: int, rng: np.random.Generator) -> Integers:
    """Returns one of the first ten places and another one of the first `second_marks`: [N, 2]."""
    first = random_between(0, FIRST_MARKS - 1, count, rng)
    # A draw from one place fewer, shifted past the first mark, is uniform over the other places.
    free = second_marks - (first < second_marks)
    second = rng.integers(free, dtype=np.int64)
    second += second >= first
    return np.stack([first, second], axis=1)


def _chosen(x: Floats, marks: Integers, lost: float) -> Floats:
    """Returns the marked values [N, 2], with `lost` in place of a value of the first pair."""
    values = x[np.arange(len(x))[:, np.newaxis], marks, 0]
    return np.where(marks == 0, np.float32(lost), values)
