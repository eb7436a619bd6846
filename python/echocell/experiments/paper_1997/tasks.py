"""Tasks 1, 4, 5 and 6 of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).

The recipe "ours" of each task is chosen once, for all seeds: cell, optimizer, batch and
initialization of this library; "1997" is that of `recipe_1997`. Success is what the paper calls so,
but tested on sequences that are not trained on: the paper takes the last ones of the training. What
the tasks are tested on is drawn anew for every test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from echocell.experiments.paper_1997.network import Network1997, all_steps
from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.recipes import (
    Answer,
    Recipe,
    Task,
    run_task,
    task_by_errors,
    within,
)
from echocell.experiments.run.settings import check_counts, check_positive
from echocell.experiments.run.trials import PaperRow, trials_headline
from echocell.initializers import Chrono
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import adding, reber, temporal_order

SOURCE = (
    "Sepp Hochreiter and Jürgen Schmidhuber, "
    '"Long Short-Term Memory", Neural Computation 9(8) (1997), '
)


@dataclass(frozen=True)
class TrialSettings:
    """trials: how often, from new weights and data; most_sequences: to give up after; check_every:
    sequences from test to test; the others are the recipe's.
    """

    units: int
    learning_rate: float
    batch_size: int
    most_sequences: int
    check_every: int
    trials: int = 10

    def __post_init__(self) -> None:
        check_counts(self)
        check_positive(self, "learning_rate")


@dataclass(frozen=True)
class AnswerSettings(TrialSettings):
    """tests: sequences of a test."""

    tests: int = 2000


@dataclass(frozen=True)
class LongSettings(AnswerSettings):
    """length: T, the fewest steps of a sequence."""

    length: int = 100


# ---- 1: embedded Reber grammar -----------------------------------------------------------------

PAPER_1 = (
    PaperRow("4 blocks of 1, rate 0.1", 39_740, 100),
    PaperRow("4 blocks of 1, rate 0.5", 9_500, 97),
    PaperRow("3 blocks of 2, rate 0.1", 21_730, 100),
    PaperRow("3 blocks of 2, rate 0.2", 14_060, 97),
    PaperRow("3 blocks of 2, rate 0.5", 8_440, 100),
)
OLD_1 = Network1997(
    *(3, 2, 0.2, 0.5),
    input_bias=(-2, -3, -4),
    output_bias=(-1, -2, -3),
    outputs_bias=-1,
    targets=(0.05, 0.95),
)


def task_1(rng: np.random.Generator) -> Task:
    """The legal next symbols are the most active ones on 256 strings and on 256 others."""
    train, test = reber.generate_sets(256, 256, rng, distinct=False)
    x, y, _ = reber.to_pairs(train)
    all_x, _, legal = reber.to_pairs([*train, *test])

    def draw(count: int, rng: np.random.Generator) -> tuple[Any, Any]:
        chosen = rng.integers(len(x), size=count)
        return [x[k] for k in chosen], [y[k] for k in chosen]

    def solved(answer: Answer, _: np.random.Generator) -> bool:
        return all(map(reber.all_predictions_legal, answer(all_x), legal))

    return Task(draw, solved, PAPER_1, anew=task_1)


def run_reber(settings: TrialSettings, run: Run) -> Outcome:
    """Learned when the legal next symbols are the most active ones on all 512 strings."""

    def build() -> Sequential:
        model = Sequential()
        model.add(LSTM(settings.units, return_sequences=True, input_shape=(None, 7)))
        model.add(Dense(7, activation="softmax"))
        model.compile(loss="categorical_crossentropy", optimizer=Adam(settings.learning_rate))
        return model

    words = f"ours: LSTM({settings.units}), Adam, batches of {settings.batch_size}"
    old = OLD_1.recipe(
        lambda: OLD_1.build(7, 7, every_step=True),
        PAPER_1[-1],
        most_sequences=10 * settings.most_sequences,
        check_every=100,
        weights=all_steps,
    )
    task = task_1(np.random.default_rng(0))
    return run_task(settings, run, task, Recipe(words, build, settings.batch_size), old)


# ---- 4, 5 and 6: one answer at the end ---------------------------------------------------------


def _ours(
    settings: TrialSettings, length: int, features: int, outputs: int, activation: str
) -> Recipe:
    """An LSTM whose gates begin by keeping for up to `length` steps."""

    def build() -> Sequential:
        model = Sequential()
        bias = Chrono(length)
        model.add(LSTM(settings.units, input_shape=(None, features), bias_initializer=bias))
        model.add(Dense(outputs, activation=activation))
        loss = "categorical_crossentropy" if activation == "softmax" else "mean_squared_error"
        model.compile(loss=loss, optimizer=Adam(settings.learning_rate))
        return model

    words = f"ours: LSTM({settings.units}), chrono, Adam, batches of {settings.batch_size}"
    return Recipe(words, build, settings.batch_size)


OLD_4 = Network1997(2, 2, 0.1, 0.5, input_bias=(-3, -6), outputs="linear", truncated=True)


def run_adding(settings: LongSettings, run: Run) -> Outcome:
    """Mean error below 0.01, and none of 2000 sequences off by more than 0.04."""
    paper = [
        PaperRow(f"2 blocks of 2, T = {length}", sequences)
        for length, sequences in ((100, 74_000), (500, 209_000), (1000, 853_000))
        if length == settings.length
    ]
    task = task_by_errors(
        lambda count, rng: adding.generate_adding(count, settings.length, rng),
        settings.tests,
        within(0.01, 0.04),
        paper,
    )
    long = settings.length > 100  # a trial of the old recipe takes minutes
    most = settings.most_sequences
    old = [
        OLD_4.recipe(
            lambda: OLD_4.build(2, 1),
            row,
            most if long else 2 * most,
            check_every=2000,
            trials=2 if long else None,
        )
        for row in paper
    ]
    return run_task(settings, run, task, _ours(settings, settings.length, 2, 1, "linear"), *old)


OLD_5 = Network1997(2, 2, 0.1, 0.1, outputs="linear")


def run_multiplication(settings: LongSettings, run: Run) -> Outcome:
    """Fewer than 13 of 2000 sequences off by more than 0.04."""
    paper = [
        PaperRow("2 blocks of 2, under 140 of 2000 wrong", 482_000),
        PaperRow("2 blocks of 2, under 13 of 2000 wrong", 1_273_000),
    ] * (settings.length == 100)
    task = task_by_errors(
        lambda count, rng: adding.generate_multiplication(count, settings.length, rng),
        settings.tests,
        lambda errors: bool((~(errors <= 0.04)).sum() < 13 / 2000 * settings.tests),
        paper,
    )
    old = [
        OLD_5.recipe(lambda: OLD_5.build(2, 1), row, 3 * settings.most_sequences, 5000)
        for row in paper[-1:]
    ]
    return run_task(settings, run, task, _ours(settings, settings.length, 2, 1, "linear"), *old)


# The fewest steps of a sequence of task 6.
STEPS_6 = 100
OLD_6A = Network1997(2, 2, 0.1, 0.5, input_bias=(-2, -4))


def run_temporal_order(settings: AnswerSettings, run: Run) -> Outcome:
    """Mean error below 0.1, and none of 2000 sequences off by more than 0.3 at any output."""
    row = PaperRow("2 blocks of 2", 31_390)
    task = task_by_errors(
        lambda count, rng: temporal_order.generate_6a(count, rng),
        settings.tests,
        within(0.1, 0.3),
        [row],
    )
    old = OLD_6A.recipe(lambda: OLD_6A.build(8, 4), row, 5 * settings.most_sequences, 1000)
    return run_task(settings, run, task, _ours(settings, STEPS_6, 8, 4, "softmax"), old)


OLD_6B = Network1997(3, 2, 0.1, 0.1, input_bias=(-2, -4, -6), targets=(0.1, 0.9))


def run_temporal_order_3(settings: AnswerSettings, run: Run) -> Outcome:
    """As for two symbols: mean error below 0.1, none off by more than 0.3 at any output."""
    row = PaperRow("3 blocks of 2", 571_100)
    task = task_by_errors(
        lambda count, rng: temporal_order.generate_6b(count, rng),
        settings.tests,
        within(0.1, 0.3),
        [row],
    )
    old = OLD_6B.recipe(lambda: OLD_6B.build(8, 8), row, 20 * settings.most_sequences, 5000)
    return run_task(settings, run, task, _ours(settings, STEPS_6, 8, 8, "softmax"), old)


REBER = Experiment(
    name="reber",
    summary="predict the legal next symbols of the embedded Reber grammar (task 1 of 1997)",
    shows=(
        "The last symbol but one repeats the second one, whatever the grammar puts in between; "
        "everything else can be learned without a long memory."
    ),
    published=Published("100 %, 8,440 sequences", SOURCE + "section 5.1, table 1"),
    settings=TrialSettings(
        units=24, learning_rate=0.01, batch_size=2, most_sequences=20_480, check_every=256
    ),
    headline=trials_headline,
    run=run_reber,
    group="paper-1997",
    takes=13,
)
ADDING = Experiment(
    name="adding",
    summary="add the two marked numbers among a hundred (task 4 of 1997)",
    shows="Two real numbers have to be kept precisely, among others, for up to a hundred steps.",
    published=Published("74,000 sequences", SOURCE + "section 5.4, table 7"),
    settings=LongSettings(
        units=32, learning_rate=0.003, batch_size=8, most_sequences=148_000, check_every=1000
    ),
    headline=trials_headline,
    run=run_adding,
    group="paper-1997",
    takes=20,
)
TEMPORAL_ORDER = Experiment(
    name="temporal-order",
    summary="classify the order of two symbols that are far apart in noise (task 6a of 1997)",
    shows="What is kept determines what the next relevant symbol means: the order is learned.",
    published=Published("31,390 sequences", SOURCE + "section 5.6, table 9"),
    settings=AnswerSettings(
        units=16, learning_rate=0.005, batch_size=4, most_sequences=62_000, check_every=500
    ),
    headline=trials_headline,
    run=run_temporal_order,
    group="paper-1997",
    takes=5,
)
ADDING_500 = replace(
    ADDING,
    name="adding-500",
    summary="add the two marked numbers among five hundred (task 4 of 1997)",
    shows="The same task over five times as many steps: more noise to ignore, no more to keep.",
    published=Published("209,000 sequences", SOURCE + "section 5.4, table 7"),
    settings=replace(ADDING.settings, length=500, check_every=2500, most_sequences=418_000),
    takes=105,
)
ADDING_1000 = replace(
    ADDING_500,
    name="adding-1000",
    summary="add the two marked numbers among a thousand (task 4 of 1997)",
    shows="The same task over ten times as many steps: more noise to ignore, no more to keep.",
    published=Published("853,000 sequences", ADDING_500.published.source),
    settings=replace(ADDING_500.settings, length=1000, check_every=5000, most_sequences=850_000),
    takes=300,
)
MULTIPLICATION = replace(
    ADDING,
    name="multiplication",
    summary="multiply the two marked numbers among a hundred (task 5 of 1997)",
    shows="The values kept in cells need not only add up: the network learns their product.",
    published=Published("1,273,000 sequences", SOURCE + "section 5.5, table 8"),
    settings=replace(ADDING.settings, check_every=2000, most_sequences=500_000),
    run=run_multiplication,
    takes=210,
)
TEMPORAL_ORDER_3 = replace(
    TEMPORAL_ORDER,
    name="temporal-order-3",
    summary="classify the order of three symbols that are far apart in noise (task 6b of 1997)",
    published=Published("571,100 sequences", SOURCE + "section 5.6, table 9"),
    run=run_temporal_order_3,
    takes=80,
)
AT_END_1997 = (
    ADDING,
    ADDING_500,
    ADDING_1000,
    MULTIPLICATION,
    TEMPORAL_ORDER,
    TEMPORAL_ORDER_3,
)
