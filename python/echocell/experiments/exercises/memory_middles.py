"""memory-length and memory-alphabet: longer middles, of repeated or of distinct values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from echocell.experiments.exercises.memory_task import EXERCISE, Way, build, reach, steps_panel
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Point, rows_in_blocks
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.sweep import exercise, sweep, sweep_outcome
from echocell.tasks import middles
from echocell.tasks.encoding import Integers, one_hot_encode

# A task is learned when the probability of each last value is above SURE in this many tests in
# succession. An error below 0.25 is the criterion of task 2a of Hochreiter and Schmidhuber (1997).
SURE = 0.75
TESTS_IN_SUCCESSION = 2


WAYS = (
    Way("carried state", one_step=True),
    Way("whole sequences"),
    Way("last value only", every_step=False),
    Way("last value only, no forget gate", every_step=False, gates="io"),
    Way("last value only, forget bias ln m", every_step=False, open_forget=True),
)


@dataclass(frozen=True)
class MiddleSettings(Settings):
    """Settings of memory-length and memory-alphabet.

    Attributes:
        middles: the varied numbers of values between the first and the last one.
        units: units of the LSTM.
        learning_rate: that of Adam.
        most_sequences: sequences after which a training is stopped.
        most_steps: time steps after which a training is stopped.
        check_every: sequences between tests.
    """

    POSITIVE = ("learning_rate",)

    middles: tuple[int, ...] = (3, 10, 30, 100, 300, 1000)
    units: int = 20
    learning_rate: float = 0.01
    most_sequences: int = 20_000
    most_steps: int = 2_000_000
    check_every: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        check_each("middles", self.middles, 1, " value")


def train(sequences: Integers, way: Way, settings: MiddleSettings, run: Run, label: str) -> Result:
    """Trains on both sequences until the last value of each is predicted with certainty.

    Returns:
        The fields of a Point except its label; `accuracy` is the lower probability of the two last
        values in the last test, in percent.
    """
    n_values = int(sequences.max()) + 1
    encoded = one_hot_encode(sequences, n_values)
    x, y = encoded[:, :-1], encoded[:, 1:]
    steps = x.shape[1]
    model = build(n_values, settings.units, settings.learning_rate, way)
    if way.open_forget:
        kernel, recurrent_kernel, bias, *others = model.get_weights()
        bias[settings.units : 2 * settings.units] = np.log(steps - 1)
        model.set_weights([kernel, recurrent_kernel, bias, *others])
    passes = max(1, min(settings.most_sequences, settings.most_steps // steps) // 2)
    per_test = max(1, settings.check_every // 2)
    updates_per_pass = 2 * steps if way.one_step else 1
    before = run.seconds
    done, successes, given = 0, 0, 0.0
    with run.training(passes * updates_per_pass, label) as training:
        while done < passes and successes < TESTS_IN_SUCCESSION:
            now = min(per_test, passes - done)
            model.fit(
                x,
                y if way.every_step else y[:, -1],
                batch_size=1 if way.one_step else 2,
                bptt_steps=1 if way.one_step else None,
                shuffle=False,
                epochs=now,
                verbose=0,
            )
            training.count(now * updates_per_pass)
            done += now
            last = model.predict(x, verbose=0).reshape(2, -1, n_values)[:, -1]
            given = float(last[np.arange(2), sequences[:, -1]].min())
            successes = successes + 1 if given > SURE else 0
    return {
        "solved": successes == TESTS_IN_SUCCESSION,
        "updates": done * updates_per_pass,
        "samples": 2 * done,
        "seconds": run.seconds - before,
        "accuracy": 100 * given,
    }


def _run_middles(
    settings: MiddleSettings, run: Run, sequences: Callable[[int], Integers]
) -> Outcome:
    """Trains in every way at every length of the middle; sequences(m) gives both sequences."""
    places = [(f"{way.name}, {count}", (way, count)) for way in WAYS for count in settings.middles]
    points = sweep(
        run,
        places,
        lambda place, label, rng: train(sequences(place[1]), place[0], settings, run, label),
    )
    rows = rows_in_blocks(points, [way.name for way in WAYS])
    answer = (
        f"Within {settings.most_sequences:,} sequences and {settings.most_steps:,} time steps, "
        "the smallest number of values in the middle at which training failed was "
        f"{reach(rows, settings.middles)}."
    )
    panels = [steps_panel(rows, settings.middles)]
    return sweep_outcome(_middles_table(points), points, answer, panels, run.seed)


def _middles_table(points: Sequence[Point]) -> list[list[str]]:
    headings = ["training, values in the middle", "sequences", "updates", "seconds"]
    headings.append("probability of the last value")
    rows = [
        [
            p.label,
            f"{p.samples:,}" if p.solved else f"over {p.samples:,}",
            p.updates_text,
            f"{p.seconds:.2f}",
            f"{p.accuracy:.1f} %",
        ]
        for p in points
    ]
    return [headings, *rows]


def run_length(settings: MiddleSettings, run: Run) -> Outcome:
    """Trains on longer middles 0 1 0 1 ... 2, with an alphabet of five values."""

    def sequences(m: int) -> Integers:
        return middles.two_sequences(middles.repeated_middle(m), middles.REPEATED_VALUES)

    return _run_middles(settings, run, sequences)


def run_alphabet(settings: MiddleSettings, run: Run) -> Outcome:
    """Trains on longer middles 0 1 2 ..., with an alphabet that grows."""
    return _run_middles(
        settings, run, lambda m: middles.two_sequences(middles.counted_middle(m), m + 2)
    )


MEMORY_LENGTH = exercise(
    "memory-length",
    "y 0 1 0 1 ... 2 y and x 0 1 ... 2 x, 3 to 1000 values in between: where does it fail?",
    takeaway=(
        "One value has to be kept over more and more time steps, in an alphabet of five values."
    ),
    published=EXERCISE,
    settings=MiddleSettings(),
    run=run_length,
    takes=20,
)
MEMORY_ALPHABET = exercise(
    "memory-alphabet",
    "y 0 1 2 3 ... y and x 0 1 2 3 ... x, 3 to 1000 values in between: where does it fail?",
    takeaway=(
        "Task 2a of Hochreiter & Schmidhuber (1997): every value in the middle is a new one, so "
        "the alphabet grows with the length of the middle."
    ),
    published=EXERCISE,
    settings=MiddleSettings(most_sequences=10_000, most_steps=500_000),
    run=run_alphabet,
    takes=25,
)
