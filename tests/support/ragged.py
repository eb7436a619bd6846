"""Sequences of different lengths, their targets and weights, and models that accept them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Flatten,
    Input,
    Masking,
    MemoryBlocks,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential

F, C = 3, 2
LENGTHS = [4, 1, 7, 7, 2, 9, 3, 5, 1, 6, 8, 2]
N, LONGEST = len(LENGTHS), max(LENGTHS)
RNG = np.random.default_rng(12)
X = [RNG.normal(size=(length, F)) for length in LENGTHS]
Y_STEPS = [RNG.normal(size=(length, C)) for length in LENGTHS]
Y_LAST = RNG.normal(size=(N, C))
STEP_WEIGHTS = [RNG.uniform(0.5, 2, size=length) for length in LENGTHS]
WEIGHTS = RNG.uniform(0.5, 2, size=N)
PAD = -77.0
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def padded(rows: list[np.ndarray], value: float = 0.0, to: int = LONGEST) -> np.ndarray:
    result = np.full((len(rows), to, *rows[0].shape[1:]), value)
    for k, row in enumerate(rows):
        result[k, : len(row)] = row
    return result


def a_model(
    *layers: Any, masked: bool = False, dtype: str = "float64", optimizer: Any = "adam"
) -> Sequential:
    """Makes a model with the same weights and random numbers at every call. masked: for padded
    data.
    """
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    first = Masking(PAD) if masked else Activation("linear", name="first")
    np.random.seed(23)
    model = Sequential([Input((None, F)), first, *copies], dtype=dtype)
    model.compile(optimizer, "mse", metrics=["mae"])
    rng = np.random.default_rng(23)
    model.set_weights([rng.normal(size=w.shape) / 3 for w in model.get_weights()])
    return model


STACKS: dict[str, list[Any]] = {
    "lstm": [LSTM(5, return_sequences=True), LSTM(4, return_sequences=True), Dense(C)],
    "lstm, last": [LSTM(5, return_sequences=True), LSTM(4), Dense(C)],
    "gru": [GRU(5, return_sequences=True), TimeDistributed(Dense(C))],
    "gru, last": [GRU(5), Dense(C)],
    "simple rnn": [SimpleRNN(5, return_sequences=True), Dense(C)],
    "both ways": [Bidirectional(LSTM(3, return_sequences=True)), Dense(C)],
    "both ways, last": [Bidirectional(GRU(3)), Dense(C)],
    "backwards": [LSTM(3, go_backwards=True), Dense(C)],
    "dense": [Dense(4), Activation("tanh"), LSTM(3, return_sequences=True), Dense(C)],
    "repeated": [LSTM(4), RepeatVector(3), GRU(2, return_sequences=True), Flatten(), Dense(C)],
}


def targets_of(model: Sequential) -> tuple[Any, np.ndarray]:
    """As a list and padded."""
    if len(model.output_shape) == 3:
        return Y_STEPS, padded(Y_STEPS)
    return Y_LAST, Y_LAST


def assert_close_weights(a: Sequential, b: Sequential, rtol: float = 1e-9) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-11)
