"""Tasks of a paper and recipes for them, apart: the same task can be given to any recipe.

A task draws sequences and says whether it is solved; a recipe builds a model and trains it. What a
recipe reads of the inputs, and on which targets it trains, is its own affair; the test is the
task's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from echocell.experiments.base import Outcome, Run
from echocell.experiments.journal import Result
from echocell.experiments.trials import (
    PaperRow,
    Trial,
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
    the rows of the paper; the last is the one to compare with.
    """

    draw: Draw
    solved: Callable[[Answer, np.random.Generator], bool]
    paper: Sequence[PaperRow]


@dataclass(frozen=True)
class Recipe:
    """words: the recipe, as the table names it. build: a new compiled model. inputs: what of the
    task's inputs it reads. targets: the targets that it trains on. weights: of their errors in the
    loss, as fit() takes them; None: all alike.
    """

    words: str
    build: Callable[[], Sequential]
    batch_size: int
    inputs: Callable[[Any], Any] = lambda x: x
    targets: Callable[[Floats], Floats] = lambda y: y
    weights: Callable[[Floats], Floats] | None = None

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


def task_trials(
    limits: Limits, run: Run, task: Task, recipe: Recipe, what: str = ""
) -> list[Trial]:
    """Trials of the recipe on the task. what: see `run_trials`."""

    def trial(label: str, rng: np.random.Generator) -> Result:
        model = recipe.build()
        return until_solved(
            run,
            label,
            lambda count: recipe.fit(model, *task.draw(count, rng)),
            lambda: task.solved(recipe.answer(model), rng),
            batch_size=recipe.batch_size,
            most_sequences=limits.most_sequences,
            check_every=limits.check_every,
        )

    return run_trials(run, limits.trials, trial, what)


def run_task(limits: Limits, run: Run, task: Task, recipe: Recipe) -> Outcome:
    """Trials of the recipe beside the task's figures from the paper, and how they compare."""
    trials = task_trials(limits, run, task, recipe)
    result = outcome(trials, recipe.words, task.paper)
    if not task.paper:
        return result
    return replace(result, notes=(verdict(trials, task.paper[-1]),))


def falls_short(trials: Sequence[Trial], row: PaperRow) -> bool:
    """Is there a trial without success, or are more sequences needed than in the paper?"""
    return not all(t.solved for t in trials) or _mean(trials) > row.sequences


def verdict(trials: Sequence[Trial], row: PaperRow) -> str:
    """How the trials compare with the paper, as a sentence."""
    solved = sum(t.solved for t in trials)
    succeeded = f"{solved} of {len(trials)} trials succeed"
    if not solved:
        return f"Falls short of the paper: {succeeded}."
    figures = f"{succeeded}, after {_mean(trials):,.0f} sequences on average"
    beside = f"the paper's mean is {row.sequences:,} ({row.recipe})"
    if falls_short(trials, row):
        return f"Falls short of the paper: {figures}; {beside}."
    return f"As good as the paper or better: {figures}; {beside}."


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


def _mean(trials: Sequence[Trial]) -> float:
    """Sequences of the trials that succeeded."""
    return float(np.mean([t.sequences for t in trials if t.solved]))
