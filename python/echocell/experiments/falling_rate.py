"""A learning rate that falls exponentially over a training."""

from __future__ import annotations

# The learning rate at the end, as a share of that at the beginning.
FINAL_RATE = 0.01


def falling_rate(first: float, done: float) -> float:
    """The rate after a share `done` of the training, 0..1: from `first` to FINAL_RATE of it."""
    return float(first * FINAL_RATE**done)
