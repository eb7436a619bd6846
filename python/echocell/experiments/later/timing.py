"""timing: timed spikes and periodic functions from one cell, with and without peepholes.

After Gers, Schraudolph and Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks",
Journal of Machine Learning Research 3, 2002: generating timed spikes, and periodic functions. The
network is one LSTM cell with an input, a forget and an output gate, and one output unit. With
peepholes the gates read the state of the cell; without, they read only the output of the cell,
which passes the output gate.

A trial is one training from new weights. It is solved if the network generates `test_periods`
periods without an error; otherwise it ends after `updates`. The training sequence starts with two
periods and is extended to two periods after the correct ones, up to `train_periods`.
docs/experiments.md describes the recipe and the differences to the paper.

Legend: F = period in steps, T steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell.experiments.run import falling_rate
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run, Training
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Bars, plot_sweep
from echocell.initializers import Constant
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import timing
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPIKES = "spikes"
SHAPES = (SPIKES, *timing.FUNCTIONS)
INPUTS = ("none", "constant")
# The periods of the first training sequence, and those added to the correct periods.
AHEAD = 2
# The level of significance of a difference between two rows.
CHANCE = 0.05


@dataclass(frozen=True)
class TimingSettings(Settings):
    """Settings of timing.

    Attributes:
        trials: trainings of each cell for each task.
        periods: the varied F.
        train_periods: the maximum number of training periods.
        test_periods: periods of the test.
        updates: the limit of updates.
        check_every: updates between tests.
        learning_rate: initial learning rate of Adam, which decreases exponentially.
    """

    POSITIVE = ("learning_rate",)

    trials: int = 50
    periods: tuple[int, ...] = timing.PERIODS
    train_periods: int = 30
    test_periods: int = 1000
    updates: int = 10_000
    check_every: int = 100
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        check_each("periods", self.periods, 2)
        if self.test_periods < self.train_periods:
            raise ValueError(
                f"test_periods: expected at least train_periods, {self.train_periods}, received "
                f"{self.test_periods}"
            )


@dataclass(frozen=True)
class Task:
    """A task: the generated sequence and the input.

    Attributes:
        shape: "spikes" or the name of a periodic function.
        period: F.
        inputs: "none" or "constant".
    """

    shape: str
    period: int
    inputs: str

    @property
    def name(self) -> str:
        """The shape and the period."""
        return f"{self.shape}, period {self.period}"

    @property
    def limit(self) -> float:
        """The smallest absolute deviation that is an error."""
        return timing.SPIKE_LIMIT if self.shape == SPIKES else timing.FUNCTION_LIMIT

    def data(self, periods: int) -> tuple[Floats, Floats]:
        """Returns the first periods: x [1, T, 1], y [1, T, 1]."""
        if self.shape == SPIKES:
            return timing.generate_spikes(periods, self.period, inputs=self.inputs)
        return timing.generate_function(self.shape, self.period, periods, self.inputs)


def tasks(settings: TimingSettings) -> list[Task]:
    """Returns all tasks, grouped by input."""
    places = itertools.product(INPUTS, SHAPES, settings.periods)
    return [Task(shape, period, inputs) for inputs, shape, period in places]


def build(task: Task, peephole: bool, learning_rate: float) -> Sequential:
    """Returns a compiled network of one cell and one output: [1, T, 1] -> [1, T, 1]."""
    spikes = task.shape == SPIKES
    # The forget and the output gate start open; order i, f, c, o.
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


def train(task: Task, peephole: bool, settings: TimingSettings, training: Training) -> Result:
    """Runs one trial.

    Returns:
        Whether it was solved, its updates, the RMSE of the test (None if not solved), and the
        correct periods of the last test.
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


@dataclass(frozen=True)
class Row:
    """The trials of one task and one cell.

    Attributes:
        task: the task.
        peephole: whether the cell has peepholes.
        trials: the results of the trials.
        seconds: the time of all trials.
    """

    task: Task
    peephole: bool
    trials: Sequence[Result]
    seconds: float

    @property
    def label(self) -> str:
        """The task, the input and the cell."""
        return _label(self.task, self.peephole)

    @property
    def solved(self) -> int:
        """The number of solved trials."""
        return sum(trial["solved"] for trial in self.trials)

    def of_solved(self, name: str) -> list[float]:
        """Returns a field of every solved trial."""
        return [trial[name] for trial in self.trials if trial["solved"]]


def _try_often(
    task: Task,
    peephole: bool,
    settings: TimingSettings,
    run: Run,
    label: str,
    _: np.random.Generator,
) -> Result:
    """Runs all trials of a row; the data are fixed, only the weights are random."""
    before = run.seconds
    with run.training(settings.trials * settings.updates, label) as training:
        trials = [train(task, peephole, settings, training) for _ in range(settings.trials)]
    return {"trials": trials, "seconds": run.seconds - before}


def run_timing(settings: TimingSettings, run: Run) -> Outcome:
    """Runs trials of every task without and with peepholes."""
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
    return Outcome.with_answer(
        answer,
        run.seed,
        figures,
        lambda title: _draw(title, pairs, settings),
        perfect=all(row.solved == settings.trials for pair in pairs for row in pair),
        table=_table(pairs),
    )


def _cell(peephole: bool) -> str:
    return "peepholes" if peephole else "no peepholes"


def _label(task: Task, peephole: bool) -> str:
    return f"{task.name}, input {task.inputs}, {_cell(peephole)}"


def fisher_exact(a: int, b: int, trials: int) -> float:
    """Returns the p-value of Fisher's exact test, two-sided.

    This is the probability of a and b successes in `trials` each, or of less probable counts with
    the same sum, if both have the same chance of success.
    """
    ways = [
        math.comb(trials, k) * math.comb(trials, a + b - k)
        for k in range(max(0, a + b - trials), min(trials, a + b) + 1)
    ]
    observed = math.comb(trials, a) * math.comb(trials, b)
    return sum(way for way in ways if way <= observed) / sum(ways)


def _answer(pairs: Sequence[tuple[Row, Row]]) -> str:
    """Returns the tasks with significant differences, over both inputs (a constant is a bias)."""
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
        elif fisher_exact(with_peepholes, without, trials) >= CHANCE:
            equal.append(counts)
        else:
            (more if with_peepholes > without else fewer).append(counts)
    return " ".join(f"{what}: {'; '.join(where)}." for what, where in found.items() if where)


def _table(pairs: Sequence[tuple[Row, Row]]) -> list[list[str]]:
    headings = ["task", "input", "peepholes", "solved", "test RMSE", "updates (mean)", "min"]
    headings += ["periods without an error (median)", "seconds per trial"]
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
    return [headings, *rows]


def _draw(title: str, pairs: Sequence[tuple[Row, Row]], settings: TimingSettings) -> Figure:
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
    return plot_sweep(title, panels)


def headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": the share of all trials that were solved."""
    peep, without = list(statistics.values())[:2]
    return f"{peep.text(0)} % of trials solved with peepholes, {without.text(0)} % without"


TIMING = Experiment(
    name="timing",
    summary="timed spikes and periodic functions from one cell, with and without peepholes (2002)",
    takeaway=(
        "Gates that see only the output of a cell cannot know how far it has counted while its "
        "output gate is closed; through peepholes they see the cell itself."
    ),
    published=Published(
        "without peepholes, only the cosine with period 10 was learned",
        "Felix Gers, Nicol Schraudolph and Jürgen Schmidhuber, "
        '"Learning Precise Timing with LSTM Recurrent Networks", '
        "Journal of Machine Learning Research 3 (2002), sections on GTS and PFG",
    ),
    settings=TimingSettings(),
    headline=headline,
    run=run_timing,
    group="later",
    takes=400,
)
