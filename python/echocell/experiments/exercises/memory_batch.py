"""memory-batch: an update after each step, after each sequence, or after both sequences."""

from __future__ import annotations

from collections.abc import Mapping

from echocell.experiments.exercises.memory_task import EXERCISE
from echocell.experiments.exercises.memory_trials import (
    TrialSettings,
    UpdateSchedule,
    run_schedules,
)
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.point import Point
from echocell.experiments.run.running import Run
from echocell.experiments.run.sweep import exercise


def run_batch(settings: TrialSettings, run: Run) -> Outcome:
    """Trains with an update for each step, for each sequence, or for both sequences."""
    schedules = {
        "each step": UpdateSchedule(settings.units, True),
        "each step of both sequences": UpdateSchedule(settings.units, True, batch_size=2),
        "each sequence": UpdateSchedule(settings.units, False),
        "both sequences": UpdateSchedule(settings.units, False, batch_size=2),
    }

    def answer(points: Mapping[str, Point]) -> str:
        solved = {name: point for name, point in points.items() if point.solved}
        if not solved:
            return "No frequency of updates was sufficient."
        best = min(solved, key=lambda name: solved[name].updates)
        return f"An update after {best} took the fewest updates ({solved[best].updates:,})."

    return run_schedules("an update after", schedules, settings, run, answer)


MEMORY_BATCH = exercise(
    "memory-batch",
    "3 0 1 2 3 and 4 0 1 2 4: an update after each step, each sequence, or both sequences",
    takeaway="An update after a sequence sees all of it, and its gradient reaches the first value.",
    published=EXERCISE,
    settings=TrialSettings(),
    run=run_batch,
    takes=5,
)
