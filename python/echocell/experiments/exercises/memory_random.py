"""memory-random: random middles, and a test on middles that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echocell.experiments.exercises.memory_task import EXERCISE, Way, build, reach, steps_panel
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import rows_in_blocks
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.sweep import (
    Draw,
    exercise,
    sweep,
    sweep_outcome,
    train_until_correct,
    updates_table,
)
from echocell.tasks import middles
from echocell.tasks.encoding import Floats, Integers, one_hot_encode


@dataclass(frozen=True)
class RandomSettings(Settings):
    """Settings of memory-random.

    Attributes:
        middles: the varied numbers of values between the first and the last one.
        n_values: number of different values, n_values - 2 of them in the middle.
        units: units of the LSTM.
        learning_rate: that of Adam.
        few: number of sequences where the middles do not change.
        batch_size: sequences per update.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences with new middles, whose last values have to be correct.
    """

    POSITIVE = ("learning_rate",)

    middles: tuple[int, ...] = (10, 30, 100)
    n_values: int = 7
    units: int = 20
    learning_rate: float = 0.01
    few: int = 20
    batch_size: int = 10
    most_samples: int = 60_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        check_each("middles", self.middles, 1, " value")
        if self.n_values < 3:
            raise ValueError(f"n_values: expected at least 3, received {self.n_values}")


AT_THE_END = Way("new middles", every_step=False)
# name -> the way of training, and the middles to train on: new ones, a few, or a single one.
RANDOM_ROWS = {
    "new middles": (AT_THE_END, "new"),
    "new middles, no forget gate": (replace(AT_THE_END, gates="io"), "new"),
    "few middles": (AT_THE_END, "few"),
    "one middle": (AT_THE_END, "one"),
}


def _split(sequences: Integers, n_values: int) -> tuple[Floats, Floats]:
    """Splits sequences into all values but the last, and the last: x [N, T-1, V], y [N, V]."""
    encoded = one_hot_encode(sequences, n_values)
    return encoded[:, :-1], encoded[:, -1]


def _random_draw(kind: str, m: int, settings: RandomSettings, rng: np.random.Generator) -> Draw:
    """Returns a function that draws sequences to train on; kind: see RANDOM_ROWS."""
    few = middles.random_sequences(settings.few, m, settings.n_values, rng)
    one = middles.two_sequences(few[0, 1:-1], settings.n_values)
    known = {"few": few, "one": one}

    def draw(count: int) -> tuple[Floats, Floats]:
        if kind == "new":
            chosen = middles.random_sequences(count, m, settings.n_values, rng)
        else:
            chosen = known[kind][rng.integers(len(known[kind]), size=count)]
        return _split(chosen, settings.n_values)

    return draw


def run_random(settings: RandomSettings, run: Run) -> Outcome:
    """Trains on each kind of middles until the last values of new sequences are correct."""

    def one_place(place: tuple[str, int], label: str, rng: np.random.Generator) -> Result:
        (way, kind), m = RANDOM_ROWS[place[0]], place[1]
        test = middles.random_sequences(settings.tests, m, settings.n_values, rng)
        return train_until_correct(
            build(settings.n_values, settings.units, settings.learning_rate, way),
            _random_draw(kind, m, settings, rng),
            _split(test, settings.n_values),
            run,
            label=label,
            most_updates=max(1, settings.most_samples // settings.batch_size),
            check_every=max(1, settings.check_every // settings.batch_size),
            batch_size=settings.batch_size,
        )

    places = [(f"{name}, {m}", (name, m)) for name in RANDOM_ROWS for m in settings.middles]
    points = sweep(run, places, one_place)
    rows = rows_in_blocks(points, list(RANDOM_ROWS))
    least = {name: min(p.accuracy for p in row) for name, row in rows.items()}
    answer = (
        f"The last value of {settings.tests} test sequences with new middles has to be correct. "
        "The smallest number of values in the middle at which training failed was "
        f"{reach(rows, settings.middles)}. The lowest accuracy in the last test was "
        + ", ".join(f"{value:.0f} % for {name}" for name, value in least.items())
        + " (chance: 50 %)."
    )
    table = updates_table("training data, values in the middle", points)
    return sweep_outcome(table, points, answer, [steps_panel(rows, settings.middles)], run.seed)


MEMORY_RANDOM = exercise(
    "memory-random",
    "random values between y and y, x and x: is the rule learned, or the sequences?",
    takeaway=(
        "The test uses middles that were not trained on, so memorized sequences are of no use."
    ),
    published=EXERCISE,
    settings=RandomSettings(),
    run=run_random,
    takes=10,
)
