"""The open exercises on how the two sequences are learned: how often, over many runs.

From Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python"
(2017), section "Extensions": fewer units and epochs, larger batches, the order shuffled. The
network is that of the experiment `memory`; every place is tried with many initial weights,
and counts as solved where 95 % of the runs give all eight next values.

The carried state is trained by truncated backpropagation with a reach of one step: an update per
step and states that go on, the same arithmetic as a stateful layer that is fed one step at a time
and reset after each sequence (tests/test_memory_sweeps.py holds them against each other).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from echocell.experiments.base import Experiment, Outcome, Run
from echocell.experiments.journal import Result
from echocell.experiments.memory_sweeps import EXERCISE
from echocell.experiments.settings import check_counts
from echocell.experiments.sweep import Point, outcome, solved_headline, sweep
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.sweep_plot import Bars, Panel
from echocell.tasks import memory
from echocell.tasks.encoding import Floats, one_hot_decode

if TYPE_CHECKING:
    pass

# The share of runs, in percent, that counts as solved.
ENOUGH = 95.0
UPDATES_NEEDED = f"updates until {ENOUGH:.0f} % of the runs are correct"
STEPS = len(memory.SEQUENCES[0]) - 1


@dataclass(frozen=True)
class Recipe:
    """One way to train. one_step: an update per step, no gradient further back, else through whole
    sequences; batch_size: sequences per batch, 1 or 2; shuffled: the order of the sequences drawn
    for every epoch; parted: the steps torn apart, each a sequence of its own.
    """

    units: int
    one_step: bool
    batch_size: int = 1
    shuffled: bool = False
    parted: bool = False

    @property
    def updates_per_epoch(self) -> int:
        """Updates in a pass over both sequences."""
        steps = STEPS if self.one_step or self.parted else 1
        return steps * (2 // self.batch_size)


def build(units: int) -> Sequential:
    """The network of `memory` for whole sequences: [B, T, 5] in, the next values out."""
    model = Sequential()
    model.add(LSTM(units, return_sequences=True, input_shape=(None, memory.N_VALUES)))
    model.add(Dense(memory.N_VALUES, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


def both_sequences() -> tuple[Floats, Floats]:
    """The inputs x [2, 4, 5] and the next values y [2, 4, 5]."""
    return memory.to_steps(memory.SEQUENCES)


def fit(model: Sequential, recipe: Recipe, epochs: int) -> None:
    """Trains both sequences by the recipe."""
    x, y = both_sequences()
    if recipe.parted:
        x, y = (part.reshape(-1, 1, memory.N_VALUES) for part in (x, y))
    model.fit(
        x,
        y,
        batch_size=recipe.batch_size,
        bptt_steps=1 if recipe.one_step and not recipe.parted else None,
        shuffle=recipe.shuffled,
        epochs=epochs,
        verbose=0,
    )


@dataclass(frozen=True)
class TrialSettings:
    """runs: networks with weights of their own at every place; epochs: passes over both sequences
    that each is given; check_every: epochs from test to test.
    """

    runs: int = 100
    units: int = 20
    epochs: int = 1000
    check_every: int = 50

    def __post_init__(self) -> None:
        check_counts(self)


@dataclass(frozen=True)
class UnitSettings:
    """units: of the networks; for the others see TrialSettings."""

    units: tuple[int, ...] = (1, 3, 5, 10, 15, 20, 30, 40)
    runs: int = 100
    epochs: int = 1000
    check_every: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.units) < 1:
            raise ValueError(f"units: expected at least 1, received {min(self.units)}")


def try_often(
    recipe: Recipe, settings: TrialSettings | UnitSettings, run: Run, label: str
) -> Result:
    """Trains settings.runs networks; gives the fields of a Point but its label, per network.

    solved: at some test ENOUGH of the networks were right; updates, samples and seconds are counted
    up to the first such test, or to the end. Nothing is asked of later tests. accuracy: the largest
    share of networks, in percent, that were right at the same test.
    """
    x, y = both_sequences()
    expected = one_hot_decode(y)
    rounds = max(1, settings.epochs // settings.check_every)
    per_round = settings.check_every * recipe.updates_per_epoch
    right = np.zeros((settings.runs, rounds), bool)
    before = run.seconds
    with run.training(settings.runs * rounds * per_round, label) as training:
        for trial in right:
            model = build(recipe.units)
            for k in range(rounds):
                fit(model, recipe, settings.check_every)
                training.count(per_round)
                predicted = one_hot_decode(model.predict(x, verbose=0))
                trial[k] = np.array_equal(predicted, expected)
    shares = 100 * right.mean(axis=0)
    enough = np.flatnonzero(shares >= ENOUGH)
    needed = int(enough[0]) + 1 if len(enough) else rounds
    return {
        "solved": len(enough) > 0,
        "updates": needed * per_round,
        "samples": 2 * needed * settings.check_every,
        "seconds": (run.seconds - before) / settings.runs * needed / rounds,
        "accuracy": float(shares.max()),
    }


def _table(what: str, points: Sequence[Point]) -> list[list[str]]:
    heads = [what, "epochs", "updates", "ms per run", "runs right at best"]
    rows = [
        [
            p.label,
            f"{'' if p.solved else 'over '}{p.samples // 2:,}",
            p.updates_text,
            f"{1000 * p.seconds:.1f}",
            f"{p.accuracy:.0f} %",
        ]
        for p in points
    ]
    return [heads, *rows]


def _recipes(
    recipes: Mapping[str, Recipe], settings: TrialSettings | UnitSettings, run: Run
) -> list[Point]:
    return sweep(
        run,
        recipes.items(),
        lambda recipe, label, rng: try_often(recipe, settings, run, label),
    )


def _told(point: Point) -> str:
    """What it took, or how near it came."""
    if point.solved:
        return f"{point.label}: {point.samples // 2:,} epochs ({point.updates:,} updates)"
    return f"{point.label}: never, {point.accuracy:.0f} % of the runs at best"


# ---- memory-units ------------------------------------------------------------------------------


def run_units(settings: UnitSettings, run: Run) -> Outcome:
    """Epochs needed with each number of units, by the carried state and by whole sequences."""
    ways = {"carried state": True, "whole sequences": False}
    recipes = {
        f"{name}, {units} units": Recipe(units, one_step)
        for name, one_step in ways.items()
        for units in settings.units
    }
    points = _recipes(recipes, settings, run)
    size = len(settings.units)
    rows = {name: points[k * size : (k + 1) * size] for k, name in enumerate(ways)}
    texts = []
    for name, row in rows.items():
        order = sorted(zip(settings.units, row, strict=True), key=lambda pair: pair[0])
        solved = [(units, point) for units, point in order if point.solved]
        units, best = solved[0] if solved else max(order, key=lambda pair: pair[1].accuracy)
        texts.append(
            f"{name}, {units} units were the fewest that did it, in {best.samples // 2:,} epochs"
            if solved
            else f"{name}, no number of units did it, {units} came nearest "
            f"({best.accuracy:.0f} % at best)"
        )
    answer = f"{ENOUGH:.0f} % of {settings.runs} runs right at once: {'; '.join(texts)}."
    panels = [
        _shares(rows, "units", settings.units),
        Panel.of(
            "epochs until 95 % of the runs are right",
            rows,
            "units",
            settings.units,
            of=lambda point: point.samples / 2,
        ),
    ]
    return outcome(_table("trained by", points), points, answer, panels, run.seed)


def _shares(rows: Mapping[str, Sequence[Point]], axis: str, x: Sequence[float]) -> Panel:
    series = {name: [(p.accuracy, p.solved) for p in row] for name, row in rows.items()}
    panel = Panel("runs right at the best test, %", axis, x, series, log_y=False)
    return panel.beside(f"{ENOUGH:.0f} %", ENOUGH)


# ---- memory-batch, memory-shuffle --------------------------------------------------------------


def _run_recipes(
    what: str,
    recipes: Mapping[str, Recipe],
    settings: TrialSettings,
    run: Run,
    answer_of: Callable[[Mapping[str, Point]], str],
) -> Outcome:
    points = _recipes(recipes, settings, run)
    told = "; ".join(map(_told, points))
    found = answer_of({point.label: point for point in points})
    answer = f"{found} Until {ENOUGH:.0f} % of {settings.runs} runs were right, {told}."
    shares = Bars.of("correct runs in the best test (%)", points, lambda p: p.accuracy)
    shares = replace(shares, limit=100, lines={f"{ENOUGH:.0f} % of the runs": ENOUGH})
    updates = Bars.of(UPDATES_NEEDED, points, lambda point: float(point.updates))
    return outcome(_table(what, points), points, answer, [shares, updates], run.seed)


def run_batch(settings: TrialSettings, run: Run) -> Outcome:
    """One update per step, of one sequence or both; one per sequence; one for both sequences."""
    recipes = {
        "per step": Recipe(settings.units, True),
        "per step of both": Recipe(settings.units, True, batch_size=2),
        "per sequence": Recipe(settings.units, False),
        "per both sequences": Recipe(settings.units, False, batch_size=2),
    }

    def answer(points: Mapping[str, Point]) -> str:
        solved = {name: point for name, point in points.items() if point.solved}
        if not solved:
            return "No way of updating was enough."
        best = min(solved, key=lambda name: solved[name].updates)
        return f"One update {best} took the fewest updates."

    return _run_recipes("one update", recipes, settings, run, answer)


def run_shuffle(settings: TrialSettings, run: Run) -> Outcome:
    """Sequences in turn, in an order drawn for every epoch, and with their steps torn apart."""
    recipes = {
        "carried, in turn": Recipe(settings.units, True),
        "carried, shuffled": Recipe(settings.units, True, shuffled=True),
        "whole, in turn": Recipe(settings.units, False),
        "whole, shuffled": Recipe(settings.units, False, shuffled=True),
        "steps shuffled": Recipe(settings.units, True, shuffled=True, parted=True),
    }

    def answer(points: Mapping[str, Point]) -> str:
        best = {name: f"{point.accuracy:.0f} %" for name, point in points.items()}
        return (
            f"Shuffling the sequences took the share of runs right at best from "
            f"{best['carried, in turn']} to {best['carried, shuffled']} with the carried state, "
            f"from {best['whole, in turn']} to {best['whole, shuffled']} with whole sequences; "
            f"with the steps shuffled it was {best['steps shuffled']}."
        )

    return _run_recipes("order", recipes, settings, run, answer)


MEMORY_UNITS = Experiment(
    name="memory-units",
    summary="3 0 1 2 3 and 4 0 1 2 4: the fewest units and epochs that do it in 95 of 100 runs",
    shows="How often it is learned says more than whether it was learned once.",
    published=EXERCISE,
    settings=UnitSettings(),
    headline=solved_headline,
    run=run_units,
    group="exercises",
    takes=20,
)
MEMORY_BATCH = Experiment(
    name="memory-batch",
    summary="3 0 1 2 3 and 4 0 1 2 4: an update per step, per sequence, or for both",
    shows="An update per sequence sees the whole of it, and its gradient reaches the first value.",
    published=EXERCISE,
    settings=TrialSettings(),
    headline=solved_headline,
    run=run_batch,
    group="exercises",
    takes=5,
)
MEMORY_SHUFFLE = Experiment(
    name="memory-shuffle",
    summary="3 0 1 2 3 and 4 0 1 2 4 in turn or in an order drawn anew: does it matter?",
    shows="The order of sequences is one thing, that of their steps another.",
    published=EXERCISE,
    settings=TrialSettings(),
    headline=solved_headline,
    run=run_shuffle,
    group="exercises",
    takes=7,
)
MEMORY_TRIALS = (MEMORY_UNITS, MEMORY_BATCH, MEMORY_SHUFFLE)
