"""The open exercises on longer memory: two sequences that end as they began, over longer middles.

From Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python"
(2017), section "Extensions": longer sequences, larger alphabets, random sequences. The other
exercises of that section are in `memory_trials`, the sequences in `echocell.tasks.middles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts, check_positive
from echocell.experiments.run.sweep import (
    Draw,
    Point,
    outcome,
    solved_headline,
    sweep,
    train_until_right,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import middles
from echocell.tasks.encoding import Floats, Integers, one_hot_encode

EXERCISE = Published(
    "none (open exercise)",
    'Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python" '
    '(2017), "Extensions"',
)

# What the last value must at least be given, of 1, at so many tests in succession: an error below
# 0.25 is the bar of task 2a of Hochreiter and Schmidhuber (1997).
SURE = 0.75
TESTS_IN_SUCCESSION = 2


@dataclass(frozen=True)
class Way:
    """How a network is trained on both sequences.

    every_step: asked for the next value at every step, else for the last one at the end alone.
    one_step: an update per step, and no gradient goes further back: the training of the experiment
        `memory`, which carries the state from step to step. Else one update per pass over both
        sequences, with the gradient through all steps.
    gates: of the LSTM; "io" is that of 1997, without a forget gate.
    open_forget: the bias of the forget gate starts at ln m, m values in the middle, so that the
        cell at first keeps about a share of m / (m+1) from step to step; else at 1.
    """

    name: str
    every_step: bool = True
    one_step: bool = False
    gates: str = "ifo"
    open_forget: bool = False


WAYS = (
    Way("carried state", one_step=True),
    Way("whole sequences"),
    Way("last value only", every_step=False),
    Way("last value only, no forget gate", every_step=False, gates="io"),
    Way("last value only, forget bias ln m", every_step=False, open_forget=True),
)


def build(n_values: int, units: int, learning_rate: float, way: Way) -> Sequential:
    """Values one-hot [B, T, n_values] in; the next values, or the last one, out."""
    model = Sequential()
    model.add(
        LSTM(
            units,
            gates=way.gates,
            return_sequences=way.every_step,
            input_shape=(None, n_values),
        )
    )
    model.add(Dense(n_values, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate))
    return model


@dataclass(frozen=True)
class MiddleSettings:
    """middles: how many values stand between the first and the last. most_sequences, most_steps:
    sequences read, and steps read, whichever comes first, to give up after. check_every: sequences
    from test to test.
    """

    middles: tuple[int, ...] = (3, 10, 30, 100, 300, 1000)
    units: int = 20
    learning_rate: float = 0.01
    most_sequences: int = 20_000
    most_steps: int = 2_000_000
    check_every: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        check_positive(self, "learning_rate")
        _check_middles(self.middles)


def _check_middles(counts: Sequence[int]) -> None:
    if min(counts) < 1:
        raise ValueError(f"middles: expected at least 1 value, received {min(counts)}")


def train(sequences: Integers, way: Way, settings: MiddleSettings, run: Run, label: str) -> Result:
    """Trains on both sequences until the last value of each is given surely at
    TESTS_IN_SUCCESSION tests; gives the fields of a Point but its label. accuracy: the least that a
    last value was given at the last test, in percent.
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


def _rows(points: Sequence[Point], names: Sequence[str]) -> dict[str, Sequence[Point]]:
    """The points by name, as many of each, one name's after the other's."""
    size = len(points) // len(names)
    return {name: points[k * size : (k + 1) * size] for k, name in enumerate(names)}


def _reach(rows: Mapping[str, Sequence[Point]], counts: Sequence[int]) -> str:
    """The shortest middle at which each row failed, and the longer ones at which it did not."""
    texts = []
    for name, points in rows.items():
        ordered = sorted(zip(counts, points, strict=True), key=lambda pair: pair[0])
        failed = [count for count, point in ordered if not point.solved]
        beyond = [count for count, p in ordered if failed and p.solved and count > failed[0]]
        text = f"{failed[0] if failed else 'none'} for {name}"
        if beyond:
            text += f" ({', '.join(map(str, beyond))} learned again)"
        texts.append(text)
    return "; ".join(texts)


def _panel(rows: Mapping[str, Sequence[Point]], counts: Sequence[int]) -> Panel:
    """Steps read until learned, by the number of values in the middle."""
    series = {
        name: [((m + 1.0) * p.samples, p.solved) for m, p in zip(counts, row, strict=True)]
        for name, row in rows.items()
    }
    axis = "values between the first and the last one"
    return Panel("time steps read until the task was learned", axis, counts, series)


def _run_middles(
    settings: MiddleSettings, run: Run, sequences: Callable[[int], Integers]
) -> Outcome:
    places = [(f"{way.name}, {count}", (way, count)) for way in WAYS for count in settings.middles]
    points = sweep(
        run,
        places,
        lambda place, label, rng: train(sequences(place[1]), place[0], settings, run, label),
    )
    rows = _rows(points, [way.name for way in WAYS])
    answer = (
        f"Within {settings.most_sequences:,} sequences and {settings.most_steps:,} time steps, "
        "the smallest number of values in the middle at which training failed was "
        f"{_reach(rows, settings.middles)}."
    )
    panels = [_panel(rows, settings.middles)]
    return outcome(_middles_table(points), points, answer, panels, run.seed)


def _middles_table(points: Sequence[Point]) -> list[list[str]]:
    heads = ["training, values in the middle", "sequences", "updates", "seconds"]
    heads.append("probability of the last value")
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
    return [heads, *rows]


# ---- memory-length, memory-alphabet ------------------------------------------------------------


def run_length(settings: MiddleSettings, run: Run) -> Outcome:
    """Longer middles 0 1 0 1 ... 2 of the same five values."""

    def sequences(m: int) -> Integers:
        return middles.two_sequences(middles.repeated_middle(m), middles.REPEATED_VALUES)

    return _run_middles(settings, run, sequences)


def run_alphabet(settings: MiddleSettings, run: Run) -> Outcome:
    """Longer middles 0 1 2 ..., each value of which is a new one."""
    return _run_middles(
        settings, run, lambda m: middles.two_sequences(middles.counted_middle(m), m + 2)
    )


# ---- memory-random -----------------------------------------------------------------------------


@dataclass(frozen=True)
class RandomSettings:
    """middles: how many values stand in the middle, out of n_values - 2. few: how many sequences
    there are where the middles do not change. most_samples: sequences to give up after;
    check_every: sequences from test to test; tests: new sequences, the last value of all of which
    must be right.
    """

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
        check_counts(self)
        check_positive(self, "learning_rate")
        _check_middles(self.middles)
        if self.n_values < 3:
            raise ValueError(f"n_values: expected at least 3, received {self.n_values}")


AT_THE_END = Way("new middles", every_step=False)
# name -> how it is trained, and on which middles: new ones, few, or a single one.
RANDOM_ROWS = {
    "new middles": (AT_THE_END, "new"),
    "new middles, no forget gate": (replace(AT_THE_END, gates="io"), "new"),
    "few middles": (AT_THE_END, "few"),
    "one middle": (AT_THE_END, "one"),
}


def _split(sequences: Integers, n_values: int) -> tuple[Floats, Floats]:
    """All values but the last, and the last: x [N, T-1, V], y [N, V]."""
    encoded = one_hot_encode(sequences, n_values)
    return encoded[:, :-1], encoded[:, -1]


def _random_draw(kind: str, m: int, settings: RandomSettings, rng: np.random.Generator) -> Draw:
    """Sequences to train on; see RANDOM_ROWS."""
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
    """Sequences read until the last value of new ones is right, by what was trained on."""

    def one_place(place: tuple[str, int], label: str, rng: np.random.Generator) -> Result:
        (way, kind), m = RANDOM_ROWS[place[0]], place[1]
        test = middles.random_sequences(settings.tests, m, settings.n_values, rng)
        return train_until_right(
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
    rows = _rows(points, list(RANDOM_ROWS))
    least = {name: min(p.accuracy for p in row) for name, row in rows.items()}
    answer = (
        f"The last value of {settings.tests} test sequences with new middles has to be correct. "
        "The smallest number of values in the middle at which training failed was "
        f"{_reach(rows, settings.middles)}. The lowest accuracy in the last test was "
        + ", ".join(f"{value:.0f} % for {name}" for name, value in least.items())
        + " (chance: 50 %)."
    )
    table = updates_table("training data, values in the middle", points)
    return outcome(table, points, answer, [_panel(rows, settings.middles)], run.seed)


MEMORY_LENGTH = Experiment(
    name="memory-length",
    summary="y 0 1 0 1 ... 2 y and x 0 1 ... 2 x, 3 to 1000 values in between: where does it fail?",
    shows="One value has to be kept over more and more time steps, in an alphabet of five values.",
    published=EXERCISE,
    settings=MiddleSettings(),
    headline=solved_headline,
    run=run_length,
    group="exercises",
    takes=20,
)
MEMORY_ALPHABET = Experiment(
    name="memory-alphabet",
    summary="y 0 1 2 3 ... y and x 0 1 2 3 ... x, 3 to 1000 values in between: where does it fail?",
    shows=(
        "Task 2a of Hochreiter & Schmidhuber (1997): every value in the middle is a new one, so "
        "the alphabet grows with the length of the middle."
    ),
    published=EXERCISE,
    settings=MiddleSettings(most_sequences=10_000, most_steps=500_000),
    headline=solved_headline,
    run=run_alphabet,
    group="exercises",
    takes=25,
)
MEMORY_RANDOM = Experiment(
    name="memory-random",
    summary="random values between y and y, x and x: is the rule learned, or the sequences?",
    shows="The test uses middles that were not trained on, so memorized sequences are of no use.",
    published=EXERCISE,
    settings=RandomSettings(),
    headline=solved_headline,
    run=run_random,
    group="exercises",
    takes=10,
)
MEMORY_SWEEPS = (MEMORY_LENGTH, MEMORY_ALPHABET, MEMORY_RANDOM)
