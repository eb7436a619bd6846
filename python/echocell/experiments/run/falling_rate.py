"""Learning rates that decrease over a training."""

from __future__ import annotations

from collections.abc import Iterator

from echocell.models import Sequential

# The final exponential rate as a share of the initial one.
FINAL_RATE = 0.01
PARTS = 50  # the number of steps of the linear rate


def exponential(first: float, done: float) -> float:
    """Returns the rate after a share `done` of the training (0..1), from `first` to 1 % of it."""
    return float(first * FINAL_RATE**done)


def linear(model: Sequential, updates: int) -> Iterator[int]:
    """Yields the parts of a training as numbers of updates, and lowers the rate from part to part.

    The learning rate of the model's optimizer decreases linearly from its current value to just
    above 0.

    Args:
        model: a compiled model.
        updates: the updates of the whole training.

    Raises:
        ValueError: if the model is not compiled.
    """
    optimizer = model.optimizer
    if optimizer is None:
        raise ValueError("falling_rate.linear: expected a compiled model")
    rate, parts = float(optimizer.learning_rate), min(PARTS, updates)
    for part in range(parts):
        optimizer.learning_rate = rate * (1 - part / parts)
        yield updates * (part + 1) // parts - updates * part // parts
