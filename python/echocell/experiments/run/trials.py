"""Trials: a task learned again and again from new weights, counted in sequences until success."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from echocell.experiments.run import sweep_plot
from echocell.experiments.run.base import Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.sweep_plot import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic

# Trains on so many fresh sequences.
Train = Callable[[int], None]


@dataclass(frozen=True)
class PaperRow:
    """A row of a published table: what was trained, sequences until success, and how many percent
    of the trials had it, where that is printed.
    """

    recipe: str
    sequences: int
    success: float | None = None


@dataclass(frozen=True)
class Trial:
    """One trial: sequences, updates and seconds until success, or until it was given up."""

    solved: bool
    sequences: int
    updates: int
    seconds: float


@dataclass(frozen=True)
class Trials:
    """The trials of one recipe, in words, and the published row that it is held against."""

    recipe: str
    trials: Sequence[Trial]
    beside: PaperRow | None = None

    @property
    def solved(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.solved]

    @property
    def success(self) -> float:
        """Percent."""
        return 100.0 * len(self.solved) / len(self.trials)

    @property
    def sequences(self) -> float:
        """Mean over the trials with success; the longest where there is none."""
        counts = [trial.sequences for trial in self.solved]
        return float(np.mean(counts)) if counts else float(max(t.sequences for t in self.trials))

    @property
    def seconds(self) -> float:
        """Mean over all trials."""
        return sum(trial.seconds for trial in self.trials) / len(self.trials)

    @property
    def falls_short(self) -> bool:
        """Less success, or more sequences, than were published."""
        if self.beside is None:
            return False
        return self.success < (self.beside.success or 100) or self.sequences > self.beside.sequences


def until_solved(
    run: Run,
    label: str,
    fit: Train,
    solved: Callable[[], bool],
    *,
    batch_size: int,
    most_sequences: int,
    check_every: int,
) -> Result:
    """fit(n) and solved() in turn, until the latter is true or most_sequences were trained on.

    Gives the fields of a Trial. Seconds are those of training and testing.
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
    """trial(label, rng) so many times, each a piece of the run.

    what: of what the trials are, where a run has trials of several tasks or recipes.
    """
    labels = [f"{what} trial {k + 1}".strip() for k in range(count)]
    return [Trial(**result) for result in run.each_once(labels, trial)]


# The heads of the table; one table of many experiments has the same.
HEADS = (
    *("recipe", "trials", "success", "sequences (mean)", "min", "max", "updates (mean)"),
    "seconds (mean)",
)


def outcome(ours: Trials, paper: Sequence[PaperRow], others: Sequence[Trials] = ()) -> Outcome:
    """Success and sequences until success beside the paper's; others: recipes besides ours."""
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
        table=[HEADS, *rows],
    )


FALLS_SHORT = "* fewer successful trials, or more sequences, than published"


def verdict(ours: Trials) -> tuple[str, ...]:
    """How the trials compare with the paper, as a sentence; none where it has no such row."""
    if ours.beside is None:
        return ()
    succeeded = f"{len(ours.solved)} of {len(ours.trials)} trials succeed"
    if not ours.solved:
        return (f"Falls short of the paper: {succeeded}.",)
    judged = "Falls short of the paper" if ours.falls_short else "As good as the paper or better"
    return (
        f"{judged}: {succeeded}, after {ours.sequences:,.0f} sequences on average; the paper's "
        f"mean is {ours.beside.sequences:,} ({ours.beside.recipe}).",
    )


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
    places = list(range(1, most + 1))
    nothing = (math.nan, True)  # a recipe with fewer trials than another
    series = {
        recipe.recipe.partition(":")[0]: [
            *((float(t.sequences), t.solved) for t in recipe.trials),
            *[nothing] * (most - len(recipe.trials)),
        ]
        for recipe in recipes
    }
    lines = {f"paper: {row.recipe}": float(row.sequences) for row in paper}
    panel = Panel(
        *("training sequences until success", "trial", places, series),
        log_x=False,
        lines=lines,
        connected=False,
    )
    return sweep_plot.plot_sweep(title, [panel])


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"


def trials_headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours": success and sequences."""
    return f"{statistics['success'].text(0)} %, {statistics['sequences'].mean:,.0f} sequences"
