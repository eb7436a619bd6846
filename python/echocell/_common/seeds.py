"""The source of seeds for initial weights, shuffles and dropout that are given none.

From NumPy's global generator, so that `numpy.random.seed(n)` makes a run repeatable, until the
library gets a seed of its own: TensorFlow's `random.set_seed` leaves NumPy's generator alone.
"""

from __future__ import annotations

import operator

import numpy as np

_own: np.random.RandomState | None = None


def generator() -> np.random.RandomState:
    """The generator to draw from now."""
    return np.random.mtrand._rand if _own is None else _own


def fresh_seed() -> int:
    """A seed for a generator of its own, 0 <= seed < 2**31."""
    return int(generator().randint(0, 2**31 - 1))


def set_own_seed(seed: int) -> None:
    """Starts a generator of the library's own; from now on NumPy's is left alone.

    Args:
        seed: any integer of 64 bits.

    Raises:
        TypeError: the seed is no integer.
        ValueError: it has more than 64 bits.
    """
    global _own
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"set_seed: expected an integer, received {seed!r}") from None
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"set_seed: expected an integer of 64 bits, received {seed}")
    bits = np.random.MT19937(np.random.SeedSequence(number % 2**64))
    _own = np.random.RandomState(bits)


def follow_numpy() -> None:
    """Draws from NumPy's global generator again, as at the start."""
    global _own
    _own = None
