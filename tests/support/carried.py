"""Stateful models, each with an equal stateless model, and their data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from echocell.layers import GRU, LSTM, Dense, Input, SimpleRNN
from echocell.models import Sequential

B, T, F = 3, 8, 2
X = np.random.default_rng(8).normal(size=(B, T, F)).astype(np.float32)
Y = np.random.default_rng(9).normal(size=(B, 1)).astype(np.float32)

RECURRENT: dict[str, Callable[..., Any]] = {"lstm": LSTM, "gru": GRU, "simple rnn": SimpleRNN}


def stateful(recurrent: Any = LSTM, **options: Any) -> Sequential:
    model = Sequential(
        [
            recurrent(4, stateful=True, input_shape=(None, F), return_sequences=True),
            recurrent(3, stateful=True),
            Dense(1),
        ],
        **options,
    )
    model.compile("sgd", "mse")
    return model


def stateless_copy(model: Sequential, recurrent: Any) -> Sequential:
    copy = Sequential([Input((None, F)), recurrent(4, return_sequences=True), recurrent(3)])
    copy.add(Dense(1))
    copy.set_weights(model.get_weights())
    copy.compile("sgd", "mse")
    return copy
