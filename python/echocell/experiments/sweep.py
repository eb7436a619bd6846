"""What the exercises share: training until nothing is wrong, and the sweep over a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell.experiments.base import Run, share_right
from echocell.experiments.journal import Result
from echocell.models import Sequential
from echocell.tasks.encoding import Floats, one_hot_decode

if TYPE_CHECKING:
    from echocell.experiments.statistics import Statistic

# Draws so many samples: x and one-hot answers y.
Draw = Callable[[int], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Point:
    """What came out at one place of a sweep.

    label: of the place, as tables and axes show it. updates, samples, seconds: of the training, up
    to the test without a mistake, or up to the limit where `solved` is false. accuracy: of the last
    test, in percent.
    """

    label: str
    solved: bool
    updates: int
    samples: int
    seconds: float
    accuracy: float

    @property
    def updates_text(self) -> str:
        """The updates, or that they were not enough."""
        return f"{self.updates:,}" if self.solved else f"over {self.updates:,}"


def train_until_right(
    model: Sequential,
    draw: Draw,
    test: tuple[Floats, Floats],
    run: Run,
    *,
    label: str,
    most_updates: int,
    check_every: int,
    batch_size: int = 1,
) -> Result:
    """Trains on what `draw` gives until all of `test` is answered rightly, or up to most_updates.

    test is looked at after every check_every updates; so the updates needed are known to so many.
    Gives the fields of a Point but its label.
    """
    expected = one_hot_decode(test[1])
    before = run.updates, run.seconds
    accuracy, samples = 0.0, 0
    with run.training(most_updates, label) as training:
        while training.updates < most_updates and accuracy < 100:
            x, y = draw(min(check_every, most_updates - training.updates) * batch_size)
            training.fit_once(model, x, y, batch_size=batch_size)
            samples += len(x)
            accuracy = share_right(expected, one_hot_decode(model.predict(test[0], verbose=0)))
    return {
        "solved": accuracy == 100,
        "updates": run.updates - before[0],
        "samples": samples,
        "seconds": run.seconds - before[1],
        "accuracy": accuracy,
    }


def sweep(
    run: Run,
    places: Iterable[tuple[str, Any]],
    train: Callable[[Any, str, np.random.Generator], Result],
) -> list[Point]:
    """train(value, label, rng) at every (label, value), each a piece of the run."""
    points = []
    for label, value in places:
        result = run.once(label, partial(train, value, label))
        points.append(Point(label, **result))
    return points


def figures(points: Sequence[Point]) -> dict[str, float]:
    """The share of the places that were solved, in percent, and the updates at each."""
    solved = 100.0 * sum(point.solved for point in points) / len(points)
    return {"solved": solved, **{f"updates, {p.label}": float(p.updates) for p in points}}


def solved_headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours" of a sweep."""
    return f"{statistics['solved'].text(0)} % solved"


def updates_table(what: str, points: Sequence[Point]) -> list[list[str]]:
    """Heads and rows: what it took at each place."""
    heads = [what, "updates to 100 %", "samples", "seconds", "accuracy at the end"]
    rows = [
        [p.label, p.updates_text, f"{p.samples:,}", f"{p.seconds:.2f}", f"{p.accuracy:.1f} %"]
        for p in points
    ]
    return [heads, *rows]
