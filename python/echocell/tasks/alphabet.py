"""Alphabet: return the next letter.

After Jason Brownlee, "Understanding Stateful LSTM Recurrent Neural Networks in Python with Keras"
(2016). The input is a number for each letter, its place divided by 26; the output is one-hot. The
letters before the answer are a single letter, several features of one step, or several steps of one
feature.

Legend: N samples, K = length, the number of letters of a sample.
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
    """Returns the places in the alphabet: "AZ" -> [0, 25].

    Raises:
        ValueError: for characters other than A..Z.
    """
    for letter in letters:
        if letter not in ALPHABET:
            raise ValueError(f"to_values: expected letters A..Z, received {letter!r}")
    return np.array([ALPHABET.index(letter) for letter in letters], dtype=np.int64)


def to_letters(values: Iterable[int]) -> str:
    """Returns the letters at the given places: [0, 25] -> "AZ".

    Raises:
        ValueError: for places outside 0..25.
    """
    places = [int(value) for value in values]
    for place in places:
        if not 0 <= place < len(ALPHABET):
            raise ValueError(f"to_letters: expected places 0..25, received {place}")
    return "".join(ALPHABET[place] for place in places)


def generate_windows(length: int = 1) -> tuple[Integers, Integers]:
    """Returns every window of `length` letters and the letter that follows it.

    Returns:
        Places in the alphabet, x [N, K] and y [N], N = 26 - length. For length 3: ABC -> D,
        BCD -> E, ..., WXY -> Z.
    """
    check_count("generate_windows: length", length)
    if length >= len(ALPHABET):
        raise ValueError(f"generate_windows: expected length 1..25, received {length}")
    places = np.arange(len(ALPHABET), dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(places, length)[:-1]
    return windows.copy(), places[length:]


def as_features(windows: ArrayLike) -> Floats:
    """Returns the letters of a window as features of one step: [N, K] -> [N, 1, K], places / 26."""
    return _scaled(windows)[:, np.newaxis, :]


def as_steps(windows: ArrayLike) -> Floats:
    """Returns the letters of a window as steps of one feature: [N, K] -> [N, K, 1], places / 26."""
    return _scaled(windows)[:, :, np.newaxis]


def _scaled(windows: ArrayLike) -> Floats:
    array = np.asarray(windows)
    if array.ndim != 2:
        raise ValueError(f"expected windows of shape [N, K], received shape {array.shape}")
    return (array / len(ALPHABET)).astype(np.float32)
