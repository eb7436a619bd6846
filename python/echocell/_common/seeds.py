"""Draws the seeds of initial weights, shuffles and dropout for which none is given.

They come from NumPy's global generator, so that `numpy.random.seed(n)` makes a run repeatable.
TensorFlow's `random.set_seed` does not affect NumPy; after it they come from a separate generator.
"""

from __future__ import annotations

import operator

import numpy as np

_own: np.random.RandomState | None = None


def generator() -> np.random.RandomState:
    """Returns the generator that seeds are currently drawn from."""
    return np.random.mtrand._rand if _own is None else _own


def fresh_seed() -> int:
    """Draws a seed for a new generator, 0 <= seed < 2**31."""
    return int(generator().randint(0, 2**31 - 1))


def set_own_seed(seed: int) -> None:
    """Switches to a generator of the library, independent of NumPy's.

    Args:
        seed: an integer of 64 bits.

    Raises:
        TypeError: the seed is not an integer.
        ValueError: the seed has more than 64 bits.
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
    """Switches back to NumPy's global generator, the default."""
    global _own
    _own = None
