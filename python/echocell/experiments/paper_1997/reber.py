"""Task 1: the embedded Reber grammar.

A trial is successful when the legal next symbols are the most active outputs on all 512 strings,
256 of which are trained on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import TrialSettings, paper_experiment
from echocell.experiments.paper_1997.network import all_steps
from echocell.experiments.paper_1997.networks import NETWORK_1
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.recipes import Answer, Task, TrainingRecipe, run_task
from echocell.experiments.run.running import Run
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import reber


def task_1(rng: np.random.Generator) -> Task:
    """Returns the task with 256 training strings and 256 others."""
    train, test = reber.generate_sets(256, 256, rng, distinct=False)
    x, y, _ = reber.to_pairs(train)
    all_x, _, legal = reber.to_pairs([*train, *test])

    def draw(count: int, rng: np.random.Generator) -> tuple[Any, Any]:
        chosen = rng.integers(len(x), size=count)
        return [x[k] for k in chosen], [y[k] for k in chosen]

    def solved(answer: Answer, _: np.random.Generator) -> bool:
        return all(map(reber.all_predictions_legal, answer(all_x), legal))

    return Task(draw, solved, published.TASK_1, fresh=task_1)


def run_reber(settings: TrialSettings, run: Run) -> Outcome:
    """Runs trials of our recipe and of that of 1997."""

    def build() -> Sequential:
        model = Sequential()
        model.add(LSTM(settings.units, return_sequences=True, input_shape=(None, 7)))
        model.add(Dense(7, activation="softmax"))
        model.compile(loss="categorical_crossentropy", optimizer=Adam(settings.learning_rate))
        return model

    description = f"ours: LSTM({settings.units}), Adam, batches of {settings.batch_size}"
    old = NETWORK_1.recipe(
        lambda: NETWORK_1.build(7, 7, every_step=True),
        published.TASK_1[-1],
        most_sequences=10 * settings.most_sequences,
        check_every=100,
        weights=all_steps,
    )
    task = task_1(np.random.default_rng(0))
    ours = TrainingRecipe(description, build, settings.batch_size)
    return run_task(settings, run, task, ours, old)


REBER = paper_experiment(
    "reber",
    "predict the legal next symbols of the embedded Reber grammar (task 1 of 1997)",
    takeaway=(
        "The last symbol but one repeats the second one, whatever the grammar puts in between; "
        "everything else can be learned without a long memory."
    ),
    figure="100 %, 8,440 sequences",
    where="section 5.1, table 1",
    settings=TrialSettings(
        units=24, learning_rate=0.01, batch_size=2, most_sequences=20_480, check_every=256
    ),
    run=run_reber,
    takes=13,
)
