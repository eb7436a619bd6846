"""Tasks 2a and 2b: return the first symbol at the end, after fixed or random symbols.

Our recipe is a GRU. In 2a, half of its loss belongs to the last step; in 2b, only the last symbol
can be predicted, and it is the only target. docs/1997.md gives the reasons.

Legend: N sequences, T time steps, C symbols, p the lag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import TrialSettings, paper_experiment
from echocell.experiments.paper_1997.network import Network1997, all_steps, last_step
from echocell.experiments.paper_1997.networks import NETWORK_2A, NETWORK_2B
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.recipes import (
    Answer,
    Task,
    TrainingRecipe,
    all_below,
    at_end,
    run_task,
)
from echocell.experiments.run.running import Run
from echocell.experiments.run.trials import PaperRow
from echocell.initializers import Chrono
from echocell.layers import GRU, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import long_lag
from echocell.tasks.encoding import Floats


@dataclass(frozen=True)
class LagSettings(TrialSettings):
    """Settings of tasks 2a and 2b.

    Attributes:
        p: the lag, at least 2.
        tests: sequences of a test of task 2b.
    """

    p: int = 100
    tests: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.p < 2:
            raise ValueError(f"p: expected at least 2, received {self.p}")


def task_2a(p: int) -> Task:
    """Returns task 2a: no error of 0.25 or more at any step of both sequences."""
    first = np.array([p - 1, p])  # x and y
    middle = np.broadcast_to(np.arange(p - 1), (2, p - 1))
    x, y = long_lag.to_pairs(np.concatenate([first[:, None], middle, first[:, None]], axis=1))

    def solved(answer: Answer, rng: np.random.Generator) -> bool:
        return bool(np.abs(answer(x) - y).max() < 0.25)

    return Task(
        lambda count, rng: long_lag.generate_2a(count, p, rng), solved, _rows(published.TASK_2A, p)
    )


def task_2b(p: int, tests: int) -> Task:
    """Returns task 2b: no error of 0.25 or more at the end of the test sequences.

    There is a target at every step, as in the paper.
    """

    def draw(count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        return long_lag.generate_2b(count, p, rng)

    return Task(draw, partial(all_below, draw, tests, 0.25), _rows(published.TASK_2B, p))


def _rows(table: Mapping[int, PaperRow], p: int) -> list[PaperRow]:
    return [table[p]] if p in table else []


def _gru(settings: LagSettings, *, every_step: bool) -> Sequential:
    model = Sequential()
    layer = GRU(
        settings.units,
        return_sequences=every_step,
        bias_initializer=Chrono(settings.p),
        input_shape=(None, settings.p + 1),
    )
    model.add(layer)
    model.add(Dense(settings.p + 1, activation="softmax"))
    optimizer = Adam(settings.learning_rate, beta_2=0.99, clipnorm=1.0)
    model.compile(loss="categorical_crossentropy", optimizer=optimizer)
    return model


def _description(settings: LagSettings, trained_on: str) -> str:
    batch = settings.batch_size
    return f"ours: GRU({settings.units}), chrono, Adam, batches of {batch}, {trained_on}"


def _last_as_all_others(y: Floats) -> Floats:
    """Returns weights [N, T] with mean 1 that give half of the weight to the last step."""
    count, steps, _ = y.shape
    weights = np.full((count, steps), steps / (2 * (steps - 1)), dtype=np.float32)
    weights[:, -1] = steps / 2
    return weights


def run_2a(settings: LagSettings, run: Run) -> Outcome:
    """Runs trials of task 2a."""
    recipe = TrainingRecipe(
        _description(settings, "half of the loss at the last step"),
        lambda: _gru(settings, every_step=True),
        settings.batch_size,
        weights=_last_as_all_others,
    )
    task = task_2a(settings.p)
    return run_task(settings, run, task, recipe, *_old(NETWORK_2A, settings, task, all_steps))


def run_2b(settings: LagSettings, run: Run) -> Outcome:
    """Runs trials of task 2b."""
    recipe = TrainingRecipe(
        _description(settings, "last target only"),
        lambda: _gru(settings, every_step=False),
        settings.batch_size,
        targets=at_end,
    )
    task = task_2b(settings.p, settings.tests)
    return run_task(settings, run, task, recipe, *_old(NETWORK_2B, settings, task, last_step))


def _old(
    network: Network1997, settings: LagSettings, task: Task, weights: Callable[[Any], Floats]
) -> list[TrainingRecipe]:
    """Returns the recipe of 1997 if the paper has a row."""
    size = settings.p + 1
    return [
        network.recipe(
            partial(network.build, size, size, every_step=True),
            row,
            most_sequences=10 * settings.most_sequences,
            check_every=settings.check_every,
            weights=weights,
        )
        for row in task.paper
    ]


_SETTINGS = LagSettings(
    units=32, learning_rate=0.01, batch_size=1, most_sequences=10_000, check_every=100
)
LONG_LAG_A = paper_experiment(
    "long-lag-a",
    "predict 99 fixed symbols, and then the first one again (task 2a of 1997)",
    takeaway=(
        "The task of the experiment memory, whose sequences are those of p = 4, over a hundred "
        "time steps. In the paper, real-time recurrent learning solves p = 4 in 78 % of the trials "
        "and p = 100 in none; the LSTM of 1997 solves it in all."
    ),
    figure="100 %, 5,040 sequences",
    where="section 5.2, table 2",
    settings=_SETTINGS,
    run=run_2a,
    takes=6,
)
LONG_LAG_B = paper_experiment(
    "long-lag-b",
    "return the first symbol after 99 random ones (task 2b of 1997)",
    takeaway="No symbol depends on the one before it; there is only the lag of 100 steps to learn.",
    figure="100 %, 5,680 sequences",
    where="section 5.2",
    settings=_SETTINGS,
    run=run_2b,
    takes=30,
)
