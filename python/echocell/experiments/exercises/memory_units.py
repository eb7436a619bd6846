"""memory-units: the epochs needed with each number of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echocell.experiments.exercises.memory_task import EXERCISE
from echocell.experiments.exercises.memory_trials import (
    ENOUGH,
    UpdateSchedule,
    trials_table,
    try_each,
)
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.point import Rows, rows_in_blocks
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.sweep import exercise, sweep_outcome
from echocell.experiments.run.sweep_plot import Panel


@dataclass(frozen=True)
class UnitSettings(Settings):
    """Settings of memory-units.

    Attributes:
        units: the varied numbers of units.
        runs: networks at every place, each with its own initial weights.
        epochs: passes over both sequences for each network.
        check_every: epochs between tests.
    """

    units: tuple[int, ...] = (1, 3, 5, 10, 15, 20, 30, 40)
    runs: int = 100
    epochs: int = 1000
    check_every: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        check_each("units", self.units, 1)


def run_units(settings: UnitSettings, run: Run) -> Outcome:
    """Trains networks of each size with the carried state and with whole sequences."""
    ways = {"carried state": True, "whole sequences": False}
    schedules = {
        f"{name}, {units} units": UpdateSchedule(units, one_step)
        for name, one_step in ways.items()
        for units in settings.units
    }
    points = try_each(schedules, settings, run)
    rows = rows_in_blocks(points, list(ways))
    texts = []
    for name, row in rows.items():
        order = sorted(zip(settings.units, row, strict=True), key=lambda pair: pair[0])
        solved = [(units, point) for units, point in order if point.solved]
        units, best = solved[0] if solved else max(order, key=lambda pair: pair[1].accuracy)
        nearest = f"none (at best {best.accuracy:.0f} % of the runs, with {units})"
        found = f"{units} ({best.samples // 2:,} epochs)" if solved else nearest
        texts.append(f"{found} with {name}")
    answer = (
        f"The fewest units with which {ENOUGH:.0f} % of {settings.runs} runs were correct in the "
        f"same test: {'; '.join(texts)}."
    )
    panels = [
        _shares(rows, "units", settings.units),
        Panel.of(
            f"epochs until {ENOUGH:.0f} % of the runs are correct",
            rows,
            "units",
            settings.units,
            of=lambda point: point.samples / 2,
        ),
    ]
    return sweep_outcome(trials_table("training", points), points, answer, panels, run.seed)


def _shares(rows: Rows, axis: str, x: Sequence[float]) -> Panel:
    """Returns the panel of the largest shares of correct runs."""
    series = {name: [(p.accuracy, p.solved) for p in row] for name, row in rows.items()}
    panel = Panel("correct runs in the best test (%)", axis, x, series, log_y=False)
    return panel.with_line(f"{ENOUGH:.0f} % of the runs", ENOUGH)


MEMORY_UNITS = exercise(
    "memory-units",
    "3 0 1 2 3 and 4 0 1 2 4: the fewest units and epochs for 95 correct runs of 100",
    takeaway="How often a network learns a task says more than whether it learned it once.",
    published=EXERCISE,
    settings=UnitSettings(),
    run=run_units,
    takes=20,
)
