"""Two sequences: the first elements tell the class, and all that follows is noise.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, tasks 3a
to 3c, which go back to Bengio, Simard and Frasconi (1994). There is one real input. The first
`first` elements (N in the paper, 1 or 3) are 1 for class 1 and -1 for class 2, with equal
probability; the others are normal with mean 0 and variance 0.2. The target belongs to the end of
the sequence. A length "between T and T + T/10" is an integer drawn uniformly from T to T + T // 10,
both included. docs/1997.md describes further decisions where the paper leaves a choice.

Legend: N samples, T = length, T_k the steps of sample k.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from echocell.tasks.encoding import Floats, check_count, cut, generator, random_between

__all__ = ["generate_3a", "generate_3b", "generate_3c"]

INPUT_VARIANCE = 0.2
TARGET_VARIANCE = 0.1


def generate_3a(
    count: int, length: int = 100, first: int = 3, rng: np.random.Generator | None = None
) -> tuple[list[Floats], Floats]:
    """Returns task 3a: the first elements are exactly 1 or -1.

    Args:
        count: N, at least 1.
        length: T, the minimum number of steps; the maximum is T + T // 10.
        first: the number of elements that tell the class, 1 to T.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x, N arrays [T_k, 1]; y [N, 1]: 1 for class 1 (elements 1), 0 for class 2 (-1). float32.
    """
    x, class_1 = _sequences("generate_3a", count, length, first, 0.0, generator(rng))
    return x, _targets(class_1, 1.0, 0.0)


def generate_3b(
    count: int, length: int = 100, first: int = 3, rng: np.random.Generator | None = None
) -> tuple[list[Floats], Floats]:
    """Returns task 3b: as 3a, with noise of the same variance 0.2 on the first elements.

    The two classes overlap: a single first element is on the wrong side of 0 in 1.3 % of the
    sequences, the mean of three in 0.005 %.

    Arguments and results are those of `generate_3a`.
    """
    x, class_1 = _sequences("generate_3b", count, length, first, INPUT_VARIANCE, generator(rng))
    return x, _targets(class_1, 1.0, 0.0)


def generate_3c(
    count: int,
    length: int = 100,
    first: int = 3,
    rng: np.random.Generator | None = None,
    *,
    target_noise: bool = True,
) -> tuple[list[Floats], Floats]:
    """Returns task 3c: as 3a, with noise on targets of 0.2 for class 1 and 0.8 for class 2.

    Args:
        count: N, at least 1.
        length: T, the minimum number of steps; the maximum is T + T // 10.
        first: the number of elements that tell the class, 1 to T.
        rng: the random generator; see `echocell.tasks`.
        target_noise: add noise of variance 0.1 to the targets, for training. False: targets
            without noise, for the criterion of the paper. The same rng gives the same sequences
            with either value.

    Returns:
        x, N arrays [T_k, 1]; y [N, 1]. float32.
    """
    rng = generator(rng)
    x, class_1 = _sequences("generate_3c", count, length, first, 0.0, rng)
    noise = rng.standard_normal((count, 1), dtype=np.float32)
    y = _targets(class_1, 0.2, 0.8)
    if target_noise:
        y += math.sqrt(TARGET_VARIANCE) * noise
    return x, y


def _sequences(
    name: str, count: int, length: int, first: int, variance: float, rng: np.random.Generator
) -> tuple[list[Floats], NDArray[np.bool_]]:
    """Returns sequences and whether each is of class 1 [N], with noise on the first elements."""
    check_count(f"{name}: count", count)
    check_count(f"{name}: length", length)
    if not 1 <= first <= length:
        raise ValueError(f"{name}: expected first 1..{length}, received {first}")
    longest = length + length // 10
    class_1 = rng.integers(2, size=count) == 1
    lengths = random_between(length, longest, count, rng)
    x = rng.standard_normal((count, longest, 1), dtype=np.float32)
    x[:, first:] *= math.sqrt(INPUT_VARIANCE)
    x[:, :first] *= math.sqrt(variance)
    x[:, :first] += np.where(class_1, 1.0, -1.0)[:, np.newaxis, np.newaxis]
    return cut(x, lengths), class_1


def _targets(class_1: NDArray[np.bool_], one: float, two: float) -> Floats:
    return np.where(class_1, one, two).astype(np.float32)[:, np.newaxis]
