"""Spikes at the right step and periodic functions from one cell: where do peepholes help?

After Gers, Schraudolph and Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks",
Journal of Machine Learning Research 3, 2002: generating timed spikes, and periodic functions. One
cell with an input gate, a forget gate and an output gate, and one output unit that reads the cell.
Through peepholes the gates see the cell; without, they see only what the output gate lets through.

What is said of the paper's set-up here is from a reader's notes on it, not checked against the
paper itself: one block of one cell without squashing of its input and output, 17 weights, momentum,
a learning rate of 10^-5, up to 10^7 training streams, 10 trials; a training stream ends at the
first error or after 100 spikes or periods, a test after 1000; spikes with peepholes alone; of the
functions, the cell without peepholes learned the cosine of period 10 and no other. Rates of success
are not quoted from there.

The recipe here, the same for both cells:
- LSTM(1) as it is, with tanh, and a Dense(1). Spikes: a sigmoid, the cross-entropy; forget and
  output gate begin open, with biases of 2, which was found to help. Functions: linear output, mean
  squared error.
- Adam, gradients through the whole of what is trained on, clipped to a norm of 1; the learning rate
  falls exponentially (falling_rate.py).
- What is trained on begins with two periods and always ends two periods after those that the
  network holds so far, at most after `train_periods`: as in the paper, where a stream ends at the
  first error. Longer streams are for the test alone.
- A trial is one training from new weights. It is solved when the network comes through
  `test_periods` periods without an error, none of them given back to it; else it ends after
  `updates`.

Legend: F = period, in steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell.experiments.run import falling_rate, sweep_plot
from echocell.experiments.run.base import Experiment, Outcome, Published, Run, Training
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts, check_positive
from echocell.experiments.run.sweep_plot import Bars
from echocell.initializers import Constant
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import timing
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic

SPIKES = "spikes"
SHAPES = (SPIKES, *timing.FUNCTIONS)
INPUTS = ("none", "constant")
# Periods to begin with, and periods beyond those that are held.
AHEAD = 2
# A difference as large as that between two rows, or larger, comes by chance less often.
CHANCE = 0.05


@dataclass(frozen=True)
class Settings:
    """trials: trainings of each cell for each task; periods: F; train_periods, test_periods: how
    many to train on at most, and to come through in the test; updates: of a training at most;
    check_every: updates from test to test.
    """

    trials: int = 50
    periods: tuple[int, ...] = timing.PERIODS
    train_periods: int = 30
    test_periods: int = 1000
    updates: int = 10_000
    check_every: int = 100
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.periods) < 2:
            raise ValueError(f"periods: expected at least 2, received {min(self.periods)}")
        if self.test_periods < self.train_periods:
            raise ValueError(
                f"test_periods: expected at least train_periods, {self.train_periods}, received "
                f"{self.test_periods}"
            )
        check_positive(self, "learning_rate")


@dataclass(frozen=True)
class Task:
    """What is to be generated from what."""

    shape: str
    period: int
    inputs: str

    @property
    def name(self) -> str:
        return f"{self.shape}, period {self.period}"

    @property
    def limit(self) -> float:
        """An error of this size ends a stream."""
        return timing.SPIKE_LIMIT if self.shape == SPIKES else timing.FUNCTION_LIMIT

    def data(self, periods: int) -> tuple[Floats, Floats]:
        """The first so many periods: x [1, T, 1], y [1, T, 1]."""
        if self.shape == SPIKES:
            return timing.generate_spikes(periods, self.period, inputs=self.inputs)
        return timing.generate_function(self.shape, self.period, periods, self.inputs)


def tasks(settings: Settings) -> list[Task]:
    """All of them, those with the same input together."""
    places = itertools.product(INPUTS, SHAPES, settings.periods)
    return [Task(shape, period, inputs) for inputs, shape, period in places]


def build(task: Task, peephole: bool, learning_rate: float) -> Sequential:
    """One cell and one output: [1, T, 1] in and out."""
    spikes = task.shape == SPIKES
    # In the order i, f, c, o.
    bias: dict[str, Any] = {"bias_initializer": Constant([0, 2, 0, 2]), "unit_forget_bias": False}
    model = Sequential()
    model.add(
        LSTM(
            1,
            peephole=peephole,
            peephole_initializer="glorot_uniform",
            return_sequences=True,
            input_shape=(None, 1),
            **(bias if spikes else {}),
        )
    )
    model.add(Dense(1, activation="sigmoid" if spikes else None))
    optimizer = Adam(learning_rate, global_clipnorm=1.0)
    model.compile(loss="binary_crossentropy" if spikes else "mse", optimizer=optimizer)
    return model


def train(task: Task, peephole: bool, settings: Settings, training: Training) -> Result:
    """One trial: was it solved, after how many updates, with which root of the mean squared error
    in the test (None where it was not solved), and how many periods were held at the last look.
    """
    model = build(task, peephole, settings.learning_rate)
    optimizer: Any = model.optimizer
    x, y = task.data(settings.train_periods)
    test = task.data(settings.test_periods)
    periods, updates, right = AHEAD, 0, 0
    while updates < settings.updates:
        steps = slice(0, periods * task.period + 1)
        optimizer.learning_rate = falling_rate.exponential(
            settings.learning_rate, updates / settings.updates
        )
        count = min(settings.check_every, settings.updates - updates)
        model.fit(
            *(x[:, steps], y[:, steps]),
            batch_size=1,
            epochs=count,
            shuffle=False,
            verbose=0,
        )
        updates += count
        training.count(count)
        right = timing.steps_within(model.predict(x, verbose=0), y, task.limit)
        if right == x.shape[1]:
            outputs = model.predict(test[0], verbose=0)
            right = timing.steps_within(outputs, test[1], task.limit)
            if right == outputs.shape[1]:
                error = float(np.sqrt(np.mean((outputs - test[1]) ** 2)))
                return _trial(True, updates, error, settings.test_periods)
        held = right // task.period
        periods = min(held + AHEAD, settings.train_periods)
    return _trial(False, updates, None, right / task.period)


def _trial(solved: bool, updates: int, error: float | None, periods: float) -> Result:
    return {"solved": solved, "updates": updates, "error": error, "periods": periods}


# ---- report ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """The trials of one task, with peepholes or without."""

    task: Task
    peephole: bool
    trials: Sequence[Result]
    seconds: float

    @property
    def label(self) -> str:
        """The row, in words."""
        return _label(self.task, self.peephole)

    @property
    def solved(self) -> int:
        """How many trials."""
        return sum(trial["solved"] for trial in self.trials)

    def of_solved(self, name: str) -> list[float]:
        """A number of every trial that was solved."""
        return [trial[name] for trial in self.trials if trial["solved"]]


def _try_often(
    task: Task, peephole: bool, settings: Settings, run: Run, label: str, _: np.random.Generator
) -> Result:
    """All trials of a row. The data are fixed; only the weights are drawn."""
    before = run.seconds
    with run.training(settings.trials * settings.updates, label) as training:
        trials = [train(task, peephole, settings, training) for _ in range(settings.trials)]
    return {"trials": trials, "seconds": run.seconds - before}


def run_timing(settings: Settings, run: Run) -> Outcome:
    """Every task without peepholes and with them."""
    places = {
        _label(task, peephole): (task, peephole)
        for task in tasks(settings)
        for peephole in (False, True)
    }
    results = run.each_once(
        list(places), lambda label, rng: _try_often(*places[label], settings, run, label, rng)
    )
    rows = [Row(*place, **result) for place, result in zip(places.values(), results, strict=True)]
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    answer = _answer(pairs)
    figures = {
        f"solved, {_cell(peephole)}": 100.0
        * sum(pair[peephole].solved for pair in pairs)
        / (settings.trials * len(pairs))
        for peephole in (True, False)
    }
    for row in itertools.chain.from_iterable(pairs):
        figures[f"solved, {row.label}"] = 100.0 * row.solved / settings.trials
    return Outcome(
        figures,
        lambda title: _draw(f"{title}\n{answer}", pairs, settings),
        perfect=all(row.solved == settings.trials for pair in pairs for row in pair),
        notes=(f"Answer (seed {run.seed}): {answer}",),
        table=_table(pairs),
    )


def _cell(peephole: bool) -> str:
    return "peepholes" if peephole else "no peepholes"


def _label(task: Task, peephole: bool) -> str:
    return f"{task.name}, input {task.inputs}, {_cell(peephole)}"


def by_chance(a: int, b: int, trials: int) -> float:
    """How likely a and b successes out of `trials` each, or counts as unlikely or more so, are if
    both have the same chance: Fisher's exact test, two-sided.
    """
    ways = [
        math.comb(trials, k) * math.comb(trials, a + b - k)
        for k in range(max(0, a + b - trials), min(trials, a + b) + 1)
    ]
    observed = math.comb(trials, a) * math.comb(trials, b)
    return sum(way for way in ways if way <= observed) / sum(ways)


def _answer(pairs: Sequence[tuple[Row, Row]]) -> str:
    """Where peepholes help, and where not, whatever the input: the constant one is but a bias."""
    found: dict[str, list[str]] = {
        "More trials were solved with peepholes than without": [],
        "Fewer trials were solved with peepholes than without": [],
        "No significant difference": [],
        "Solved in no trial": [],
    }
    more, fewer, equal, none = found.values()
    for name in dict.fromkeys(pair[0].task.name for pair in pairs):
        rows = [pair for pair in pairs if pair[0].task.name == name]
        trials = sum(len(peep.trials) for _, peep in rows)
        with_peepholes = sum(peep.solved for _, peep in rows)
        without = sum(row.solved for row, _ in rows)
        counts = f"{name} ({with_peepholes} versus {without} of {trials} trials)"
        if with_peepholes == without:
            counts = f"{name} ({without} of {trials} trials each)"
        if with_peepholes == without == 0:
            none.append(name)
        elif by_chance(with_peepholes, without, trials) >= CHANCE:
            equal.append(counts)
        else:
            (more if with_peepholes > without else fewer).append(counts)
    return " ".join(f"{what}: {'; '.join(where)}." for what, where in found.items() if where)


def _table(pairs: Sequence[tuple[Row, Row]]) -> list[list[str]]:
    heads = ["task", "input", "peepholes", "solved", "test RMSE", "updates (mean)", "min"]
    heads += ["periods without an error (median)", "seconds per trial"]
    rows = []
    for row in itertools.chain.from_iterable(pairs):
        errors, updates = row.of_solved("error"), row.of_solved("updates")
        periods = float(np.median([trial["periods"] for trial in row.trials]))
        rows.append(
            [
                row.task.name,
                row.task.inputs,
                "yes" if row.peephole else "no",
                f"{row.solved} of {len(row.trials)}",
                f"{np.mean(errors):.3f}" if errors else "-",
                f"{np.mean(updates):,.0f}" if updates else "-",
                f"{min(updates):,.0f}" if updates else "-",
                f"{periods:.1f}",
                f"{row.seconds / len(row.trials):.2f}",
            ]
        )
    return [heads, *rows]


def _draw(title: str, pairs: Sequence[tuple[Row, Row]], settings: Settings) -> Figure:
    panels = []
    for inputs in INPUTS:
        chosen = [pair for pair in pairs if pair[0].task.inputs == inputs]
        series = {
            _cell(peephole): [
                (100.0 * pair[peephole].solved / settings.trials, True) for pair in chosen
            ]
            for peephole in (False, True)
        }
        names = [pair[0].task.name for pair in chosen]
        panels.append(Bars(f"trials solved (%), input: {inputs}", names, series, limit=100))
    return sweep_plot.plot_sweep(title, panels)


def headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours": of all trials."""
    peep, without = list(statistics.values())[:2]
    return f"{peep.text(0)} % of trials solved with peepholes, {without.text(0)} % without"


TIMING = Experiment(
    name="timing",
    summary="timed spikes and periodic functions from one cell, with and without peepholes (2002)",
    shows=(
        "Gates that see only the output of a cell cannot know how far it has counted while its "
        "output gate is closed; through peepholes they see the cell itself."
    ),
    published=Published(
        "without peepholes, only the cosine with period 10 was learned",
        "Felix Gers, Nicol Schraudolph and Jürgen Schmidhuber, "
        '"Learning Precise Timing with LSTM Recurrent Networks", '
        "Journal of Machine Learning Research 3 (2002), sections on GTS and PFG",
    ),
    settings=Settings(),
    headline=headline,
    run=run_timing,
    group="later",
    takes=400,
)
