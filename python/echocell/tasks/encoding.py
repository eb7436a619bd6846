"""One-hot encoding, random numbers and unequal lengths for the tasks.

Legend: n_values is the size of the alphabet; values are the integers 0..n_values-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """Returns rng, or for None a new generator seeded from NumPy's global generator."""
    if rng is not None:
        return rng
    return np.random.default_rng(np.random.randint(2**31, size=4))


def check_count(name: str, value: int, minimum: int = 1) -> None:
    """Raises ValueError unless value is at least minimum; the message starts with name."""
    if value < minimum:
        raise ValueError(f"{name}: expected at least {minimum}, received {value}")


def one_hot_encode(values: ArrayLike, n_values: int) -> Floats:
    """Returns integers of any shape [...] as one-hot rows [..., n_values], float32.

    Raises:
        ValueError: if a value is not in 0..n_values-1.
        TypeError: if the values are not integers.
    """
    check_count("one_hot_encode: n_values", n_values)
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros((*array.shape, n_values), dtype=np.float32)
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"one_hot_encode: expected integers, received dtype {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= n_values:
        raise ValueError(
            f"one_hot_encode: expected values 0..{n_values - 1}, "
            f"received {low if low < 0 else high}"
        )
    encoded = np.zeros((*array.shape, n_values), dtype=np.float32)
    np.put_along_axis(encoded, array[..., np.newaxis], 1.0, axis=-1)
    return encoded


def one_hot_decode(encoded: ArrayLike) -> Integers:
    """Returns the index of the maximum of each row: [..., n_values] -> [...], int64.

    The rows may be one-hot or predicted probabilities.
    """
    array: NDArray[Any] = np.asarray(encoded)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"one_hot_decode: expected rows of at least one number, received shape {array.shape}"
        )
    return np.asarray(np.argmax(array, axis=-1), dtype=np.int64)


def random_values(
    shape: int | Sequence[int], n_values: int, rng: np.random.Generator | None = None
) -> Integers:
    """Returns integers drawn uniformly from 0..n_values-1, int64, of the given shape."""
    check_count("n_values", n_values)
    return generator(rng).integers(n_values, size=shape, dtype=np.int64)


def random_between(
    low: int, high: int, count: int, rng: np.random.Generator | None = None
) -> Integers:
    """Returns `count` integers drawn uniformly from low..high, both included: int64 [count]."""
    return generator(rng).integers(low, high, size=count, dtype=np.int64, endpoint=True)


def cut(padded: Floats, lengths: Integers) -> list[Floats]:
    """Returns the first lengths[k] steps of each row: [N, T, ...] -> N views [T_k, ...]."""
    return [row[:length] for row, length in zip(padded, lengths.tolist(), strict=True)]
