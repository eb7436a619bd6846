"""Tasks of a paper and training recipes, independent of each other.

A task draws sequences and decides whether it is solved; a recipe builds a model and trains it. A
recipe may read a part of the inputs and train on other targets; the test belongs to the task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.trials import (
    PaperRow,
    Trials,
    run_trials,
    trials_outcome,
    until_solved,
)
from echocell.models import Sequential
from echocell.tasks.encoding import Floats

# Maps the inputs of a task to outputs: [N, C], or [N, T, C] at every step.
Answer = Callable[[Any], Floats]
# Draws the given number of sequences from a generator: inputs and targets.
Draw = Callable[[int, np.random.Generator], tuple[Any, Floats]]

# The sequences of the first part of a long test, and of each later part.
FIRST_PART, PART = 200, 1000


class Limits(Protocol):
    """The settings that `run_task` reads."""

    @property
    def trials(self) -> int:
        """The number of trials."""

    @property
    def most_sequences(self) -> int:
        """The sequences after which a trial is stopped."""

    @property
    def check_every(self) -> int:
        """The sequences between tests."""


@dataclass(frozen=True)
class Task:
    """A task of a paper.

    Attributes:
        draw: draws new sequences to train on.
        solved: tests the answers of a model on other sequences.
        paper: the rows of the paper; the last is the default reference of a recipe.
        fresh: makes the task of one trial, where each trial has data of its own.
    """

    draw: Draw
    solved: Callable[[Answer, np.random.Generator], bool]
    paper: Sequence[PaperRow]
    fresh: Callable[[np.random.Generator], Task] | None = None

    def of_trial(self, rng: np.random.Generator) -> Task:
        """Returns the task of one trial."""
        return self if self.fresh is None else self.fresh(rng)


@dataclass(frozen=True)
class TrainingRecipe:
    """A model and its training.

    Attributes:
        description: the recipe, as the table names it; the part before the colon is its name.
        build: makes a new compiled model.
        batch_size: sequences per update.
        inputs: selects the inputs that the model reads.
        targets: maps the targets of the task to those of the training.
        weights: the sample weights of the loss, from the targets; None for equal weights.
        reference: the row of the paper that the recipe is compared with; None for the task's.
        most_sequences: the limit; None for that of the settings.
        check_every: the sequences between tests; None for those of the settings.
        trials: the maximum number of trials; None for that of the settings.
    """

    description: str
    build: Callable[[], Sequential]
    batch_size: int
    inputs: Callable[[Any], Any] = lambda x: x
    targets: Callable[[Floats], Floats] = lambda y: y
    weights: Callable[[Any], Floats] | None = None
    reference: PaperRow | None = None
    most_sequences: int | None = None
    check_every: int | None = None
    trials: int | None = None

    @property
    def name(self) -> str:
        """The part of the description before the first colon."""
        return self.description.partition(":")[0]

    def fit(self, model: Sequential, x: Any, y: Floats) -> None:
        """Trains one pass over sequences of the task, in their order."""
        model.fit(
            self.inputs(x),
            self.targets(y),
            batch_size=self.batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
            sample_weight=None if self.weights is None else self.weights(y),
        )

    def answer(self, model: Sequential) -> Answer:
        """Returns the function from inputs of the task to outputs of the model."""

        def outputs(x: Any) -> Floats:
            predicted: Floats = model.predict(self.inputs(x), batch_size=64, verbose=0)
            return predicted

        return outputs


def task_trials(
    limits: Limits, run: Run, task: Task, recipe: TrainingRecipe, what: str = ""
) -> Trials:
    """Returns trials of the recipe on the task. what: see `run_trials`."""

    def trial(label: str, rng: np.random.Generator) -> Result:
        own = task.of_trial(rng)
        model = recipe.build()
        return until_solved(
            run,
            label,
            lambda count: recipe.fit(model, *own.draw(count, rng)),
            lambda: own.solved(recipe.answer(model), rng),
            batch_size=recipe.batch_size,
            most_sequences=recipe.most_sequences or limits.most_sequences,
            check_every=recipe.check_every or limits.check_every,
        )

    reference = recipe.reference or (task.paper[-1] if task.paper else None)
    count = min(limits.trials, recipe.trials or limits.trials)
    return Trials(recipe.description, run_trials(run, count, trial, what), reference)


def run_task(
    limits: Limits, run: Run, task: Task, ours: TrainingRecipe, *others: TrainingRecipe
) -> Outcome:
    """Runs trials of all recipes and compares them with the task's rows of the paper."""
    trials = [
        task_trials(limits, run, task, recipe, recipe.name if recipe is not ours else "")
        for recipe in (ours, *others)
    ]
    return trials_outcome(trials[0], task.paper, trials[1:])


def task_by_errors(
    draw: Draw,
    tests: int,
    learned: Callable[[Floats], bool],
    paper: Sequence[PaperRow],
    test_draw: Draw | None = None,
) -> Task:
    """Returns a task with one answer per sequence that the errors of a test decide.

    Args:
        draw: draws sequences to train on.
        tests: the sequences of a test.
        learned: whether the task is solved, given the absolute errors of a test.
        paper: the rows of the paper.
        test_draw: draws the sequences of a test; `draw` if None.
    """

    def solved(answer: Answer, rng: np.random.Generator) -> bool:
        x, y = (test_draw or draw)(tests, rng)
        return learned(np.abs(answer(x) - y.reshape(len(y), -1)))

    return Task(draw, solved, paper)


def within(mean: float, most: float) -> Callable[[Floats], bool]:
    """Returns the criterion that the mean error is below `mean` and no error above `most`."""
    return lambda errors: bool(errors.mean() < mean and errors.max() <= most)


def all_below(
    draw: Draw, count: int, limit: float, answer: Answer, rng: np.random.Generator
) -> bool:
    """Returns whether every output at the end is within `limit` of its target.

    The `count` sequences are drawn in parts, a small one first, where most tests fail.
    """
    done = 0
    while done < count:
        part = min(PART if done else FIRST_PART, count - done)
        x, y = draw(part, rng)
        if not np.abs(at_end(answer(x)) - at_end(y)).max() < limit:
            return False
        done += part
    return True


def at_end(values: Floats) -> Floats:
    """Returns the outputs or targets of the last step: [N, T, C] or [N, C] -> [N, C]."""
    return values[:, -1] if values.ndim == 3 else values
