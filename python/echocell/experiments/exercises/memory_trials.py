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

import numpy as np

from echocell.experiments.exercises.memory_sweeps import EXERCISE
from echocell.experiments.run.base import Experiment, Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.experiments.run.sweep import Point, outcome, solved_headline, sweep
from echocell.experiments.run.sweep_plot import Bars, Panel
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import memory
from echocell.tasks.encoding import Floats, one_hot_decode

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
    heads = [what, "epochs", "updates", "ms per run", "correct runs in the best test"]
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
    """What training took, or how close it came."""
    if point.solved:
        return f"{point.label}, {point.samples // 2:,} epochs ({point.updates:,} updates)"
    return f"{point.label}, not reached (at best {point.accuracy:.0f} % of the runs)"


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
        nearest = f"none (at best {best.accuracy:.0f} % of the runs, with {units})"
        found = f"{units} ({best.samples // 2:,} epochs)" if solved else nearest
        texts.append(f"{found} with {name}")
    answer = (
        f"The fewest units with which {ENOUGH:.0f} % of {settings.runs} runs were correct in the "
        f"same test: {'; '.join(texts)}."
    )
    panels = [
        _shares(rows, "units", settings.units),
        Panel.of(
            f"epochs until {ENOUGH:.0f} % of the runs are correct",
            rows,
            "units",
            settings.units,
            of=lambda point: point.samples / 2,
        ),
    ]
    return outcome(_table("training", points), points, answer, panels, run.seed)


def _shares(rows: Mapping[str, Sequence[Point]], axis: str, x: Sequence[float]) -> Panel:
    series = {name: [(p.accuracy, p.solved) for p in row] for name, row in rows.items()}
    panel = Panel("correct runs in the best test (%)", axis, x, series, log_y=False)
    return panel.beside(f"{ENOUGH:.0f} % of the runs", ENOUGH)


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
    answer = f"{found} Training until {ENOUGH:.0f} % of {settings.runs} runs were correct: {told}."
    shares = Bars.of("correct runs in the best test (%)", points, lambda p: p.accuracy)
    shares = replace(shares, limit=100, lines={f"{ENOUGH:.0f} % of the runs": ENOUGH})
    updates = Bars.of(UPDATES_NEEDED, points, lambda point: float(point.updates))
    return outcome(_table(what, points), points, answer, [shares, updates], run.seed)


def run_batch(settings: TrialSettings, run: Run) -> Outcome:
    """One update per step, of one sequence or both; one per sequence; one for both sequences."""
    recipes = {
        "each step": Recipe(settings.units, True),
        "each step of both sequences": Recipe(settings.units, True, batch_size=2),
        "each sequence": Recipe(settings.units, False),
        "both sequences": Recipe(settings.units, False, batch_size=2),
    }

    def answer(points: Mapping[str, Point]) -> str:
        solved = {name: point for name, point in points.items() if point.solved}
        if not solved:
            return "No frequency of updates was sufficient."
        best = min(solved, key=lambda name: solved[name].updates)
        return f"An update after {best} took the fewest updates ({solved[best].updates:,})."

    return _run_recipes("an update after", recipes, settings, run, answer)


def _change(before: float, after: float) -> str:
    """What became of a percentage."""
    old, new = f"{before:.0f} %", f"{after:.0f} %"
    return f"left it at {old}" if old == new else f"changed it from {old} to {new}"


def run_shuffle(settings: TrialSettings, run: Run) -> Outcome:
    """Sequences in a fixed order, in an order drawn for every epoch, and as separate steps."""
    recipes = {
        "carried state, fixed order": Recipe(settings.units, True),
        "carried state, shuffled": Recipe(settings.units, True, shuffled=True),
        "whole sequences, fixed order": Recipe(settings.units, False),
        "whole sequences, shuffled": Recipe(settings.units, False, shuffled=True),
        "single steps, shuffled": Recipe(settings.units, True, shuffled=True, parted=True),
    }

    def answer(points: Mapping[str, Point]) -> str:
        shares = {name: point.accuracy for name, point in points.items()}
        changes = (
            f"{_change(shares[f'{way}, fixed order'], shares[f'{way}, shuffled'])} with {text}"
            for way, text in (
                ("carried state", "the carried state"),
                ("whole sequences", "whole sequences"),
            )
        )
        return (
            "The share of correct runs in the best test: shuffling the sequences "
            f"{', and '.join(changes)}; with single steps shuffled, the share was "
            f"{shares['single steps, shuffled']:.0f} %."
        )

    return _run_recipes("order", recipes, settings, run, answer)


MEMORY_UNITS = Experiment(
    name="memory-units",
    summary="3 0 1 2 3 and 4 0 1 2 4: the fewest units and epochs for 95 correct runs of 100",
    shows="How often a network learns a task says more than whether it learned it once.",
    published=EXERCISE,
    settings=UnitSettings(),
    headline=solved_headline,
    run=run_units,
    group="exercises",
    takes=20,
)
MEMORY_BATCH = Experiment(
    name="memory-batch",
    summary="3 0 1 2 3 and 4 0 1 2 4: an update after each step, each sequence, or both sequences",
    shows="An update after a sequence sees all of it, and its gradient reaches the first value.",
    published=EXERCISE,
    settings=TrialSettings(),
    headline=solved_headline,
    run=run_batch,
    group="exercises",
    takes=5,
)
MEMORY_SHUFFLE = Experiment(
    name="memory-shuffle",
    summary="3 0 1 2 3 and 4 0 1 2 4 in a fixed or a shuffled order: does the order matter?",
    shows="Shuffling sequences keeps the order of their steps; shuffling single steps does not.",
    published=EXERCISE,
    settings=TrialSettings(),
    headline=solved_headline,
    run=run_shuffle,
    group="exercises",
    takes=7,
)
MEMORY_TRIALS = (MEMORY_UNITS, MEMORY_BATCH, MEMORY_SHUFFLE)
