"""Tasks of a paper and recipes for them, apart: the same task can be given to any recipe.

A task draws sequences and says whether it is solved; a recipe builds a model and trains it. What a
recipe reads of the inputs, and on which targets it trains, is its own affair; the test is the
task's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from echocell.experiments.run.base import Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.trials import (
    PaperRow,
    Trials,
    outcome,
    run_trials,
    until_solved,
)
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from echocell.models import Sequential

# Inputs of the task to outputs: [N, C], or [N, T, C] at every step.
Answer = Callable[[Any], Floats]
# A number of sequences and where they come from to inputs and targets.
Draw = Callable[[int, np.random.Generator], tuple[Any, Floats]]

# Sequences of the first part of a long test, and of those after it.
FIRST_PART, PART = 200, 1000


class Limits(Protocol):
    """What of the settings run_task looks at, as in `TrialSettings`."""

    @property
    def trials(self) -> int: ...
    @property
    def most_sequences(self) -> int: ...
    @property
    def check_every(self) -> int: ...


@dataclass(frozen=True)
class Task:
    """draw: the sequences to train on, all fresh. solved: tests a model's answers on others. paper:
    the rows of the paper; the last is the one to compare with. anew: the task of one trial, where
    every trial has data of its own.
    """

    draw: Draw
    solved: Callable[[Answer, np.random.Generator], bool]
    paper: Sequence[PaperRow]
    anew: Callable[[np.random.Generator], Task] | None = None

    def of_trial(self, rng: np.random.Generator) -> Task:
        """The task as one trial has it."""
        return self if self.anew is None else self.anew(rng)


@dataclass(frozen=True)
class Recipe:
    """words: the recipe, as the table names it. build: a new compiled model. inputs: what of the
    task's inputs it reads. targets: the targets that it trains on. weights: of their errors in the
    loss, as fit() takes them; None: all alike. beside: the paper's row that it is held against;
    None: the task's. most_sequences, check_every, trials: where they differ from the settings'.
    """

    words: str
    build: Callable[[], Sequential]
    batch_size: int
    inputs: Callable[[Any], Any] = lambda x: x
    targets: Callable[[Floats], Floats] = lambda y: y
    weights: Callable[[Any], Floats] | None = None
    beside: PaperRow | None = None
    most_sequences: int | None = None
    check_every: int | None = None
    trials: int | None = None

    @property
    def name(self) -> str:
        """What the words begin with."""
        return self.words.partition(":")[0]

    def fit(self, model: Sequential, x: Any, y: Floats) -> None:
        """One pass over sequences of the task, in their order."""
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
        """The model's outputs for inputs of the task."""

        def outputs(x: Any) -> Floats:
            predicted: Floats = model.predict(self.inputs(x), batch_size=64, verbose=0)
            return predicted

        return outputs


def task_trials(limits: Limits, run: Run, task: Task, recipe: Recipe, what: str = "") -> Trials:
    """Trials of the recipe on the task. what: see `run_trials`."""

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

    beside = recipe.beside or (task.paper[-1] if task.paper else None)
    count = min(limits.trials, recipe.trials or limits.trials)
    return Trials(recipe.words, run_trials(run, count, trial, what), beside)


def run_task(limits: Limits, run: Run, task: Task, ours: Recipe, *others: Recipe) -> Outcome:
    """Trials of the recipes beside the task's figures from the paper, and how ours compares."""
    trials = [
        task_trials(limits, run, task, recipe, recipe.name if recipe is not ours else "")
        for recipe in (ours, *others)
    ]
    return outcome(trials[0], task.paper, trials[1:])


def task_by_errors(
    draw: Draw,
    tests: int,
    learned: Callable[[Floats], bool],
    paper: Sequence[PaperRow],
    test_draw: Draw | None = None,
) -> Task:
    """Solved when `learned` says so of the errors, without sign, of a test; one answer each.

    tests: sequences of a test. test_draw: where they come from, if not from where those to train
    on do.
    """

    def solved(answer: Answer, rng: np.random.Generator) -> bool:
        x, y = (test_draw or draw)(tests, rng)
        return learned(np.abs(answer(x) - y.reshape(len(y), -1)))

    return Task(draw, solved, paper)


def within(mean: float, most: float) -> Callable[[Floats], bool]:
    """Is the mean of errors below `mean`, and none over `most`?"""
    return lambda errors: bool(errors.mean() < mean and errors.max() <= most)


def all_below(
    draw: Draw, count: int, limit: float, answer: Answer, rng: np.random.Generator
) -> bool:
    """Is every output at the end within less than `limit` of its target, on `count` sequences?

    They are drawn part by part, the first part a small one: most tests fail in it.
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
    """Outputs or targets of the last step: [N, T, C] or [N, C] to [N, C]."""
    return values[:, -1] if values.ndim == 3 else values
