"""Trials of the memory task with many initial weights: the share of successful runs.

From Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python"
(2017), section "Extensions": fewer units and epochs, larger batches, a shuffled order. The network
is that of the experiment `memory`. A place counts as solved where 95 % of the runs predict all
eight next values.

The carried state is trained by truncated backpropagation over one step. This is the arithmetic of a
stateful layer that reads one step at a time and is reset after each sequence; a test compares both.

Legend: B samples, T time steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Point
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import sweep, sweep_outcome
from echocell.experiments.run.sweep_plot import Bars
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import memory
from echocell.tasks.encoding import Floats, one_hot_decode

# A place counts as solved if this share of the runs is correct, in percent.
ENOUGH = 95.0
UPDATES_NEEDED = f"updates until {ENOUGH:.0f} % of the runs are correct"
STEPS = len(memory.SEQUENCES[0]) - 1


@dataclass(frozen=True)
class UpdateSchedule:
    """The division of a training into updates.

    Attributes:
        units: units of the LSTM.
        one_step: whether there is an update for each step and gradients go back no further;
            otherwise whole sequences are trained.
        batch_size: sequences per batch, 1 or 2.
        shuffled: whether the order of the sequences is drawn in every epoch.
        separated: whether each step is a sequence of its own.
    """

    units: int
    one_step: bool
    batch_size: int = 1
    shuffled: bool = False
    separated: bool = False

    @property
    def updates_per_epoch(self) -> int:
        """The updates of one pass over both sequences."""
        steps = STEPS if self.one_step or self.separated else 1
        return steps * (2 // self.batch_size)


def build(units: int) -> Sequential:
    """Returns the network of `memory` for whole sequences: [B, T, 5] -> next values [B, T, 5]."""
    model = Sequential()
    model.add(LSTM(units, return_sequences=True, input_shape=(None, memory.N_VALUES)))
    model.add(Dense(memory.N_VALUES, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


def both_sequences() -> tuple[Floats, Floats]:
    """Returns the inputs x [2, 4, 5] and the next values y [2, 4, 5]."""
    return memory.to_steps(memory.SEQUENCES)


def fit(model: Sequential, schedule: UpdateSchedule, epochs: int) -> None:
    """Trains on both sequences with the schedule."""
    x, y = both_sequences()
    if schedule.separated:
        x, y = (part.reshape(-1, 1, memory.N_VALUES) for part in (x, y))
    model.fit(
        x,
        y,
        batch_size=schedule.batch_size,
        bptt_steps=1 if schedule.one_step and not schedule.separated else None,
        shuffle=schedule.shuffled,
        epochs=epochs,
        verbose=0,
    )


class TrialLimits(Protocol):
    """The settings that `try_often` reads."""

    @property
    def runs(self) -> int:
        """The number of networks."""

    @property
    def epochs(self) -> int:
        """The passes over both sequences."""

    @property
    def check_every(self) -> int:
        """The epochs between tests."""


@dataclass(frozen=True)
class TrialSettings(Settings):
    """Settings of memory-batch and memory-shuffle.

    Attributes:
        runs: networks at every place, each with its own initial weights.
        units: units of the LSTM.
        epochs: passes over both sequences for each network.
        check_every: epochs between tests.
    """

    runs: int = 100
    units: int = 20
    epochs: int = 1000
    check_every: int = 50


def try_often(schedule: UpdateSchedule, settings: TrialLimits, run: Run, label: str) -> Result:
    """Trains several networks from different initial weights.

    Returns:
        The fields of a Point except its label, per network. `solved`: in one of the tests, a share
        of ENOUGH networks was correct; `updates`, `samples` and `seconds` count up to the first
        such test, or to the end. `accuracy`: the largest share of networks that were correct in
        the same test, in percent.
    """
    x, y = both_sequences()
    expected = one_hot_decode(y)
    rounds = max(1, settings.epochs // settings.check_every)
    per_round = settings.check_every * schedule.updates_per_epoch
    right = np.zeros((settings.runs, rounds), bool)
    before = run.seconds
    with run.training(settings.runs * rounds * per_round, label) as training:
        for trial in right:
            model = build(schedule.units)
            for k in range(rounds):
                fit(model, schedule, settings.check_every)
                training.count(per_round)
                predicted = one_hot_decode(model.predict(x, verbose=0))
                trial[k] = np.array_equal(predicted, expected)
    shares = 100 * right.mean(axis=0)
    enough = np.flatnonzero(shares >= ENOUGH)
    needed = int(enough[0]) + 1 if len(enough) else rounds
    return {
        "solved": len(enough) > 0,
        "updates": needed * per_round,
        "samples": 2 * needed * settings.check_every,
        "seconds": (run.seconds - before) / settings.runs * needed / rounds,
        "accuracy": float(shares.max()),
    }


def trials_table(what: str, points: Sequence[Point]) -> list[list[str]]:
    """Returns the headings, the first of which is `what`, and a row for each point."""
    headings = [what, "epochs", "updates", "ms per run", "correct runs in the best test"]
    rows = [
        [
            p.label,
            f"{'' if p.solved else 'over '}{p.samples // 2:,}",
            p.updates_text,
            f"{1000 * p.seconds:.1f}",
            f"{p.accuracy:.0f} %",
        ]
        for p in points
    ]
    return [headings, *rows]


def try_each(
    schedules: Mapping[str, UpdateSchedule], settings: TrialLimits, run: Run
) -> list[Point]:
    """Returns the point of each schedule."""
    return sweep(
        run,
        schedules.items(),
        lambda schedule, label, rng: try_often(schedule, settings, run, label),
    )


def _summary(point: Point) -> str:
    """Returns the cost of the training, or the best share of correct runs."""
    if point.solved:
        return f"{point.label}, {point.samples // 2:,} epochs ({point.updates:,} updates)"
    return f"{point.label}, not reached (at best {point.accuracy:.0f} % of the runs)"


def run_schedules(
    what: str,
    schedules: Mapping[str, UpdateSchedule],
    settings: TrialSettings,
    run: Run,
    answer_of: Callable[[Mapping[str, Point]], str],
) -> Outcome:
    """Tries each schedule.

    Args:
        what: the first heading of the table.
        schedules: label -> schedule.
        settings: the number of runs and their length.
        run: the run that measures the trainings.
        answer_of: the first sentence of the answer, from the point of each label.
    """
    points = try_each(schedules, settings, run)
    summaries = "; ".join(map(_summary, points))
    found = answer_of({point.label: point for point in points})
    answer = (
        f"{found} Training until {ENOUGH:.0f} % of {settings.runs} runs were correct: {summaries}."
    )
    shares = Bars.of("correct runs in the best test (%)", points, lambda p: p.accuracy)
    shares = replace(shares, limit=100, lines={f"{ENOUGH:.0f} % of the runs": ENOUGH})
    updates = Bars.of(UPDATES_NEEDED, points, lambda point: float(point.updates))
    return sweep_outcome(trials_table(what, points), points, answer, [shares, updates], run.seed)
