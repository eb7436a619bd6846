"""Tasks 3a, 3b and 3c of Hochreiter and Schmidhuber (1997): which of two sequences, after noise.

The first elements of a real input tell the class; all that follows is noise.

Decisions where the paper leaves a choice:
- Of its two criteria the stricter, ST2, ends a trial; the counts for ST1 stand beside.
- A sequence is misclassified where the output is off by more than 0.2, in 3b too, where the paper
  does not say it again. With N = 1, one sequence in a hundred cannot be told rightly by anyone, so
  that a test of 256 may pass or not by chance; so it may in the paper.
- The 256 sequences of a test are drawn anew for every test.

One recipe for 3a and 3b: a GRU whose recurrent and input weights begin large enough to hold fast
what comes first, and whose gates begin by keeping for up to T steps. 3c has the same model, trained
by squared errors, whose best answer under noise is the mean, at a rate that goes down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from echocell.experiments.paper_1997.network import Network1997
from echocell.experiments.paper_1997.tasks import SOURCE, LongSettings
from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.recipes import Recipe, Task, run_task, task_by_errors, within
from echocell.experiments.run.trials import PaperRow, trials_headline
from echocell.initializers import Chrono, Orthogonal, RandomUniform
from echocell.layers import GRU, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import two_sequence

# (T, N) -> the paper's rows, the one to compare with last.
PAPER_3A = {
    (100, 3): [("ST1", 27_380), ("ST2", 39_850)],
    (100, 1): [("ST1", 58_370), ("ST2", 64_330)],
    (1000, 3): [("ST1", 446_850), ("ST2", 452_460)],
}
PAPER_3B = {
    (100, 3): [("", 41_740)],
    (100, 1): [("", 74_950)],
    (1000, 1): [("", 481_060)],
}
PAPER_3C = {(100, 3): [("", 269_650)], (100, 1): [("", 565_640)]}


@dataclass(frozen=True)
class SignalSettings(LongSettings):
    """first: N, the elements that tell the class; decay: the rate at update n is
    learning_rate / (1 + decay n).
    """

    tests: int = 256
    first: int = 3
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first > self.length:
            raise ValueError(f"first: expected 1..{self.length} (length), received {self.first}")
        if self.length < 2:
            raise ValueError(f"length: expected at least 2, received {self.length}")
        if not self.decay >= 0:
            raise ValueError(f"decay: expected at least 0, received {self.decay}")


def task_3a(length: int, first: int, tests: int) -> Task:
    """No error over 0.2, and 0.01 on average."""
    return task_by_errors(
        lambda count, rng: two_sequence.generate_3a(count, length, first, rng),
        tests,
        within(0.01, 0.2),
        _paper(PAPER_3A, length, first),
    )


def task_3b(length: int, first: int, tests: int) -> Task:
    """Fewer than 6 of 256 errors over 0.2, and 0.04 on average."""
    return task_by_errors(
        lambda count, rng: two_sequence.generate_3b(count, length, first, rng),
        tests,
        lambda errors: bool((errors > 0.2).sum() < 6 / 256 * tests and errors.mean() < 0.04),
        _paper(PAPER_3B, length, first),
    )


def task_3c(length: int, first: int, tests: int) -> Task:
    """No error over 0.1, and 0.015 on average, from the targets without their noise."""
    generate = two_sequence.generate_3c
    return task_by_errors(
        lambda count, rng: generate(count, length, first, rng),
        tests,
        within(0.015, 0.1),
        _paper(PAPER_3C, length, first),
        test_draw=lambda count, rng: generate(count, length, first, rng, target_noise=False),
    )


def _paper(
    rows: dict[tuple[int, int], list[tuple[str, int]]], length: int, first: int
) -> list[PaperRow]:
    where = f"3 blocks of 1, T = {length}, N = {first}"
    return [
        PaperRow(f"{where}, {criterion}" if criterion else where, sequences)
        for criterion, sequences in rows.get((length, first), [])
    ]


def _ours(settings: SignalSettings, loss: str) -> Recipe:
    def build() -> Sequential:
        model = Sequential()
        layer = GRU(
            settings.units,
            input_shape=(None, 1),
            kernel_initializer=RandomUniform(-4.0, 4.0),
            recurrent_initializer=Orthogonal(4.0),
            bias_initializer=Chrono(settings.length),
        )
        model.add(layer)
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss=loss, optimizer=Adam(settings.learning_rate, decay=settings.decay))
        return model

    rate = ", falling rate" if settings.decay > 0 else ""
    words = (
        f"ours: GRU({settings.units}), large weights, chrono, Adam{rate}, batches of "
        f"{settings.batch_size}"
    )
    return Recipe(words, build, settings.batch_size)


def _run(
    task_of: Callable[[int, int, int], Task], loss: str, *networks: Network1997
) -> Callable[[SignalSettings, Run], Outcome]:
    def run_signal(settings: SignalSettings, run: Run) -> Outcome:
        task = task_of(settings.length, settings.first, settings.tests)
        slow = settings.length > 100  # a trial of the old recipe takes minutes
        old = [
            network.recipe(
                partial(network.build, 1, 1),
                task.paper[-1],
                most_sequences=(2 if slow else 5) * settings.most_sequences,
                check_every=1000,
                trials=2 if slow else None,
            )
            for network in networks
            if task.paper
        ]
        return run_task(settings, run, task, _ours(settings, loss), *old)

    return run_signal


OLD_3 = Network1997(
    *(3, 1, 0.1, 1.0),
    biases="hidden",
    input_bias=(-1, -3, -5),
    output_bias=(-2, -4, -6),
    truncated=True,
)
OLD_3C = replace(OLD_3, rate=0.1)


TWO_SEQUENCE_A = Experiment(
    name="two-sequence-a",
    summary="classify a noisy sequence by its first elements, T = 100, N = 3 (task 3a of 1997)",
    shows=(
        "The network has to keep what the first elements say and to ignore everything after them, "
        "although the noise looks much the same."
    ),
    published=Published("39,850 sequences", SOURCE + "section 5.3, table 4"),
    settings=SignalSettings(
        units=16, learning_rate=0.003, batch_size=8, most_sequences=80_000, check_every=500
    ),
    headline=trials_headline,
    run=_run(task_3a, "binary_crossentropy", OLD_3),
    group="paper-1997",
    takes=3,
)
TWO_SEQUENCE_A_1 = replace(
    TWO_SEQUENCE_A,
    name="two-sequence-a-1",
    summary="classify a noisy sequence by its first element, T = 100, N = 1 (task 3a of 1997)",
    published=Published("64,330 sequences", TWO_SEQUENCE_A.published.source),
    settings=replace(TWO_SEQUENCE_A.settings, first=1, most_sequences=130_000),
    takes=8,
)
TWO_SEQUENCE_A_1000 = replace(
    TWO_SEQUENCE_A,
    name="two-sequence-a-1000",
    summary="classify a noisy sequence by its first elements, T = 1000, N = 3 (task 3a of 1997)",
    published=Published("452,460 sequences", TWO_SEQUENCE_A.published.source),
    settings=replace(
        TWO_SEQUENCE_A.settings, length=1000, most_sequences=450_000, check_every=1000
    ),
    takes=200,
)
TWO_SEQUENCE_B = replace(
    TWO_SEQUENCE_A,
    name="two-sequence-b",
    summary="as task 3a with noise on the first elements, T = 100, N = 3 (task 3b of 1997)",
    shows="The first elements are noisy, too: some are misleading, which no network can know.",
    published=Published("41,740 sequences", SOURCE + "section 5.3, table 5"),
    run=_run(task_3b, "binary_crossentropy", OLD_3),
    takes=3,
)
TWO_SEQUENCE_B_1 = replace(
    TWO_SEQUENCE_B,
    name="two-sequence-b-1",
    summary="as task 3a with noise on the first element, T = 100, N = 1 (task 3b of 1997)",
    published=Published("74,950 sequences", TWO_SEQUENCE_B.published.source),
    settings=replace(TWO_SEQUENCE_A_1.settings, most_sequences=150_000),
    takes=5,
)
TWO_SEQUENCE_B_1000 = replace(
    TWO_SEQUENCE_B,
    name="two-sequence-b-1000",
    summary="as task 3a with noise on the first element, T = 1000, N = 1 (task 3b of 1997)",
    published=Published("481,060 sequences", TWO_SEQUENCE_B.published.source),
    settings=replace(TWO_SEQUENCE_A_1000.settings, first=1, most_sequences=480_000),
    takes=390,
)
TWO_SEQUENCE_C = replace(
    TWO_SEQUENCE_A,
    name="two-sequence-c",
    summary="as task 3a with noise on the targets, T = 100, N = 3 (task 3c of 1997)",
    shows="The targets are mostly noise; the network learns their mean, after a long lag.",
    published=Published("269,650 sequences", SOURCE + "section 5.3, table 6"),
    settings=replace(
        TWO_SEQUENCE_A.settings, decay=0.001, check_every=1000, most_sequences=540_000
    ),
    run=_run(task_3c, "mean_squared_error", OLD_3C),
    takes=13,
)
TWO_SEQUENCE_C_1 = replace(
    TWO_SEQUENCE_C,
    name="two-sequence-c-1",
    summary="as task 3a with noise on the targets, T = 100, N = 1 (task 3c of 1997)",
    published=Published("565,640 sequences", TWO_SEQUENCE_C.published.source),
    settings=replace(TWO_SEQUENCE_C.settings, first=1, most_sequences=1_130_000),
    takes=22,
)
SIGNALS_1997 = (
    TWO_SEQUENCE_A,
    TWO_SEQUENCE_A_1,
    TWO_SEQUENCE_A_1000,
    TWO_SEQUENCE_B,
    TWO_SEQUENCE_B_1,
    TWO_SEQUENCE_B_1000,
    TWO_SEQUENCE_C,
    TWO_SEQUENCE_C_1,
)
