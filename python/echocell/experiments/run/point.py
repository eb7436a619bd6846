"""The result at one place of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """The result at one place of a sweep.

    Attributes:
        label: the name of the place in tables and on axes.
        solved: whether the task was learned.
        updates: the updates up to the test without a mistake, or up to the limit if not solved.
        samples: the training samples up to then.
        seconds: the time up to then.
        accuracy: the accuracy of the last test, in percent.
    """

    label: str
    solved: bool
    updates: int
    samples: int
    seconds: float
    accuracy: float

    @property
    def updates_text(self) -> str:
        """The updates, or the exceeded limit."""
        return f"{self.updates:,}" if self.solved else f"over {self.updates:,}"


# The points of one series, or of several by name.
Rows = Mapping[str, Sequence[Point]]


def rows_by_turn(points: Sequence[Point], names: Sequence[str]) -> dict[str, list[Point]]:
    """Splits points into rows by name, where each place has one point of every name in turn."""
    return {name: list(points[k :: len(names)]) for k, name in enumerate(names)}


def rows_in_blocks(points: Sequence[Point], names: Sequence[str]) -> dict[str, list[Point]]:
    """Splits points into rows by name, where all points of a name follow each other."""
    size = len(points) // len(names)
    return {name: list(points[k * size : (k + 1) * size]) for k, name in enumerate(names)}
