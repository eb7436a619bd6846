"""Tasks and recipes; tasks 2a to 2c and 3a to 3c of 1997: criteria, recipes, reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell.experiments import EXPERIMENTS, Run, run_experiment
from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.long_lag import LONG_LAG_A, LONG_LAG_B, task_2a, task_2b
from echocell.experiments.paper_1997.two_sequence import TWO_SEQUENCE, task_3a, task_3b, task_3c
from echocell.experiments.paper_1997.very_long_lag import task_2c
from echocell.experiments.run.recipes import (
    Answer,
    Task,
    TrainingRecipe,
    all_below,
    at_end,
    run_task,
)
from echocell.experiments.run.trials import HEADINGS, PaperRow, Trial, Trials, verdict
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import long_lag

SINGLE = [one.name for one in (LONG_LAG_A, LONG_LAG_B, *TWO_SEQUENCE)]


def changed(name: str, **values: Any) -> Any:
    return replace(EXPERIMENTS[name].settings, **values)


# ---- tasks -------------------------------------------------------------------------------------


def off_by(draw_y: Callable[[Any], np.ndarray], error: float) -> Answer:
    """Returns answers whose first output at the last step has an error; all others are exact."""

    def answer(x: Any) -> np.ndarray:
        outputs = draw_y(x).astype(np.float64)
        at_end(outputs)[:, 0] += error
        return outputs

    return answer


def right_2b(x: np.ndarray) -> np.ndarray:
    return x[:, 0]


def right_2c(x: list[np.ndarray]) -> np.ndarray:
    p = x[0][-1]
    return np.array([np.eye(2)[ids[1] - p - 2] for ids in x])


def right_3(one: float, two: float) -> Callable[[list[np.ndarray]], np.ndarray]:
    return lambda x: np.array([[one if sequence[:9].mean() > 0 else two] for sequence in x])


@pytest.mark.parametrize(
    ("task", "right", "limit"),
    [
        (task_2b(5, 300), right_2b, 0.25),
        (task_2c(4, 3, 300), right_2c, 0.2),
    ],
)
def test_errors_at_the_end_decide(task: Task, right: Any, limit: float) -> None:
    rng = np.random.default_rng(1)
    assert task.solved(off_by(right, 0.99 * limit), rng)
    assert not task.solved(off_by(right, 1.01 * limit), rng)


def test_2a_checks_every_step_of_both_sequences() -> None:
    task, rng = task_2a(6), np.random.default_rng(1)
    seen = []

    def answer(x: np.ndarray, step: int, error: float) -> np.ndarray:
        seen.append(x)
        which = x[:, 0].argmax(axis=-1)
        sequences = [[first, *range(5), first] for first in which]
        y = long_lag.to_pairs(np.array(sequences))[1].astype(np.float64)
        y[1, step, 2] += error
        return y

    for step in (0, 3, 5):
        assert task.solved(lambda x, step=step: answer(x, step, 0.24), rng)
        assert not task.solved(lambda x, step=step: answer(x, step, 0.26), rng)
    assert sorted(seen[0][:, 0].argmax(axis=-1)) == [5, 6]


@pytest.mark.parametrize(
    ("task", "targets", "good", "bad"),
    [
        (task_3a(20, 9, 50), (1.0, 0.0), 0.009, 0.011),
        (task_3b(20, 9, 50), (1.0, 0.0), 0.039, 0.041),
        (task_3c(20, 9, 50), (0.2, 0.8), 0.014, 0.016),
    ],
)
def test_mean_errors_decide(
    task: Task, targets: tuple[float, float], good: float, bad: float
) -> None:
    right, rng = right_3(*targets), np.random.default_rng(1)
    assert task.solved(off_by(right, good), rng)
    assert not task.solved(off_by(right, bad), rng)


@pytest.mark.parametrize(
    ("task", "targets", "error", "allowed"),
    [
        (task_3a(20, 9, 256), (1.0, 0.0), 0.21, 0),
        (task_3b(20, 9, 256), (1.0, 0.0), 0.21, 5),
        (task_3c(20, 9, 256), (0.2, 0.8), 0.11, 0),
    ],
)
def test_number_of_large_errors_is_limited(
    task: Task, targets: tuple[float, float], error: float, allowed: int
) -> None:
    def answer(x: list[np.ndarray], wrong: int) -> np.ndarray:
        y = right_3(*targets)(x)
        y[:wrong] += error
        return y

    rng = np.random.default_rng(1)
    assert task.solved(lambda x: answer(x, allowed), rng)
    assert not task.solved(lambda x: answer(x, allowed + 1), rng)


def test_3c_is_trained_on_noisy_targets() -> None:
    _, y = task_3c(20, 9, 50).draw(50, np.random.default_rng(1))
    assert y.std() > 0.33
    assert len(np.unique(y)) == 50


def test_long_test_stops_at_the_first_failed_part() -> None:
    drawn = []

    def draw(count: int, _: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        drawn.append(count)
        return np.zeros((count, 1)), np.zeros((count, 2, 1))

    rng = np.random.default_rng(1)
    assert all_below(draw, 2500, 0.2, lambda x: x, rng)
    assert drawn == [200, 1000, 1000, 300]
    assert not all_below(draw, 2500, 0.2, lambda x: x + np.nan, rng)
    assert drawn[4:] == [200]


# ---- recipes -----------------------------------------------------------------------------------


def test_task_with_another_recipe() -> None:
    seen = []

    def build() -> Sequential:
        model = Sequential([LSTM(2, input_shape=(None, 6)), Dense(6)])
        model.compile(loss="mse", optimizer="sgd")
        return model

    def inputs(x: np.ndarray) -> np.ndarray:
        seen.append(x.shape)
        return x

    recipe = TrainingRecipe("1997: x", build, 2, inputs=inputs, targets=at_end)
    settings = changed("long-lag-b", trials=1, most_sequences=6, check_every=4)
    result = run_task(settings, Run(1), task_2b(5, 3), recipe)
    assert result.table[1][:3] == ["1997: x", "1", "0 %"]
    assert result.notes == ()
    assert seen == [(4, 5, 6), (3, 5, 6), (2, 5, 6), (3, 5, 6)]


def test_weights_reach_the_loss() -> None:
    def build() -> Sequential:
        model = Sequential([Dense(1, input_shape=(None, 1), kernel_initializer="zeros")])
        model.compile(loss="mse", optimizer="sgd")
        return model

    def weights(y: np.ndarray) -> np.ndarray:
        return np.array(len(y) * [[0.0, 1.0]])

    x, y = np.ones((4, 2, 1)), np.ones((4, 2, 1))
    y[:, 0] = -1
    for recipe, sign in (
        (TrainingRecipe("", build, 4), 0),
        (TrainingRecipe("", build, 4, weights=weights), 1),
    ):
        model = recipe.build()
        recipe.fit(model, x, y)
        assert np.sign(model.get_weights()[0]) == sign


def test_verdict_states_the_shortfall() -> None:
    def said(trials: list[Trial]) -> str:
        return verdict(Trials("ours", trials, PaperRow("y", 250)))[0]

    trials = [Trial(True, 200, 100, 1.0), Trial(True, 300, 150, 1.0)]
    assert said(trials) == (
        "As good as the paper or better: 2 of 2 trials succeed, after 250 sequences on average; "
        "the paper's mean is 250 (y)."
    )
    slower = [*trials, Trial(True, 260, 130, 1.0)]
    assert said(slower).startswith("Falls short of the paper: 3 of 3 trials succeed")
    failed = [*trials, Trial(False, 900, 450, 1.0)]
    assert said(failed).startswith("Falls short of the paper: 2 of 3 trials succeed")
    assert said(failed[2:]) == "Falls short of the paper: 0 of 1 trials succeed."
    assert verdict(Trials("ours", trials)) == ()


# ---- experiments -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SINGLE)
def test_rows_compare_with_the_paper(name: str) -> None:
    settings = changed(name, trials=1, units=2, most_sequences=10, check_every=10, tests=3)
    report = run_experiment(EXPERIMENTS[name], settings=settings, seed=1)
    assert report.notes[0] == "Falls short of the paper: 0 of 1 trials succeed."
    last = report.table[-1][3]
    assert last in EXPERIMENTS[name].published.figure


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("long-lag-a", {"p": 10}),
        ("long-lag-b", {"p": 10, "tests": 300}),
        ("two-sequence-a", {"length": 10}),
        ("two-sequence-b", {"length": 10}),
        ("two-sequence-c", {"length": 10}),
    ],
)
def test_short_tasks_are_learned(name: str, values: dict[str, int]) -> None:
    report = run_experiment(EXPERIMENTS[name], settings=changed(name, trials=2, **values), seed=5)
    assert report.statistics["success"].mean == 100
    assert report.notes == ()  # the paper has no such row
    assert len(report.table) == 2


def test_pairs_of_2c(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    settings = changed("long-lag-c", q=(50, 10, 50), p=(50, 10, 5), trials=2, tests=300)
    report = run_experiment(EXPERIMENTS["long-lag-c"], settings=settings, seed=5, out=tmp_path)
    heads, *rows = map(list, report.table)
    assert tuple(heads) == HEADINGS
    assert [row[0][: row[0].index(", p")] for row in rows] == [
        *("ours: q = 50", "1997: q = 50", "paper: q = 50"),
        *("ours: q = 10", "ours: q = 50"),  # the paper has no such rows
    ]
    assert all(row[1:3] == ["2", "100 %"] for row in rows if row[0].startswith("ours"))
    assert rows[2][3] == "30,000"
    assert report.notes[0].startswith("At the paper's pairs every trial of ours succeeds")
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000


def test_failed_pairs_are_named() -> None:
    settings = changed("long-lag-c", q=(50,), p=(50,), trials=1, most_sequences=8, tests=20)
    report = run_experiment(EXPERIMENTS["long-lag-c"], settings=settings, seed=5)
    assert report.notes[0] == "Ours falls short of the paper at q = 50, p = 50."
    settings = changed("long-lag-c", q=(5,), p=(6,), trials=1, most_sequences=8, tests=20)
    report = run_experiment(EXPERIMENTS["long-lag-c"], settings=settings, seed=5)
    assert report.notes[0] == "The paper reports none of these pairs (q, p)."


def test_all_pairs_of_the_paper_are_listed() -> None:
    settings = EXPERIMENTS["long-lag-c"].settings
    assert settings.pairs == list(published.TASK_2C)
    assert len(settings.pairs) == 9
    assert settings.trials == 20


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("long-lag-a", {"p": 1}, "p: expected at least 2, received 1"),
        ("long-lag-c", {"q": (5, 0), "p": (5, 5)}, "q: expected numbers of at least 1"),
        ("long-lag-c", {"q": (5,), "p": (5, 6)}, "as many numbers of each"),
        ("long-lag-c", {"q": (5, 5), "p": (6, 6)}, "no pair twice"),
        ("two-sequence-a", {"length": 1, "first": 1}, "length: expected at least 2"),
        ("two-sequence-a", {"length": 5, "first": 6}, re.escape("first: expected 1..5 (length)")),
        ("two-sequence-c", {"decay": -0.1}, "decay: expected at least 0"),
    ],
)
def test_invalid_settings_are_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(name, **values)
