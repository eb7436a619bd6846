"""Trials: a task learned again and again from new weights, counted in sequences until success."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import sweep_plot
from echocell.experiments.base import Outcome, Run
from echocell.experiments.journal import Result
from echocell.sweep_plot import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from echocell.experiments.statistics import Statistic
    from echocell.models import Sequential

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
    """One trial: sequences and seconds until success, or until it was given up."""

    solved: bool
    sequences: int
    seconds: float


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
    before, sequences, done = run.seconds, 0, False
    with run.training(math.ceil(most_sequences / batch_size), label) as training:
        while sequences < most_sequences and not done:
            count = min(check_every, most_sequences - sequences)
            fit(count)
            sequences += count
            training.count(math.ceil(count / batch_size))
            done = solved()
    return {"solved": done, "sequences": sequences, "seconds": run.seconds - before}


def run_trials(
    run: Run, count: int, trial: Callable[[str, np.random.Generator], Result], what: str = ""
) -> list[Trial]:
    """trial(label, rng) so many times, each a piece of the run.

    what: of what the trials are, where a run has trials of several tasks.
    """
    labels = [f"{what} trial {k + 1}".strip() for k in range(count)]
    return [Trial(**run.once(label, partial(trial, label))) for label in labels]


def outcome(trials: Sequence[Trial], ours: str, paper: Sequence[PaperRow]) -> Outcome:
    """Success and sequences beside the paper's. ours: the recipe, in words."""
    solved = [float(t.sequences) for t in trials if t.solved]
    success = 100.0 * len(solved) / len(trials)
    mean = float(np.mean(solved)) if solved else float(max(t.sequences for t in trials))
    seconds = sum(t.seconds for t in trials) / len(trials)
    least, most = (f"{f(solved):,.0f}" if solved else "-" for f in (min, max))
    heads = ["recipe", "trials", "success", "sequences until success", "least", "most", "seconds"]
    count = f"{mean:,.0f}" if solved else "-"
    rows = [
        [ours, str(len(trials)), _percent(success), count, least, most, f"{seconds:.2f}"],
        *(
            [f"1997: {row.recipe}", "", _percent(row.success), f"{row.sequences:,}", "", "", ""]
            for row in paper
        ),
    ]

    def draw(title: str) -> Figure:
        places = list(range(1, len(trials) + 1))
        series = {"ours": [(float(t.sequences), t.solved) for t in trials]}
        lines = {f"1997: {row.recipe}": float(row.sequences) for row in paper}
        panel = Panel(
            *("sequences until success", "trial", places, series),
            log_x=False,
            lines=lines,
            connected=False,
        )
        return sweep_plot.plot_sweep(title, [panel])

    return Outcome(
        {"success": success, "sequences": mean, "seconds": seconds},
        draw,
        perfect=len(solved) == len(trials),
        table=[heads, *rows],
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"


def trials_headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours": success and sequences."""
    return f"{statistics['success'].text(0)} %, {statistics['sequences'].mean:,.0f} sequences"


def fit_lists(model: Sequential, x: Sequence[Any], y: Any, batch_size: int) -> None:
    """One pass over sequences of any lengths, in their order."""
    model.fit(list(x), y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
