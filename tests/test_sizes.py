"""Sizes that no array can have are errors, not crashes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echocell.layers import GRU, LSTM, Dense, Flatten, Layer, RepeatVector, Reshape
from echocell.models import Sequential


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Reshape((2**32, 2**32, -1), input_shape=(4,))],
        lambda: [Dense(4, input_shape=(2,)), RepeatVector(2**62), Flatten()],
        lambda: [Dense(4, input_shape=(2,)), RepeatVector(2**61), Flatten()],
        lambda: [Dense(2**40, input_shape=(2,))],
        lambda: [LSTM(2**31, input_shape=(2, 3))],
        lambda: [LSTM(2**62, input_shape=(2, 3))],
        lambda: [GRU(2**31, input_shape=(2, 3))],
    ],
    ids=["reshape", "repeat", "repeat-negative", "dense", "lstm", "lstm-wrapped", "gru"],
)
def test_a_size_beyond_reason_is_a_value_error(layers: Callable[[], list[Layer]]) -> None:
    with pytest.raises(ValueError, match=r"too large|expected 1 to"):
        Sequential(layers()).build()
