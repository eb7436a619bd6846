"""The open exercises on echoing one integer of a sequence, each a sweep with its answer.

From Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section
"Extensions": longer sequences, larger alphabets, other optimizers, larger batches. Where nothing
else is swept, the task is that of the experiment `echo`: five integers out of ten, give back the
third.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from echocell.experiments.run.base import Experiment, Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.experiments.run.sweep import (
    EXERCISE,
    UPDATES_NEEDED,
    Draw,
    Point,
    extremes,
    outcome,
    solved_headline,
    solved_text,
    sweep,
    train_until_right,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel
from echocell.experiments.tutorials.echo import build
from echocell.optimizers import SGD
from echocell.tasks import echo
from echocell.tasks.encoding import Floats


@dataclass(frozen=True)
class Case:
    """An echo task and how it is trained. learning_rate 0: Adam; else SGD. bias: how the LSTM's
    bias begins.
    """

    length: int = 5
    n_values: int = 10
    out_index: int = 2
    units: int = 25
    batch_size: int = 1
    learning_rate: float = 0.0
    momentum: float = 0.0
    bias: str = "zeros"


@dataclass(frozen=True)
class Limits:
    """most_samples: sequences to give up after; check_every: sequences from test to test (one
    update at least); tests: fresh sequences, all of which must be answered rightly. data: sequences
    to draw from again and again, 0: all are fresh.
    """

    most_samples: int
    check_every: int
    tests: int
    data: int = 0


def train(case: Case, limits: Limits, run: Run, label: str, rng: np.random.Generator) -> Result:
    """Trains a case until nothing is wrong; gives the fields of a Point but its label."""
    model = build(case.length, case.n_values, case.units, case.bias)
    if case.learning_rate > 0:
        optimizer = SGD(case.learning_rate, momentum=case.momentum)
        model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    shape = (case.length, case.n_values, case.out_index)

    def fresh(count: int) -> tuple[Floats, Floats]:
        return echo.generate_examples(count, *shape, rng=rng)

    return train_until_right(
        model,
        _shuffled(*fresh(limits.data), rng) if limits.data > 0 else fresh,
        fresh(limits.tests),
        run,
        label=label,
        most_updates=max(1, limits.most_samples // case.batch_size),
        check_every=max(1, limits.check_every // case.batch_size),
        batch_size=case.batch_size,
    )


def _shuffled(x: Floats, y: Floats, rng: np.random.Generator) -> Draw:
    """Hands out a data set, pass after pass, each in an order of its own."""
    left = np.empty(0, np.int64)

    def draw(count: int) -> tuple[Floats, Floats]:
        nonlocal left
        while len(left) < count:
            left = np.concatenate([left, rng.permutation(len(x))])
        chosen, left = left[:count], left[count:]
        return x[chosen], y[chosen]

    return draw


# ---- echo-length -------------------------------------------------------------------------------


@dataclass(frozen=True)
class LengthSettings:
    """lengths: steps of a sequence; for the others see Case and Limits."""

    lengths: tuple[int, ...] = (5, 10, 25, 50, 100)
    n_values: int = 10
    out_index: int = 2
    units: int = 25
    most_samples: int = 200_000
    check_every: int = 1000
    tests: int = 500

    def __post_init__(self) -> None:
        check_counts(self, from_zero=["out_index"])
        if min(self.lengths) <= self.out_index:
            raise ValueError(
                f"lengths: expected more than out_index={self.out_index} steps, "
                f"received {min(self.lengths)}"
            )


def run_length(settings: LengthSettings, run: Run) -> Outcome:
    """Updates needed at each length of the sequence, with a bias of zeros (1 for the forget gate)
    as usual, and with one that lets the gates keep for as long from the start.
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
        Panel.of(UPDATES_NEEDED, rows, axis, x),
        Panel.accuracy(rows, axis, x),
    ]
    points = [point for row in rows.values() for point in row]
    return outcome(updates_table("sequence", points), points, answer + ".", panels, run.seed)


def _growth(lengths: Sequence[int], points: Sequence[Point]) -> str:
    """How updates grow with the length, and which lengths were too long."""
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


# ---- echo-alphabet -----------------------------------------------------------------------------


@dataclass(frozen=True)
class AlphabetSettings:
    """alphabets: how many values there are; for the others see Case and Limits."""

    alphabets: tuple[int, ...] = (10, 25, 50, 100)
    length: int = 5
    out_index: int = 2
    units: int = 25
    most_samples: int = 200_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        check_counts(self, from_zero=["out_index"])


def run_alphabet(settings: AlphabetSettings, run: Run) -> Outcome:
    """Updates needed for each number of values."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    case = Case(length=settings.length, out_index=settings.out_index, units=settings.units)
    points = sweep(
        run,
        [(f"{count} values", count) for count in settings.alphabets],
        lambda count, label, rng: train(replace(case, n_values=count), limits, run, label, rng),
    )
    answer = f"{extremes(points)}{solved_text(points, 'alphabet')}."
    panels = [
        Panel.of(UPDATES_NEEDED, points, "values in the alphabet", settings.alphabets),
        Panel.accuracy(points, "values in the alphabet", settings.alphabets),
    ]
    return outcome(updates_table("alphabet", points), points, answer, panels, run.seed)


# ---- echo-sgd ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SgdSettings:
    """rates, momenta: the grid of SGD, against Adam with its defaults; for the rest see Limits."""

    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    momenta: tuple[float, ...] = (0.0, 0.5, 0.9, 0.99)
    most_samples: int = 50_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.rates) <= 0 or not 0 <= min(self.momenta) <= max(self.momenta) < 1:
            raise ValueError(
                "expected rates above 0 and momenta of at least 0 and below 1, received "
                f"rates={self.rates} momenta={self.momenta}"
            )


def run_sgd(settings: SgdSettings, run: Run) -> Outcome:
    """Updates needed with each learning rate and momentum, beside those of Adam."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    grid = [
        (f"SGD, rate {rate:g}, momentum {momentum:g}", Case(learning_rate=rate, momentum=momentum))
        for momentum in settings.momenta
        for rate in settings.rates
    ]
    points = sweep(
        run,
        [("Adam", Case()), *grid],
        lambda case, label, rng: train(case, limits, run, label, rng),
    )
    adam, *others = points
    solved = [point for point in others if point.solved]
    answer = (
        f"no setting of SGD in the grid learned the task within {settings.most_samples:,} updates; "
        f"Adam needed {adam.updates_text}"
    )
    if solved:
        best = min(solved, key=lambda p: p.updates)
        answer = (
            f"the fastest setting of SGD was rate {best.label.removeprefix('SGD, rate ')} with "
            f"{best.updates:,} updates; Adam needed {adam.updates_text}; {len(solved)} of "
            f"{len(others)} settings of SGD learned the task"
        )
    columns = len(settings.rates)
    rows = {
        f"momentum {momentum:g}": others[k * columns : (k + 1) * columns]
        for k, momentum in enumerate(settings.momenta)
    }
    panel = Panel.of(UPDATES_NEEDED, rows, "learning rate", settings.rates)
    panels = [panel.beside("Adam, rate 0.001", float(adam.updates))]
    return outcome(updates_table("optimizer", points), points, answer + ".", panels, run.seed)


# ---- echo-batch --------------------------------------------------------------------------------


@dataclass(frozen=True)
class BatchSettings:
    """batch_sizes: of the training on one data set of `data` sequences; else see Limits."""

    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    data: int = 20_000
    most_samples: int = 500_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        check_counts(self)


def run_batch(settings: BatchSettings, run: Run) -> Outcome:
    """Updates, samples and seconds needed with each batch size."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests, settings.data)
    points = sweep(
        run,
        [(f"batch size {size}", size) for size in settings.batch_sizes],
        lambda size, label, rng: train(Case(batch_size=size), limits, run, label, rng),
    )
    answer = f"{solved_text(points, 'batch size')}."
    solved = [point for point in points if point.solved]
    if solved:
        samples = min(solved, key=lambda p: p.samples)
        updates = min(solved, key=lambda p: p.updates)
        fastest = min(solved, key=lambda p: p.seconds)
        answer = (
            f"the fewest samples ({samples.samples:,}) were needed with {samples.label}, the "
            f"fewest updates ({updates.updates:,}) with {updates.label}, and the least time "
            f"({fastest.seconds:.2f} s) with {fastest.label}; {answer}"
        )
    x, axis = settings.batch_sizes, "batch size"
    panels = [
        Panel.of(UPDATES_NEEDED, points, axis, x),
        Panel.of("samples read in training", points, axis, x, of=lambda p: float(p.samples)),
        Panel.of("training and test time (s)", points, axis, x, of=lambda p: p.seconds),
    ]
    return outcome(updates_table("training", points), points, answer, panels, run.seed)


# ---- echo-index --------------------------------------------------------------------------------


@dataclass(frozen=True)
class IndexSettings:
    """length: steps of a sequence, each of which is echoed in turn; else see Case and Limits."""

    length: int = 10
    n_values: int = 10
    units: int = 25
    most_samples: int = 100_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        check_counts(self)


def run_index(settings: IndexSettings, run: Run) -> Outcome:
    """Updates needed, and the accuracy in the end, for each step that is to be echoed."""
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
        Panel.of(UPDATES_NEEDED, points, "position of the echoed integer", x, log_x=False),
        Panel.accuracy(points, "position of the echoed integer", x, log_x=False),
    ]
    return outcome(updates_table("echo of", points), points, answer, panels, run.seed)


ECHO_LENGTH = Experiment(
    name="echo-length",
    summary="echo the third of 5 to 100 integers: how do the updates grow with the length?",
    shows=(
        "The value has to be kept over more and more time steps; the initial bias of the gates "
        "decides whether a gradient reaches back that far."
    ),
    published=EXERCISE,
    settings=LengthSettings(),
    headline=solved_headline,
    run=run_length,
    group="exercises",
    takes=26,
)
ECHO_ALPHABET = Experiment(
    name="echo-alphabet",
    summary="echo one integer out of 10 to 100: does a larger alphabet take more updates?",
    shows="There are more values to distinguish, with the same number of units and the same lag.",
    published=EXERCISE,
    settings=AlphabetSettings(),
    headline=solved_headline,
    run=run_alphabet,
    group="exercises",
    takes=0.5,
)
ECHO_SGD = Experiment(
    name="echo-sgd",
    summary="echo with SGD over a grid of learning rates and momenta: does it match Adam?",
    shows="SGD needs a suitable learning rate and momentum; Adam is used with its defaults.",
    published=EXERCISE,
    settings=SgdSettings(),
    headline=solved_headline,
    run=run_sgd,
    group="exercises",
    takes=3,
)
ECHO_BATCH = Experiment(
    name="echo-batch",
    summary="echo from one data set with batch sizes of 1 to 256: updates, samples and seconds",
    shows="Larger batches need fewer updates but more samples; the fastest size is measured.",
    published=EXERCISE,
    settings=BatchSettings(),
    headline=solved_headline,
    run=run_batch,
    group="exercises",
    takes=2,
)
ECHO_INDEX = Experiment(
    name="echo-index",
    summary="echo each of ten integers in turn: is the first one the hardest to keep?",
    shows="Network and data stay the same; only the position of the echoed integer changes.",
    published=EXERCISE,
    settings=IndexSettings(),
    headline=solved_headline,
    run=run_index,
    group="exercises",
    takes=2,
)
ECHO_EXERCISES = (ECHO_LENGTH, ECHO_ALPHABET, ECHO_SGD, ECHO_BATCH, ECHO_INDEX)
