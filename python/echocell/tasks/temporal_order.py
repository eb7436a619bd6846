"""Temporal order: two or three marks that are far apart in noise; the class is their order.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, tasks 6a
and 6b. A sequence begins with E, ends with B, and has X or Y, with equal probability, at two (6a)
or three (6b) places; all other symbols are drawn from a, b, c, d. Symbols are one-hot in the order
of SYMBOLS, classes one-hot in the order of CLASSES_6A and CLASSES_6B. The target belongs to the end
of the sequence, where B is read.

Places count from 0, the step of E, as in the arrays: a mark "between 10 and 20" is at x[10] to
x[20]. All bounds are included: sequences have 100 to 110 steps with E and B, and there are 11
places for each mark.

Legend: N samples, T_k the steps of sample k.
"""

from __future__ import annotations

import numpy as np

from echocell.tasks.encoding import (
    Floats,
    check_count,
    cut,
    generator,
    one_hot_encode,
    random_between,
)

__all__ = ["CLASSES_6A", "CLASSES_6B", "SYMBOLS", "generate_6a", "generate_6b"]

SYMBOLS = "EabcdXYB"
CLASSES_6A = ("XX", "XY", "YX", "YY")
CLASSES_6B = ("XXX", "XXY", "XYX", "XYY", "YXX", "YXY", "YYX", "YYY")

_SHORTEST, _LONGEST = 100, 110
_START, _NOISE, _X, _END = (SYMBOLS.index(symbol) for symbol in "EaXB")


def generate_6a(count: int, rng: np.random.Generator | None = None) -> tuple[list[Floats], Floats]:
    """Returns task 6a: marks at t1 in 10..20 and t2 in 50..60, 4 classes.

    Args:
        count: N, at least 1.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x, N arrays [T_k, 8], T_k 100 to 110, one-hot; y [N, 4], one-hot: XX, XY, YX, YY (the
        paper's Q, R, S, U). float32.
    """
    return _generate("generate_6a", count, ((10, 20), (50, 60)), rng)


def generate_6b(count: int, rng: np.random.Generator | None = None) -> tuple[list[Floats], Floats]:
    """Returns task 6b: marks at t1 in 10..20, t2 in 33..43 and t3 in 66..76, 8 classes.

    Args:
        count: N, at least 1.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x, N arrays [T_k, 8], T_k 100 to 110, one-hot; y [N, 8], one-hot: XXX, XXY, XYX, XYY, YXX,
        YXY, YYX, YYY (the paper's Q, R, S, U, V, A, B, C). float32.
    """
    return _generate("generate_6b", count, ((10, 20), (33, 43), (66, 76)), rng)


def _generate(
    name: str,
    count: int,
    windows: tuple[tuple[int, int], ...],
    rng: np.random.Generator | None,
) -> tuple[list[Floats], Floats]:
    check_count(f"{name}: count", count)
    rng = generator(rng)
    rows = np.arange(count)
    lengths = random_between(_SHORTEST, _LONGEST, count, rng)
    symbols = rng.integers(_NOISE, _NOISE + 4, size=(count, _LONGEST), dtype=np.int64)
    symbols[:, 0] = _START
    symbols[rows, lengths - 1] = _END
    classes = np.zeros(count, dtype=np.int64)
    for first, last in windows:
        mark = rng.integers(2, size=count)  # 0: X, 1: Y
        symbols[rows, random_between(first, last, count, rng)] = _X + mark
        classes = 2 * classes + mark
    x = one_hot_encode(symbols, len(SYMBOLS))
    return cut(x, lengths), one_hot_encode(classes, 2 ** len(windows))
