"""Alphabet: give the letter that follows.

After Jason Brownlee, "Understanding Stateful LSTM Recurrent Neural Networks in Python with Keras"
(2016). A letter goes in as one number, its place divided by 26, and comes out one-hot. The letters
before the answer are given as one letter, as several features of one step, or as several steps of
one feature.

Legend: N samples, K = length, the number of letters given.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import Floats, Integers, check_count, one_hot_decode, one_hot_encode

__all__ = [
    "ALPHABET",
    "as_features",
    "as_steps",
    "generate_windows",
    "one_hot_decode",
    "one_hot_encode",
    "to_letters",
    "to_values",
]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def to_values(letters: str) -> Integers:
    """Places in the alphabet, 0..25: "AZ" -> [0, 25]. Raises ValueError for other characters."""
    for letter in letters:
        if letter not in ALPHABET:
            raise ValueError(f"to_values: expected letters A..Z, received {letter!r}")
    return np.array([ALPHABET.index(letter) for letter in letters], dtype=np.int64)


def to_letters(values: Iterable[int]) -> str:
    """The letters at these places: [0, 25] -> "AZ". Raises ValueError outside 0..25."""
    places = [int(value) for value in values]
    for place in places:
        if not 0 <= place < len(ALPHABET):
            raise ValueError(f"to_letters: expected places 0..25, received {place}")
    return "".join(ALPHABET[place] for place in places)


def generate_windows(length: int = 1) -> tuple[Integers, Integers]:
    """Every run of `length` letters that is followed by another, and the letter that follows.

    Given as places in the alphabet: x [N, K], y [N], N = 26 - length; for length 3 ABC -> D,
    BCD -> E, ..., WXY -> Z.
    """
    check_count("generate_windows: length", length)
    if length >= len(ALPHABET):
        raise ValueError(f"generate_windows: expected length 1..25, received {length}")
    places = np.arange(len(ALPHABET), dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(places, length)[:-1]
    return windows.copy(), places[length:]


def as_features(windows: ArrayLike) -> Floats:
    """The letters of a window as features of one step: [N, K] -> [N, 1, K], places / 26."""
    return _scaled(windows)[:, np.newaxis, :]


def as_steps(windows: ArrayLike) -> Floats:
    """The letters of a window as steps of one feature: [N, K] -> [N, K, 1], places / 26."""
    return _scaled(windows)[:, :, np.newaxis]


def _scaled(windows: ArrayLike) -> Floats:
    array = np.asarray(windows)
    if array.ndim != 2:
        raise ValueError(f"expected windows of shape [N, K], received shape {array.shape}")
    return (array / len(ALPHABET)).astype(np.float32)
