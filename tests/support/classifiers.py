"""A small classifier and its data, for the tests of models."""

from __future__ import annotations

from typing import Any

import numpy as np

from echocell.layers import LSTM, Dense
from echocell.models import Sequential

N, T, F, C = 12, 5, 3, 4
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, T, F)).astype(np.float32)
LABELS = RNG.integers(0, C, N)
Y = np.eye(C, dtype=np.float32)[LABELS]


def classifier(**options: Any) -> Sequential:
    model = Sequential([LSTM(6, input_shape=(T, F)), Dense(C, activation="softmax")], **options)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["acc"])
    return model


def assert_all_equal(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)
