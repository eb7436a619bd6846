"""Task 2c: return the second symbol after up to a thousand random symbols, at many lags.

Our recipe is the same for all pairs (q, p): an LSTM that reads ids through an Embedding. The
initial biases of its gates depend on the lag q.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import TrialSettings, paper_experiment
from echocell.experiments.paper_1997.networks import NETWORK_2C
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.recipes import Task, TrainingRecipe, all_below, task_trials
from echocell.experiments.run.running import Run
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Panel, plot_sweep
from echocell.experiments.run.trials import (
    FALLS_SHORT,
    HEADINGS,
    PaperRow,
    Trials,
    trials_headline,
    trials_outcome,
)
from echocell.initializers import Chrono
from echocell.layers import LSTM, Dense, Embedding
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import long_lag
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class VeryLongSettings(TrialSettings):
    """Settings of task 2c.

    Attributes:
        q: the minimum lag of each pair (q, p).
        p: the number of random symbols of each pair.
        vector: the size of the vector of a symbol.
        tests: sequences of a test.
    """

    q: tuple[int, ...] = tuple(q for q, _ in published.TASK_2C)
    p: tuple[int, ...] = tuple(p for _, p in published.TASK_2C)
    vector: int = 8
    tests: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, values in (("q", self.q), ("p", self.p)):
            if min(values, default=0) < 1:
                raise ValueError(f"{name}: expected numbers of at least 1, received {values}")
        if len(self.q) != len(self.p) or len(set(self.pairs)) < len(self.pairs):
            raise ValueError(
                f"q and p: expected as many numbers of each, no pair twice, "
                f"received q={self.q} and p={self.p}"
            )

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The pairs (q, p)."""
        return list(zip(self.q, self.p, strict=True))


def task_2c(q: int, p: int, tests: int) -> Task:
    """Returns task 2c: both errors below 0.2 at the end of the test sequences of ids."""

    def draw(count: int, rng: np.random.Generator) -> tuple[list[np.ndarray], Floats]:
        return long_lag.generate_2c(count, q, p, rng)

    paper = (
        [PaperRow(f"q = {q}, p = {p}: 2 blocks of 1, rate 0.01", published.TASK_2C[q, p], 100)]
        if (q, p) in published.TASK_2C
        else []
    )
    return Task(draw, partial(all_below, draw, tests, 0.2), paper)


def recipes_2c(settings: VeryLongSettings, q: int, p: int) -> list[TrainingRecipe]:
    """Returns our recipe and, where the paper has the pair, that of 1997."""
    recipes = [_ours_2c(settings, q, p)]
    for row in task_2c(q, p, settings.tests).paper:
        old = NETWORK_2C.recipe(
            partial(NETWORK_2C.build_for_symbols, p + 4, 2),
            row,
            most_sequences=10 * settings.most_sequences,
            check_every=1000,
            trials=10,
            description=NETWORK_2C.description.replace(":", f": q = {q}, p = {p}:", 1),
        )
        recipes.append(old)
    return recipes


def _ours_2c(settings: VeryLongSettings, q: int, p: int) -> TrainingRecipe:
    """Returns our recipe: an LSTM whose gates initially keep values for about q steps."""

    def build() -> Sequential:
        model = Sequential()
        model.add(Embedding(p + 4, settings.vector))
        model.add(LSTM(settings.units, bias_initializer=Chrono(q + 10)))
        model.add(Dense(2, activation="softmax"))
        optimizer = Adam(settings.learning_rate)
        model.compile(loss="categorical_crossentropy", optimizer=optimizer)
        return model

    description = (
        f"ours: q = {q}, p = {p}: Embedding({settings.vector}), LSTM({settings.units}), chrono, "
        f"Adam, batches of {settings.batch_size}"
    )
    return TrainingRecipe(description, build, settings.batch_size)


def run_2c(settings: VeryLongSettings, run: Run) -> Outcome:
    """Runs trials of every pair (q, p)."""
    results: dict[tuple[int, int], Trials] = {}
    olds: dict[tuple[int, int], Trials] = {}
    rows: list[Sequence[str]] = []
    for q, p in settings.pairs:
        task = task_2c(q, p, settings.tests)
        ours, *others = [
            task_trials(settings, run, task, recipe, f"{recipe.name} q={q} p={p}")
            for recipe in recipes_2c(settings, q, p)
        ]
        results[q, p] = ours
        if others:
            olds[q, p] = others[0]
        rows += trials_outcome(ours, task.paper, others).table[1:]
    every = [trial for trials in results.values() for trial in trials.trials]
    figures = trials_outcome(Trials("", every), []).figures
    compared = [pair for pair in settings.pairs if pair in published.TASK_2C]
    short = [f"q = {q}, p = {p}" for q, p in compared if results[q, p].falls_short]
    marked = any(trials.falls_short for trials in (*results.values(), *olds.values()))
    return Outcome(
        figures,
        lambda title: _draw_2c(title, results, olds),
        perfect=all(trial.solved for trial in every),
        table=[HEADINGS, *rows],
        notes=(_verdict(short, compared), *[FALLS_SHORT] * marked),
    )


def _verdict(short: Sequence[str], compared: Sequence[tuple[int, int]]) -> str:
    if not compared:
        return "The paper reports none of these pairs (q, p)."
    if short:
        return f"Ours falls short of the paper at {'; '.join(short)}."
    return (
        "At the paper's pairs every trial of ours succeeds, on average after no more sequences "
        "than the paper reports."
    )


PairTrials = Mapping[tuple[int, int], Trials]


def _draw_2c(title: str, ours: PairTrials, olds: PairTrials) -> Figure:
    """Draws a diagram over q = p, and one over p for each q with other p."""
    panels = []
    diagonal = sorted(pair for pair in ours if pair[0] == pair[1])
    if diagonal:
        panels.append(_panel("q = p", [q for q, _ in diagonal], diagonal, ours, olds))
    for q in sorted({q for q, p in ours if q != p}):
        pairs = sorted(pair for pair in ours if pair[0] == q)
        label = f"p, with q = {q:,}"
        panels.append(_panel(label, [p for _, p in pairs], pairs, ours, olds))
    return plot_sweep(title, panels)


def _panel(
    label: str,
    places: Sequence[float],
    pairs: Sequence[tuple[int, int]],
    ours: PairTrials,
    olds: PairTrials,
) -> Panel:
    def points(rows: PairTrials) -> list[tuple[float, bool]]:
        chosen = [rows.get(pair) for pair in pairs]
        return [
            (row.sequences, len(row.solved) == len(row.trials)) if row else (math.nan, True)
            for row in chosen
        ]

    series = {"ours": points(ours)}
    if olds:
        series["1997, here"] = points(olds)
    series["the paper"] = [(float(published.TASK_2C.get(pair, math.nan)), True) for pair in pairs]
    return Panel("training sequences until success (mean)", label, places, series)


def _pairs_headline(statistics: Mapping[str, Statistic]) -> str:
    return trials_headline(statistics) + " on average"


LONG_LAG_C = paper_experiment(
    "long-lag-c",
    "keep a symbol over up to 1000 random ones (task 2c of 1997)",
    takeaway=(
        "In the paper the number of sequences needed grows little with the lag q, and more with "
        "the frequency at which each of the p random symbols disturbs what is kept."
    ),
    figure="100 %, 30,000 to 203,000 sequences",
    where="section 5.2, table 3",
    settings=VeryLongSettings(
        units=8,
        learning_rate=0.01,
        batch_size=8,
        most_sequences=30_000,
        check_every=200,
        trials=20,
    ),
    headline=_pairs_headline,
    run=run_2c,
    takes=1300,
)
