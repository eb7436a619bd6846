"""Tasks 3a, 3b and 3c: classify a sequence by its first elements, which noise follows.

Our recipe for 3a and 3b is a GRU with large initial input and recurrent weights, which store the
first elements, and gates that initially keep values for up to T steps. 3c has the same model,
trained on squared errors, whose minimum under noise is the mean, at a decreasing rate.

Legend: T = length, the minimum number of steps; N = first, the elements that tell the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import LongSettings, paper_experiment
from echocell.experiments.paper_1997.network import Network1997
from echocell.experiments.paper_1997.networks import NETWORK_3, NETWORK_3C
from echocell.experiments.run.experiment import Experiment, Outcome
from echocell.experiments.run.recipes import Task, TrainingRecipe, run_task, task_by_errors, within
from echocell.experiments.run.running import Run
from echocell.experiments.run.trials import PaperRow
from echocell.initializers import Chrono, Orthogonal, RandomUniform
from echocell.layers import GRU, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import two_sequence


@dataclass(frozen=True)
class SignalSettings(LongSettings):
    """Settings of task 3.

    Attributes:
        tests: sequences of a test.
        first: N, the elements that tell the class.
        decay: the learning rate at update n is learning_rate / (1 + decay n).
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
    """Returns task 3a: no error above 0.2, and a mean error below 0.01."""
    return task_by_errors(
        lambda count, rng: two_sequence.generate_3a(count, length, first, rng),
        tests,
        within(0.01, 0.2),
        _paper(published.TASK_3A, length, first),
    )


def task_3b(length: int, first: int, tests: int) -> Task:
    """Returns task 3b: fewer than 6 of 256 errors above 0.2, and a mean error below 0.04."""
    return task_by_errors(
        lambda count, rng: two_sequence.generate_3b(count, length, first, rng),
        tests,
        lambda errors: bool((errors > 0.2).sum() < 6 / 256 * tests and errors.mean() < 0.04),
        _paper(published.TASK_3B, length, first),
    )


def task_3c(length: int, first: int, tests: int) -> Task:
    """Returns task 3c: no error above 0.1, mean below 0.015, from targets without noise."""
    generate = two_sequence.generate_3c
    return task_by_errors(
        lambda count, rng: generate(count, length, first, rng),
        tests,
        within(0.015, 0.1),
        _paper(published.TASK_3C, length, first),
        test_draw=lambda count, rng: generate(count, length, first, rng, target_noise=False),
    )


def _paper(
    table: Mapping[tuple[int, int], Mapping[str, int]], length: int, first: int
) -> list[PaperRow]:
    network = f"3 blocks of 1, T = {length}, N = {first}"
    return [
        PaperRow(f"{network}, {criterion}" if criterion else network, sequences)
        for criterion, sequences in table.get((length, first), {}).items()
    ]


def _ours(settings: SignalSettings, loss: str) -> TrainingRecipe:
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
    description = (
        f"ours: GRU({settings.units}), large weights, chrono, Adam{rate}, batches of "
        f"{settings.batch_size}"
    )
    return TrainingRecipe(description, build, settings.batch_size)


def run_two_sequence(
    task_of: Callable[[int, int, int], Task],
    loss: str,
    network: Network1997,
    settings: SignalSettings,
    run: Run,
) -> Outcome:
    """Runs trials of a task with our recipe and, where the paper has a row, with that of 1997."""
    task = task_of(settings.length, settings.first, settings.tests)
    slow = settings.length > 100  # a trial of the old recipe takes minutes
    old = [
        network.recipe(
            partial(network.build, 1, 1),
            row,
            most_sequences=(2 if slow else 5) * settings.most_sequences,
            check_every=1000,
            trials=2 if slow else None,
        )
        for row in task.paper[-1:]
    ]
    return run_task(settings, run, task, _ours(settings, loss), *old)


run_3a = partial(run_two_sequence, task_3a, "binary_crossentropy", NETWORK_3)
run_3b = partial(run_two_sequence, task_3b, "binary_crossentropy", NETWORK_3)
run_3c = partial(run_two_sequence, task_3c, "mean_squared_error", NETWORK_3C)

_SETTINGS = SignalSettings(
    units=16, learning_rate=0.003, batch_size=8, most_sequences=80_000, check_every=500
)
_LONG = replace(_SETTINGS, length=1000, most_sequences=450_000, check_every=1000)
_NOISY_TARGETS = replace(_SETTINGS, decay=0.001, check_every=1000, most_sequences=540_000)
_KEEP = (
    "The network has to keep what the first elements say and to ignore everything after them, "
    "although the noise looks much the same."
)
_MISLEADING = "The first elements are noisy, too: some are misleading, which no network can know."
_MEAN = "The targets are mostly noise; the network learns their mean, after a long lag."


def _variant(
    name: str,
    summary: str,
    takeaway: str,
    sequences: str,
    table: int,
    settings: SignalSettings,
    run: Callable[[SignalSettings, Run], Outcome],
    takes: float,
) -> Experiment[Any]:
    """Returns an experiment, with the published sequences and the table of the paper."""
    return paper_experiment(
        name,
        summary,
        takeaway=takeaway,
        figure=f"{sequences} sequences",
        where=f"section 5.3, table {table}",
        settings=settings,
        run=run,
        takes=takes,
    )


TWO_SEQUENCE = (
    _variant(
        "two-sequence-a",
        "classify a noisy sequence by its first elements, T = 100, N = 3 (task 3a of 1997)",
        _KEEP,
        "39,850",
        4,
        _SETTINGS,
        run_3a,
        3,
    ),
    _variant(
        "two-sequence-a-1",
        "classify a noisy sequence by its first element, T = 100, N = 1 (task 3a of 1997)",
        _KEEP,
        "64,330",
        4,
        replace(_SETTINGS, first=1, most_sequences=130_000),
        run_3a,
        8,
    ),
    _variant(
        "two-sequence-a-1000",
        "classify a noisy sequence by its first elements, T = 1000, N = 3 (task 3a of 1997)",
        _KEEP,
        "452,460",
        4,
        _LONG,
        run_3a,
        200,
    ),
    _variant(
        "two-sequence-b",
        "as task 3a with noise on the first elements, T = 100, N = 3 (task 3b of 1997)",
        _MISLEADING,
        "41,740",
        5,
        _SETTINGS,
        run_3b,
        3,
    ),
    _variant(
        "two-sequence-b-1",
        "as task 3a with noise on the first element, T = 100, N = 1 (task 3b of 1997)",
        _MISLEADING,
        "74,950",
        5,
        replace(_SETTINGS, first=1, most_sequences=150_000),
        run_3b,
        5,
    ),
    _variant(
        "two-sequence-b-1000",
        "as task 3a with noise on the first element, T = 1000, N = 1 (task 3b of 1997)",
        _MISLEADING,
        "481,060",
        5,
        replace(_LONG, first=1, most_sequences=480_000),
        run_3b,
        390,
    ),
    _variant(
        "two-sequence-c",
        "as task 3a with noise on the targets, T = 100, N = 3 (task 3c of 1997)",
        _MEAN,
        "269,650",
        6,
        _NOISY_TARGETS,
        run_3c,
        13,
    ),
    _variant(
        "two-sequence-c-1",
        "as task 3a with noise on the targets, T = 100, N = 1 (task 3c of 1997)",
        _MEAN,
        "565,640",
        6,
        replace(_NOISY_TARGETS, first=1, most_sequences=1_130_000),
        run_3c,
        22,
    ),
)
