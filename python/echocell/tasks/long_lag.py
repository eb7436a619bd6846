"""Long lag: return an early symbol at the end of a sequence, tasks 2a, 2b and 2c of 1997.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, section
5.2. Symbols are one-hot in the paper; here they are also available as ids, for large alphabets.

2a and 2b have p + 1 symbols: a1 .. a(p-1) are the ids 0..p-2, x is p-1, y is p. A sequence of p + 1
symbols begins and ends with x or with y, with equal probability. Every next symbol is to be
predicted. In 2a the middle is always a1, a2, ..., a(p-1): with p = 4 the two sequences are those of
`echocell.tasks.memory`. In 2b the p - 1 symbols of the middle are drawn uniformly from
a1 .. a(p-1), so that only the last symbol can be predicted.

2c has p + 4 symbols: a1 .. ap are the ids 0..p-1, e is p, b is p+1, x is p+2, y is p+3. A sequence
is b; x or y with equal probability; q + k symbols drawn from a1 .. ap, P(k) = 1/10 (9/10)^k; e, the
trigger; and the second symbol again, which is the only target.

The symbol to be predicted at the end is never read: sequences have q + k + 3 steps in 2c, p in 2a
and 2b. docs/1997.md describes the decisions where the paper leaves a choice.

Legend: N samples, T_k the steps of sample k.
"""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import (
    Floats,
    Integers,
    check_count,
    generator,
    one_hot_decode,
    one_hot_encode,
    random_values,
)

__all__ = [
    "generate_2a",
    "generate_2b",
    "generate_2c",
    "one_hot_decode",
    "one_hot_encode",
    "sequences_2a",
    "sequences_2b",
    "to_pairs",
]

GO_ON = 0.9  # the probability of an additional symbol in 2c


def sequences_2a(count: int, p: int = 100, rng: np.random.Generator | None = None) -> Integers:
    """Returns sequences of task 2a as ids [N, p + 1]: x or y, a1 .. a(p-1), and the first again.

    Args:
        count: N, at least 1.
        p: the lag, at least 2.
        rng: the random generator; see `echocell.tasks`.
    """
    _check("sequences_2a", count, p)
    return _framed(np.broadcast_to(np.arange(p - 1), (count, p - 1)), p, generator(rng))


def sequences_2b(count: int, p: int = 100, rng: np.random.Generator | None = None) -> Integers:
    """Returns sequences of task 2b as ids [N, p + 1]: as 2a, with a random middle.

    Args:
        count: N, at least 1.
        p: the lag, at least 2.
        rng: the random generator; see `echocell.tasks`.
    """
    _check("sequences_2b", count, p)
    rng = generator(rng)
    return _framed(random_values((count, p - 1), p - 1, rng), p, rng)


def to_pairs(sequences: ArrayLike) -> tuple[Floats, Floats]:
    """Returns every next symbol as target, one-hot: ids [N, p + 1] -> x and y [N, p, p + 1].

    A sequence of 2a or 2b is as long as its alphabet, so that its length determines p.
    """
    ids = np.asarray(sequences)
    if ids.ndim != 2 or ids.shape[1] < 3:
        raise ValueError(
            f"to_pairs: expected sequences of shape [N, p + 1], p at least 2, "
            f"received shape {ids.shape}"
        )
    encoded = one_hot_encode(ids, ids.shape[1])
    return encoded[:, :-1], encoded[:, 1:]


def generate_2a(
    count: int, p: int = 100, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Returns task 2a, one-hot: x [N, p, p + 1], y [N, p, p + 1], the next symbol at every step.

    The sequences are those of `sequences_2a`.
    """
    return to_pairs(sequences_2a(count, p, rng))


def generate_2b(
    count: int, p: int = 100, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Returns task 2b, one-hot: x [N, p, p + 1], y [N, p, p + 1], the next symbol at every step.

    The sequences are those of `sequences_2b`. The criterion of the paper tests y[:, -1] only.
    """
    return to_pairs(sequences_2b(count, p, rng))


@overload
def generate_2c(
    count: int,
    q: int = ...,
    p: int = ...,
    rng: np.random.Generator | None = ...,
    *,
    one_hot: Literal[False] = ...,
) -> tuple[list[Integers], Floats]: ...


@overload
def generate_2c(
    count: int,
    q: int = ...,
    p: int = ...,
    rng: np.random.Generator | None = ...,
    *,
    one_hot: Literal[True],
) -> tuple[list[Floats], Floats]: ...


def generate_2c(
    count: int,
    q: int = 50,
    p: int = 50,
    rng: np.random.Generator | None = None,
    *,
    one_hot: bool = False,
) -> tuple[list[Integers], Floats] | tuple[list[Floats], Floats]:
    """Returns task 2c: the second symbol has to be kept over q or more random ones.

    Args:
        count: N, at least 1.
        q: the minimum number of random symbols, at least 1.
        p: the number of different random symbols, at least 1.
        rng: the random generator; see `echocell.tasks`.
        one_hot: return x one-hot, float32, as in the paper. At q = p = 1000 a sequence takes
            4 MB, its ids 8 kB. The same rng gives the same sequences.

    Returns:
        x, N arrays of ids [T_k], int64, 0..p+3 (or [T_k, p + 4], float32), T_k at least q + 3:
        b, x or y, the random symbols, e. y [N, 2], float32: x is (1, 0), y is (0, 1).
    """
    check_count("generate_2c: count", count)
    check_count("generate_2c: q", q)
    check_count("generate_2c: p", p)
    rng = generator(rng)
    which = rng.integers(2, size=count)
    # geometric() counts the draws up to the first e, one more than the additional symbols.
    middles = q - 1 + rng.geometric(1 - GO_ON, size=count)
    ends = np.cumsum(middles + 3)
    starts = ends - (middles + 3)
    ids = rng.integers(p, size=int(ends[-1]), dtype=np.int64)  # all sequences, end to end
    ids[starts] = p + 1
    ids[starts + 1] = p + 2 + which
    ids[ends - 1] = p
    y = one_hot_encode(which, 2)
    if one_hot:
        return np.split(one_hot_encode(ids, p + 4), ends[:-1]), y
    return np.split(ids, ends[:-1]), y


def _check(name: str, count: int, p: int) -> None:
    check_count(f"{name}: count", count)
    check_count(f"{name}: p", p, 2)


def _framed(middles: Integers, p: int, rng: np.random.Generator) -> Integers:
    """Returns the middles [N, p - 1] between two x or two y: [N, p + 1]."""
    ends = rng.integers(p - 1, p + 1, size=(len(middles), 1), dtype=np.int64)
    return np.concatenate([ends, middles, ends], axis=1)
