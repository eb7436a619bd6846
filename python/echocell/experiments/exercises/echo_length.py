"""echo-length: the updates needed at each length of the sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from echocell.experiments.exercises.echo_task import Case, Limits, train
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.point import Point
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    solved_text,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel


@dataclass(frozen=True)
class LengthSettings(Settings):
    """Settings of echo-length.

    Attributes:
        lengths: the varied numbers of integers in a sequence.
        n_values: number of different integers.
        out_index: position of the integer that is the answer.
        units: units of the LSTM.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences.
    """

    FROM_ZERO = ("out_index",)

    lengths: tuple[int, ...] = (5, 10, 25, 50, 100)
    n_values: int = 10
    out_index: int = 2
    units: int = 25
    most_samples: int = 200_000
    check_every: int = 1000
    tests: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.lengths) <= self.out_index:
            raise ValueError(
                f"lengths: expected more than out_index={self.out_index} steps, "
                f"received {min(self.lengths)}"
            )


def run_length(settings: LengthSettings, run: Run) -> Outcome:
    """Trains at each length with the usual bias and with the chrono bias.

    The usual bias is 0, and 1 for the forget gate; the chrono bias lets the untrained gates keep a
    value for as long as the sequence.
    """
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    case = Case(n_values=settings.n_values, out_index=settings.out_index, units=settings.units)
    rows = {}
    for name, suffix, bias in (("usual bias", "", "zeros"), ("chrono bias", ", chrono", "chrono")):
        places = [
            (f"{length} steps{suffix}", replace(case, length=length, bias=bias))
            for length in settings.lengths
        ]
        rows[name] = sweep(
            run, places, lambda place, label, rng: train(place, limits, run, label, rng)
        )
    usual, chrono = (_growth(settings.lengths, points) for points in rows.values())
    answer = (
        f"With the usual bias, {usual}. With chrono bias (Tallec & Ollivier, 2018), which lets "
        "the untrained gates keep a value for up to as many time steps as the sequence has, "
        f"{chrono}"
    )
    axis, x = "sequence length (time steps)", settings.lengths
    panels = [
        Panel.updates(rows, axis, x),
        Panel.accuracy(rows, axis, x),
    ]
    points = [point for row in rows.values() for point in row]
    return sweep_outcome(updates_table("sequence", points), points, answer + ".", panels, run.seed)


def _growth(lengths: Sequence[int], points: Sequence[Point]) -> str:
    """Returns how the updates grow with the length, and which lengths were not learned."""
    solved = [(n, p) for n, p in zip(lengths, points, strict=True) if p.solved]
    text = solved_text(points, "length")
    if len(solved) < 2:
        return text
    (short, first), (long, last) = solved[0], solved[-1]
    return (
        f"{long / short:.3g} times as many time steps took {last.updates / first.updates:.3g} "
        f"times as many updates ({short} steps: {first.updates:,}; {long} steps: "
        f"{last.updates:,}); {text}"
    )


ECHO_LENGTH = exercise(
    "echo-length",
    "echo the third of 5 to 100 integers: how do the updates grow with the length?",
    takeaway=(
        "The value has to be kept over more and more time steps; the initial bias of the gates "
        "decides whether a gradient reaches back that far."
    ),
    settings=LengthSettings(),
    run=run_length,
    takes=26,
)
