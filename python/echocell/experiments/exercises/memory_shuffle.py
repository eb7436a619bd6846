"""memory-shuffle: sequences in a fixed or a shuffled order, and shuffled single steps."""

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


def _change(before: float, after: float) -> str:
    """Returns how a percentage changed."""
    old, new = f"{before:.0f} %", f"{after:.0f} %"
    return f"left it at {old}" if old == new else f"changed it from {old} to {new}"


def run_shuffle(settings: TrialSettings, run: Run) -> Outcome:
    """Trains on sequences in a fixed and a shuffled order, and on shuffled single steps."""
    schedules = {
        "carried state, fixed order": UpdateSchedule(settings.units, True),
        "carried state, shuffled": UpdateSchedule(settings.units, True, shuffled=True),
        "whole sequences, fixed order": UpdateSchedule(settings.units, False),
        "whole sequences, shuffled": UpdateSchedule(settings.units, False, shuffled=True),
        "single steps, shuffled": UpdateSchedule(
            settings.units, True, shuffled=True, separated=True
        ),
    }

    def answer(points: Mapping[str, Point]) -> str:
        shares = {name: point.accuracy for name, point in points.items()}
        changes = (
            f"{_change(shares[f'{way}, fixed order'], shares[f'{way}, shuffled'])} with {text}"
            for way, text in (
                ("carried state", "the carried state"),
                ("whole sequences", "whole sequences"),
            )
        )
        return (
            "The share of correct runs in the best test: shuffling the sequences "
            f"{', and '.join(changes)}; with single steps shuffled, the share was "
            f"{shares['single steps, shuffled']:.0f} %."
        )

    return run_schedules("order", schedules, settings, run, answer)


MEMORY_SHUFFLE = exercise(
    "memory-shuffle",
    "3 0 1 2 3 and 4 0 1 2 4 in a fixed or a shuffled order: does the order matter?",
    takeaway="Shuffling sequences keeps the order of their steps; shuffling single steps does not.",
    published=EXERCISE,
    settings=TrialSettings(),
    run=run_shuffle,
    takes=7,
)
