"""Models and data for truncated backpropagation, and a reference that loops over the windows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from echocell.layers import (
    GRU,
    LSTM,
    Dense,
    Dropout,
    Input,
    MemoryBlocks,
    SimpleRNN,
)
from echocell.models import Sequential

N, B, T, F, C = 6, 3, 11, 3, 2
RNG = np.random.default_rng(41)
X = RNG.normal(size=(N, T, F))
Y_STEPS = RNG.normal(size=(N, T, C))
Y_LAST = RNG.normal(size=(N, C))
WEIGHTS = RNG.uniform(0.5, 2.0, size=(N, T))
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def a_model(
    per_step: bool = True,
    stateful: bool = False,
    recurrent: Any = LSTM,
    dropout: float = 0.0,
    first: Any = None,
    dtype: str = "float64",
) -> Sequential:
    """Makes two recurrent layers and a Dense, with the same weights and random numbers every
    time.
    """
    np.random.seed(17)
    model = Sequential(
        [
            Input((None, F), batch_size=B if stateful else None),
            *([] if first is None else [first]),
            recurrent(5, return_sequences=True, stateful=stateful, recurrent_dropout=dropout),
            Dropout(dropout),
            recurrent(4, return_sequences=per_step, stateful=stateful, dropout=dropout),
            Dense(C),
        ],
        dtype=dtype,
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def assert_same_weights(a: Sequential, b: Sequential) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def assert_same_states(a: Sequential, b: Sequential) -> None:
    for layer_a, layer_b in zip(a.get_states(), b.get_states(), strict=True):
        for ours, theirs in zip(layer_a, layer_b, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def segments(k: int, short_first: bool = False, total: int = T) -> list[slice]:
    first = total % k if short_first and total % k else k
    edges = [0, *range(first, total, k), total]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def by_hand(
    twin: Sequential, k: int, epochs: int, forget: bool = True
) -> list[tuple[float, float]]:
    """Computes fit(shuffle=False, batch_size=B, bptt_steps=k) with an equal stateful model.

    Returns the loss and the metric of each epoch.
    """
    history = []
    for _ in range(epochs):
        rows = []
        for first in range(0, N, B):
            batch = slice(first, first + B)
            if forget:
                twin.reset_states()
            for steps in segments(k):
                loss = twin.train_on_batch(
                    X[batch, steps], Y_STEPS[batch, steps], sample_weight=WEIGHTS[batch, steps]
                )
                rows.append((steps.stop - steps.start, *loss))
        table = np.array(rows)
        means = np.average(table[:, 1:], axis=0, weights=table[:, 0])
        history.append((float(means[0]), float(means[1])))
    return history


def padded(lengths: list[int], in_front: bool) -> tuple[np.ndarray, np.ndarray]:
    x, valid = X.copy(), np.arange(T) < np.array(lengths)[:, None]
    if in_front:
        valid = valid[:, ::-1]
    x[~valid] = 0.0
    return x, valid
