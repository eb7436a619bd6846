"""Trials: a task learned repeatedly from new weights, counted in sequences until success."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Panel, plot_sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The headings of the table, the same for all experiments.
HEADINGS = (
    *("recipe", "trials", "success", "sequences (mean)", "min", "max", "updates (mean)"),
    "seconds (mean)",
)
FALLS_SHORT = "* fewer successful trials, or more sequences, than published"


@dataclass(frozen=True)
class PaperRow:
    """A row of a published table.

    Attributes:
        recipe: the network and its training.
        sequences: training sequences until success, on average.
        success: the share of successful trials in percent; None where it is not published.
    """

    recipe: str
    sequences: int
    success: float | None = None


@dataclass(frozen=True)
class Trial:
    """One trial: sequences, updates and seconds until success or until the limit."""

    solved: bool
    sequences: int
    updates: int
    seconds: float


@dataclass(frozen=True)
class Trials:
    """The trials of one recipe.

    Attributes:
        recipe: the recipe, as the table names it.
        trials: the trials.
        reference: the published row that they are compared with; None for none.
    """

    recipe: str
    trials: Sequence[Trial]
    reference: PaperRow | None = None

    @property
    def solved(self) -> list[Trial]:
        """The successful trials."""
        return [trial for trial in self.trials if trial.solved]

    @property
    def success(self) -> float:
        """The share of successful trials in percent."""
        return 100.0 * len(self.solved) / len(self.trials)

    @property
    def sequences(self) -> float:
        """The mean over the successful trials; the maximum if no trial was successful."""
        counts = [trial.sequences for trial in self.solved]
        return float(np.mean(counts)) if counts else float(max(t.sequences for t in self.trials))

    @property
    def seconds(self) -> float:
        """The mean over all trials."""
        return sum(trial.seconds for trial in self.trials) / len(self.trials)

    @property
    def falls_short(self) -> bool:
        """Whether success is lower, or sequences are more, than published."""
        row = self.reference
        if row is None:
            return False
        return self.success < (row.success or 100) or self.sequences > row.sequences


def until_solved(
    run: Run,
    label: str,
    fit: Callable[[int], None],
    solved: Callable[[], bool],
    *,
    batch_size: int,
    most_sequences: int,
    check_every: int,
) -> Result:
    """Calls fit(n) and solved() in turn until the task is solved or the limit is reached.

    Args:
        run: the run that measures the training.
        label: the name of the trial.
        fit: trains on the given number of new sequences.
        solved: tests the model.
        batch_size: sequences per update.
        most_sequences: the limit.
        check_every: sequences between tests.

    Returns:
        The fields of a Trial; the seconds include the tests.
    """
    before, updates, sequences, done = run.seconds, run.updates, 0, False
    with run.training(math.ceil(most_sequences / batch_size), label) as training:
        while sequences < most_sequences and not done:
            count = min(check_every, most_sequences - sequences)
            fit(count)
            sequences += count
            training.count(math.ceil(count / batch_size))
            done = solved()
    return {
        "solved": done,
        "sequences": sequences,
        "updates": run.updates - updates,
        "seconds": run.seconds - before,
    }


def run_trials(
    run: Run, count: int, trial: Callable[[str, np.random.Generator], Result], what: str = ""
) -> list[Trial]:
    """Returns `count` trials, each from trial(label, rng), a piece of the run.

    what: the task or recipe, which distinguishes the labels where a run has trials of several.
    """
    labels = [f"{what} trial {k + 1}".strip() for k in range(count)]
    return [Trial(**result) for result in run.each_once(labels, trial)]


def trials_outcome(
    ours: Trials, paper: Sequence[PaperRow], others: Sequence[Trials] = ()
) -> Outcome:
    """Returns success and sequences of our recipe, and a table with other recipes and the paper."""
    recipes = [ours, *others]
    rows = [
        *map(_row, recipes),
        *(
            [f"paper: {row.recipe}", "", _percent(row.success), f"{row.sequences:,}"] + [""] * 4
            for row in paper
        ),
    ]
    short = any(recipe.falls_short for recipe in recipes)
    return Outcome(
        {"success": ours.success, "sequences": ours.sequences, "seconds": ours.seconds},
        partial(_draw, recipes, paper),
        perfect=len(ours.solved) == len(ours.trials),
        notes=verdict(ours) + ((FALLS_SHORT,) if short else ()),
        table=[HEADINGS, *rows],
    )


def verdict(ours: Trials) -> tuple[str, ...]:
    """Returns a sentence that compares the trials with the paper; () without a reference."""
    if ours.reference is None:
        return ()
    succeeded = f"{len(ours.solved)} of {len(ours.trials)} trials succeed"
    if not ours.solved:
        return (f"Falls short of the paper: {succeeded}.",)
    judged = "Falls short of the paper" if ours.falls_short else "As good as the paper or better"
    return (
        f"{judged}: {succeeded}, after {ours.sequences:,.0f} sequences on average; the paper's "
        f"mean is {ours.reference.sequences:,} ({ours.reference.recipe}).",
    )


def trials_headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": success and sequences."""
    return f"{statistics['success'].text(0)} %, {statistics['sequences'].mean:,.0f} sequences"


def _row(trials: Trials) -> list[str]:
    counts = [trial.sequences for trial in trials.solved]
    updates = [trial.updates for trial in trials.solved]
    mark = " *" if trials.falls_short else ""
    return [
        trials.recipe,
        str(len(trials.trials)),
        _percent(trials.success) + mark,
        *(f"{f(counts):,.0f}" if counts else "-" for f in (np.mean, min, max)),
        f"{np.mean(updates):,.0f}" if updates else "-",
        f"{trials.seconds:.2f}",
    ]


def _draw(recipes: Sequence[Trials], paper: Sequence[PaperRow], title: str) -> Figure:
    most = max(len(recipe.trials) for recipe in recipes)
    missing = (math.nan, True)  # the trials that a recipe has less than another
    series = {
        recipe.recipe.partition(":")[0]: [
            *((float(t.sequences), t.solved) for t in recipe.trials),
            *[missing] * (most - len(recipe.trials)),
        ]
        for recipe in recipes
    }
    panel = Panel(
        title="training sequences until success",
        xlabel="trial",
        x=list(range(1, most + 1)),
        series=series,
        log_x=False,
        lines={f"paper: {row.recipe}": float(row.sequences) for row in paper},
        connected=False,
    )
    return plot_sweep(title, [panel])


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"
