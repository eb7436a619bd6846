"""Learning rates that fall over a training."""

from __future__ import annotations

from collections.abc import Iterator

from echocell.models import Sequential

# The exponential rate at the end of the training, as a share of that at the beginning.
FINAL_RATE = 0.01
PARTS = 50  # of a training: after each of them the linear rate falls


def exponential(first: float, done: float) -> float:
    """The rate after a share `done` of the training, 0..1: from `first` to FINAL_RATE of it."""
    return float(first * FINAL_RATE**done)


def linear(model: Sequential, updates: int) -> Iterator[int]:
    """Parts of a training of so many updates, each as its number of updates; the learning rate of
    the model's optimizer falls from part to part, from what it is to just above 0.

    Raises ValueError for a model that is not compiled.
    """
    optimizer = model.optimizer
    if optimizer is None:
        raise ValueError("falling_rate.linear: expected a compiled model")
    rate, parts = float(optimizer.learning_rate), min(PARTS, updates)
    for part in range(parts):
        optimizer.learning_rate = rate * (1 - part / parts)
        yield updates * (part + 1) // parts - updates * part // parts
