"""echo-alphabet: the updates needed for each number of different integers."""

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
class AlphabetSettings(Settings):
    """Settings of echo-alphabet.

    Attributes:
        alphabets: the varied numbers of different integers.
        length: integers in a sequence.
        out_index: position of the integer that is the answer.
        units: units of the LSTM.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences.
    """

    FROM_ZERO = ("out_index",)

    alphabets: tuple[int, ...] = (10, 25, 50, 100)
    length: int = 5
    out_index: int = 2
    units: int = 25
    most_samples: int = 200_000
    check_every: int = 500
    tests: int = 500


def run_alphabet(settings: AlphabetSettings, run: Run) -> Outcome:
    """Trains with each number of different integers."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    case = Case(length=settings.length, out_index=settings.out_index, units=settings.units)
    points = sweep(
        run,
        [(f"{count} values", count) for count in settings.alphabets],
        lambda count, label, rng: train(replace(case, n_values=count), limits, run, label, rng),
    )
    answer = f"{extremes(points)}{solved_text(points, 'alphabet')}."
    panels = [
        Panel.updates(points, "values in the alphabet", settings.alphabets),
        Panel.accuracy(points, "values in the alphabet", settings.alphabets),
    ]
    return sweep_outcome(updates_table("alphabet", points), points, answer, panels, run.seed)


ECHO_ALPHABET = exercise(
    "echo-alphabet",
    "echo one integer out of 10 to 100: does a larger alphabet take more updates?",
    takeaway=(
        "There are more values to distinguish, with the same number of units and the same lag."
    ),
    settings=AlphabetSettings(),
    run=run_alphabet,
    takes=0.5,
)
