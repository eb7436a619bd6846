"""Trials of the tasks of 1997: counts, limits, reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from echocell.experiments import EXPERIMENTS, Run, groups, run_experiment
from echocell.experiments.paper_1997 import (
    adding,
    long_lag,
    reber,
    temporal_order,
    two_sequence,
    very_long_lag,
)
from echocell.experiments.run.recipes import Task
from echocell.experiments.run.trials import PaperRow, Trial, Trials, trials_outcome, until_solved

# long-lag-c has a table of its own.
NAMES = [one.name for one in groups()["paper-1997"] if one.name != "long-lag-c"]


def short(name: str, **changes: Any) -> Any:
    values = {"trials": 2, "units": 3, "most_sequences": 20, "check_every": 10, **changes}
    settings = EXPERIMENTS[name].settings
    if hasattr(settings, "tests"):
        values["tests"] = 5
    return replace(settings, **values)


@pytest.mark.parametrize("name", NAMES)
def test_short_run_is_reported_with_the_paper(name: str, tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    settings = short(name)
    report = run_experiment(EXPERIMENTS[name], settings=settings, seed=3, out=tmp_path)
    heads, ours, *others = report.table
    assert heads[3] == "sequences (mean)"
    assert list(ours[1:4]) == ["2", "0 % *", "-"]
    assert ours[0].startswith(("ours: LSTM(3)", "ours: GRU(3)"))
    old, *papers = (row[0].partition(":")[0] for row in others)
    assert old == "1997"
    assert set(papers) == {"paper"}
    assert ours[6] == "-"
    assert report.records[0].figures["success"] == 0
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (
        run_experiment(EXPERIMENTS[name], settings=short(name), seed=4).records[0].figures
        for _ in range(2)
    )
    for figures in (first, second):
        figures.pop("seconds")
    assert first == second


@pytest.mark.parametrize(("name", "paper"), [("reber", 8_440), ("temporal-order", 31_390)])
def test_learned_from_fewer_sequences_than_in_the_paper(name: str, paper: int) -> None:
    settings = replace(EXPERIMENTS[name].settings, trials=2)
    report = run_experiment(EXPERIMENTS[name], settings=settings, seed=21)
    assert report.statistics["success"].mean == 100
    assert report.statistics["sequences"].mean < paper


def task_of(name: str) -> Task:
    """Returns the task of the first trial of an experiment."""
    seen: list[Task] = []

    def run_task(settings: Any, run: Run, task: Task, *recipes: Any) -> None:
        seen.append(task.of_trial(np.random.default_rng(1)))

    with pytest.MonkeyPatch.context() as patch:
        for module in (adding, long_lag, reber, temporal_order, two_sequence):
            patch.setattr(module, "run_task", run_task)
        EXPERIMENTS[name].run(short(name), Run(1))
    return seen[0]


@pytest.mark.parametrize("name", [*NAMES, "long-lag-c"])
def test_nan_outputs_solve_no_task(name: str) -> None:
    task = task_of(name) if name in NAMES else very_long_lag.task_2c(3, 4, 5)
    rng = np.random.default_rng(1)
    _, y = task.draw(5, rng)

    def nan(x: Any) -> Any:
        if isinstance(y, list):  # an answer at every step
            return [np.full((len(steps), 7), np.nan) for steps in x]
        return np.full((len(x), *y.shape[1:]), np.nan)

    assert not task.solved(nan, rng)


def test_recipes_with_different_numbers_of_trials_are_drawn(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    reference = PaperRow("x", 100)
    ours, old = (
        Trials(f"{name}: x", [Trial(True, 50, 50, 0.1)] * count, reference)
        for name, count in (("ours", 3), ("1997", 2))
    )
    figure = trials_outcome(ours, [reference], [old]).draw("title")
    figure.savefig(tmp_path / "trials.png")
    (axes,) = (axes for axes in figure.axes if axes.get_xlabel() == "trial")
    drawn = {line.get_label(): np.isfinite(line.get_ydata()).sum() for line in axes.lines}
    assert (drawn["ours"], drawn["1997"]) == (3, 2)


def test_until_solved_counts_sequences_and_updates() -> None:
    seen: list[int] = []
    run = Run(1)
    result = until_solved(
        run,
        "",
        seen.append,
        lambda: sum(seen) >= 15,
        batch_size=4,
        most_sequences=25,
        check_every=10,
    )
    assert (result["solved"], result["sequences"], seen) == (True, 20, [10, 10])
    assert run.updates == 6


def test_until_solved_stops_at_the_limit() -> None:
    seen: list[int] = []
    result = until_solved(
        Run(1),
        "",
        seen.append,
        lambda: False,
        batch_size=1,
        most_sequences=25,
        check_every=10,
    )
    assert (result["solved"], result["sequences"], seen) == (False, 25, [10, 10, 5])


def test_outcome_counts_the_trials_that_succeeded() -> None:
    trials = [Trial(True, 100, 50, 1.0), Trial(False, 900, 450, 3.0), Trial(True, 300, 150, 2.0)]
    paper = [PaperRow("y", 500, 97), PaperRow("z", 600)]
    old = Trials("1997: w", trials[:1], paper[0])
    result = trials_outcome(Trials("ours: x", trials, paper[1]), paper, [old])
    assert result.figures == {
        "success": pytest.approx(200 / 3),
        "sequences": 200,
        "seconds": 2,
    }
    assert result.perfect is False
    rows = [list(row) for row in result.table[1:]]
    assert rows == [
        ["ours: x", "3", "67 % *", "200", "100", "300", "100", "2.00"],
        ["1997: w", "1", "100 %", "100", "100", "100", "50", "1.00"],
        ["paper: y", "", "97 %", "500", "", "", "", ""],
        ["paper: z", "", "", "600", "", "", "", ""],
    ]
    assert result.notes[1:] == ("* fewer successful trials, or more sequences, than published",)


def test_falls_short_compares_with_the_paper() -> None:
    def trials(*sequences: int) -> list[Trial]:
        return [Trial(count > 0, abs(count), 1, 1.0) for count in sequences]

    row = PaperRow("y", 500)
    assert not Trials("x", trials(400, 600), row).falls_short
    assert Trials("x", trials(400, 700), row).falls_short
    assert Trials("x", trials(100, -100), row).falls_short
    assert not Trials("x", trials(100, -100), replace(row, success=50)).falls_short
    assert not Trials("x", trials(-100)).falls_short


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_learning_rate_must_be_positive(value: float) -> None:
    with pytest.raises(ValueError, match="learning_rate: expected above 0"):
        replace(EXPERIMENTS["reber"].settings, learning_rate=value)
