"""echo-index: the updates needed for each position of the echoed integer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from echocell.experiments.exercises.echo_task import Case, Limits, train
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    extremes,
    solved_text,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel


@dataclass(frozen=True)
class IndexSettings(Settings):
    """Settings of echo-index.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        units: units of the LSTM.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences.
    """

    length: int = 10
    n_values: int = 10
    units: int = 25
    most_samples: int = 100_000
    check_every: int = 500
    tests: int = 500


def run_index(settings: IndexSettings, run: Run) -> Outcome:
    """Trains once for each position of the echoed integer."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    case = Case(settings.length, settings.n_values, 0, settings.units)
    points = sweep(
        run,
        [(f"position {index}", index) for index in range(settings.length)],
        lambda index, label, rng: train(replace(case, out_index=index), limits, run, label, rng),
    )
    answer = (
        f"{extremes(points)}position 0, read {settings.length - 1} time steps before the end, took "
        f"{points[0].updates_text} updates; {solved_text(points, 'position')}."
    )
    x = list(range(settings.length))
    panels = [
        Panel.updates(points, "position of the echoed integer", x, log_x=False),
        Panel.accuracy(points, "position of the echoed integer", x, log_x=False),
    ]
    return sweep_outcome(updates_table("echo of", points), points, answer, panels, run.seed)


ECHO_INDEX = exercise(
    "echo-index",
    "echo each of ten integers in turn: is the first one the hardest to keep?",
    takeaway="Network and data stay the same; only the position of the echoed integer changes.",
    settings=IndexSettings(),
    run=run_index,
    takes=2,
)
