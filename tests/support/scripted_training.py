"""Callbacks without a training: the losses are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from echocell import optimizers
from echocell.callbacks import (
    CallbackList,
)


class Model:
    """The interface of a model for callbacks. Its only weight is the number of trained epochs."""

    def __init__(self) -> None:
        self.optimizer = optimizers.SGD(1.0)
        self.metrics: list[Any] = []
        self.stop_training = False
        self.weight = 0.0
        self.saved: list[str] = []

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(self.weight)]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight = float(weights[0])

    def save(self, path: str) -> None:
        self.saved.append(path)

    def save_weights(self, path: str) -> None:
        self.saved.append(f"weights:{path}")


def train(
    callback: Any, epochs: list[dict[str, float]], model: Model | None = None, batches: int = 2
) -> Model:
    """Calls fit's hooks with these logs."""
    model = Model() if model is None else model
    model.stop_training = False
    each = CallbackList(callback, model, {"epochs": len(epochs), "steps": batches, "verbose": 0})
    each.on_train_begin()
    for epoch, logs in enumerate(epochs):
        each.on_epoch_begin(epoch)
        for batch in range(batches):
            each.on_train_batch_begin(batch)
            each.on_train_batch_end(batch, dict(logs))
        model.weight = epoch + 1
        each.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    each.on_train_end()
    return model


def losses(*values: float) -> list[dict[str, float]]:
    return [{"loss": value} for value in values]
