"""What the exercises share: training until every answer is correct, and sweeps over a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell.experiments.run import sweep_plot
from echocell.experiments.run.base import Outcome, Published, Run, Training, share_right
from echocell.experiments.run.journal import Result
from echocell.models import Sequential
from echocell.tasks.encoding import Floats, one_hot_decode

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic
    from echocell.experiments.run.sweep_plot import Bars, Panel

EXERCISE = Published(
    "none (open exercise)",
    'Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), among its '
    '"Extensions"',
)

UPDATES_NEEDED = "updates until every test answer is correct"

# Settings that an answer names one by one.
MOST_NAMED = 4

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
        """The updates, or the limit that was not enough."""
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
    reset_every: int = 0,
) -> Result:
    """Trains on what `draw` gives until all of `test` is answered rightly, or up to most_updates.

    test is looked at after every check_every updates; so the updates needed are known to so many.
    An answer that is a row of zeros is none and not looked at. reset_every: for a stateful model,
    the samples after which its state is forgotten; 0: no state is carried. Gives the fields of a
    Point but its label.
    """
    asked = test[1].any(axis=-1)
    expected = one_hot_decode(test[1])[asked]
    before = run.updates, run.seconds
    accuracy, samples = 0.0, 0
    with run.training(most_updates, label) as training:
        while training.updates < most_updates and accuracy < 100:
            x, y = draw(min(check_every, most_updates - training.updates) * batch_size)
            if reset_every:
                _fit_carried(training, model, x, y, batch_size, reset_every)
                outputs = _predict_carried(model, test[0], batch_size, reset_every)
            else:
                training.fit_once(model, x, y, batch_size=batch_size)
                outputs = model.predict(test[0], verbose=0)
            samples += len(x)
            accuracy = share_right(expected, one_hot_decode(outputs)[asked])
    return {
        "solved": accuracy == 100,
        "updates": run.updates - before[0],
        "samples": samples,
        "seconds": run.seconds - before[1],
        "accuracy": accuracy,
    }


def _fit_carried(
    training: Training, model: Sequential, x: Floats, y: Floats, batch_size: int, reset_every: int
) -> None:
    for start in range(0, len(x), reset_every):
        part = slice(start, start + reset_every)
        training.fit(model, x[part], y[part], batch_size=batch_size, shuffle=False)
        model.reset_states()


def _predict_carried(model: Sequential, x: Floats, batch_size: int, reset_every: int) -> Floats:
    outputs = []
    for start in range(0, len(x), reset_every):
        part = x[start : start + reset_every]
        outputs.append(model.predict(part, batch_size=batch_size, verbose=0))
        model.reset_states()
    return np.concatenate(outputs)


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
    """The column "ours" of a sweep: in how many of its settings the task was learned."""
    solved = statistics["solved"]
    places = sum(name.startswith("updates, ") for name in statistics)
    if solved.count > 1:
        return f"learned in {solved.text(0)} % of {places} settings"
    return f"learned in {solved.mean * places / 100:.0f} of {places} settings"


def updates_table(what: str, points: Sequence[Point]) -> list[list[str]]:
    """Heads and rows: what it took at each place."""
    heads = [what, "updates to 100 %", "samples", "seconds", "accuracy in the last test"]
    rows = [
        [p.label, p.updates_text, f"{p.samples:,}", f"{p.seconds:.2f}", f"{p.accuracy:.1f} %"]
        for p in points
    ]
    return [heads, *rows]


def outcome(
    table: Sequence[Sequence[str]],
    points: Sequence[Point],
    answer: str,
    panels: Sequence[Panel | Bars],
    seed: int,
) -> Outcome:
    """What a sweep reports: its table, its picture, and the answer, a sentence."""
    answer = answer[0].upper() + answer[1:]

    def draw(title: str) -> Figure:
        return sweep_plot.plot_sweep(f"{title}\n{answer}", panels)

    return Outcome(
        figures(points),
        draw,
        perfect=all(point.solved for point in points),
        notes=(f"Answer (seed {seed}): {answer}",),
        table=table,
    )


def solved_text(points: Sequence[Point], what: str) -> str:
    """Which places were not solved. what: one of them."""
    failed = [point for point in points if not point.solved]
    if not failed:
        return f"every {what} was learned"
    which = f"no {what} was learned"
    if len(failed) < len(points):
        verb = "was" if len(failed) == 1 else "were"
        which = f"{len(failed)} of {len(points)} settings {verb} not learned"
    within = f"{which} within the limit (accuracy in the last test"
    if len(failed) <= MOST_NAMED:
        return f"{within}: {', '.join(f'{p.accuracy:.1f} % for {p.label}' for p in failed)})"
    low, high = (choose(p.accuracy for p in failed) for choose in (min, max))
    return f"{within}: {low:.1f} % to {high:.1f} %)"


def extremes(points: Sequence[Point]) -> str:
    """Which of the places that were solved took the fewest updates and which the most; empty where
    none was.
    """
    solved = [point for point in points if point.solved]
    if not solved:
        return ""
    least, most = (choose(solved, key=lambda p: p.updates) for choose in (min, max))
    if len(solved) == 1:
        return f"{least.label} took {least.updates:,} updates; "
    if least.updates == most.updates:
        return f"{len(solved)} settings took {least.updates:,} updates each; "
    return (
        f"{least.label} took the fewest updates ({least.updates:,}) and {most.label} the most "
        f"({most.updates:,}); "
    )
