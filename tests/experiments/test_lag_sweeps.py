"""The exercises on lags: their rows, and short runs of the sweeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import experiments
from echocell.experiments import EXPERIMENTS, Run, run_experiment
from echocell.experiments.exercises import lag_state
from echocell.experiments.exercises.lag_task import Limits, batch_rows, build, learn
from echocell.experiments.run.point import Point
from echocell.experiments.run.sweep import geometric_mean_ratio
from echocell.tasks import lag
from echocell.tasks.encoding import Floats, one_hot_decode, random_values
from echocell.tasks.lag_rows import to_rows

# name -> settings of a short run, the labels of its places, and the most updates of one.
SHORT: dict[str, tuple[dict[str, Any], list[str], int]] = {
    "lag-state": (
        {
            "windows": (1, 2),
            "n_values": 3,
            "units": 4,
            "samples": 4,
            "batch": 2,
            "most_sequences": 20,
            "check_every": 10,
            "tests": 3,
        },
        [
            f"window {steps}, {way}"
            for steps in (1, 2)
            for way in (lag_state.FRESH, lag_state.PUBLISHED, lag_state.CARRIED)
        ],
        40,
    ),
    "lag-depth": (
        {"lags": (1, 3), "units": (2, 3), "samples": 4, "most_sequences": 20, "check_every": 10},
        ["t-1, 2 units", "t-1, 3 units", "t-3, 2 units", "t-3, 3 units"],
        20,
    ),
    "lag-sequence": (
        {"lags": (2,), "length": 6, "units": 4, "most_sequences": 20, "check_every": 10},
        ["t-2, one output per step", "t-2, one output per window"],
        20,
    ),
    "lag-masked": (
        {"steps": (4,), "length": 6, "units": 4, "most_sequences": 20, "check_every": 10},
        ["4 steps, dropped", "4 steps, padded", "4 steps, padded, masked"],
        20,
    ),
    "lag-whole": (
        {"lengths": (6,), "units": 4, "most_sequences": 20, "check_every": 10},
        [
            "6 steps, window of 5, masked",
            "6 steps, padded before, masked",
            "6 steps, padded after, masked",
            "6 steps, padded before, not masked",
        ],
        20,
    ),
}


def run_short(name: str, **arguments: Any) -> experiments.Report:
    settings = replace(EXPERIMENTS[name].settings, **SHORT[name][0])
    return run_experiment(EXPERIMENTS[name], settings=settings, **arguments)


# -- rows and echoes


def decoded(x: Floats) -> list[Any]:
    """Returns the values of one-hot steps, -1 where every feature is -1."""
    assert np.all((x.sum(axis=-1) == 1) | np.all(x == -1, axis=-1))
    return np.where(x.min(axis=-1) < 0, -1, one_hot_decode(x)).tolist()


def test_complete_rows_are_windows() -> None:
    x, y = to_rows([[3, 1, 4, 0, 2]], 5, steps=3, lag=2)
    assert decoded(x[0]) == [[3, 1, 4], [1, 4, 0], [4, 0, 2]]
    assert decoded(y[0]) == [3, 1, 4]


def test_rows_agree_with_the_windows_of_one_sequence() -> None:
    """Compares with to_windows, which omits the first window."""
    sequence = lag.generate_sequence(25, 10, np.random.default_rng(1))
    x, y = lag.to_windows(sequence, 10, 5)
    rows, answers = to_rows(sequence[np.newaxis], 10, 5)
    np.testing.assert_array_equal(rows[0, 1:], x)
    np.testing.assert_array_equal(answers[0, 1:], y)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (False, [[-1, 3, 1], [3, 1, 4], [1, 4, 0]]),
        (True, [[3, 1, -1], [3, 1, 4], [1, 4, 0]]),
    ],
)
def test_rows_with_missing_steps_are_marked(behind: bool, expected: list[list[int]]) -> None:
    x, y = to_rows([[3, 1, 4, 0]], 5, steps=3, missing=-1.0, behind=behind)
    assert decoded(x[0]) == expected
    assert decoded(y[0]) == [3, 1, 4]


def test_rows_may_be_shorter_than_the_lag() -> None:
    x, y = to_rows([[3, 1, 4, 0]], 5, steps=1, lag=2)
    assert decoded(x[0]) == [[4], [0]]
    assert decoded(y[0]) == [3, 1]


def test_long_enough_rows_contain_their_answer() -> None:
    sequences = random_values((4, 12), 1000, np.random.default_rng(2))
    for steps in (4, 12):
        x, y = to_rows(sequences, 1000, steps, lag=3, missing=-1.0)
        assert x.shape == (4, 9, steps, 1000)
        np.testing.assert_array_equal(x[:, :, -4], y)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: to_rows([1, 2, 3], 5, 2), r"expected sequences of shape \[S, T\]"),
        (lambda: to_rows([[1, 2, 3]], 5, 0), "steps: expected at least 1, received 0"),
        (lambda: to_rows([[1, 2, 3]], 5, 4), "at least 4 integers .* received 3"),
        (lambda: to_rows([[1, 2, 3]], 5, 2, lag=3), "a lag from 1 to 2.* received 3"),
        (lambda: to_rows([[1, 2, 5]], 5, 2), "expected values 0..4, received 5"),
    ],
)
def test_rows_refuse_invalid_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_batch_rows_groups_sequences() -> None:
    rows = np.array([[10, 11], [20, 21], [30, 31], [40, 41]], np.float32)
    assert batch_rows(rows).tolist() == [10, 11, 20, 21, 30, 31, 40, 41]
    assert batch_rows(rows, 2).tolist() == [10, 20, 11, 21, 30, 40, 31, 41]


# -- functions that the sweeps share


def test_carried_states_are_reset_after_each_group() -> None:
    """A group contains whole sequences: six rows of two sequences make six batches."""
    model = build(1, 4, 5, carried=2)
    sequences = random_values((4, 7), 4, np.random.default_rng(3))
    x, y = (batch_rows(a, 2) for a in to_rows(sequences, 4, 1))
    seen: list[int] = []

    def generate(count: int) -> tuple[Floats, Floats]:
        seen.append(count)
        return x, y

    limits = Limits(8, 4, 4, batch=2, reset_every=12)
    result = learn(model, generate, limits, Run(1), "")
    assert seen == [4, 4, 4]
    assert (result["updates"], result["samples"]) == (24, 48)
    assert all(not np.any(state) for layer in model.get_states() for state in layer)


def test_steps_without_an_answer_do_not_count() -> None:
    """All answers are equal and soon learned; the first steps have no answer and do not count."""

    def generate(count: int) -> tuple[Floats, Floats]:
        x, y, _ = lag.to_lagged(random_values((count, 6), 3, np.random.default_rng(4)), 3, depth=2)
        y[:, 2:] = [0.0, 0.0, 1.0]
        return x, y

    model = build(6, 3, 8, per_step=True)
    result = learn(model, generate, Limits(1000, 100, 10, batch=1), Run(1), "")
    assert result["solved"]


def test_window_with_the_answer_is_learned() -> None:
    settings = replace(
        EXPERIMENTS["lag-state"].settings, windows=(2,), n_values=5, most_sequences=1000, tests=10
    )
    report = run_experiment(EXPERIMENTS["lag-state"], settings=settings, seed=1)
    assert report.table[1][0] == f"window 2, {lag_state.FRESH}"
    assert "over" not in report.table[1][1]


def test_comparison_uses_the_settings_both_learned() -> None:
    def points(*updates: int) -> list[Point]:
        return [Point("", u > 0, abs(u), 0, 0.0, 0.0) for u in updates]

    def of(point: Point) -> float:
        return point.updates

    assert geometric_mean_ratio(points(10, 90, -5), points(10, 10, 1), of) == pytest.approx(3)
    assert np.isnan(geometric_mean_ratio(points(-1), points(1), of))


@pytest.mark.parametrize(
    ("carried", "fresh", "verdict"),
    [
        (
            (20, 20),
            (10, 10),
            "2.00 times the updates where both ways succeeded (carrying is a disadvantage)",
        ),
        ((5, 5), (10, 10), "0.50 times the updates where both ways succeeded (carrying helps)"),
        (
            (10, 11),
            (11, 10),
            "1.00 times the updates where both ways succeeded (no clear difference)",
        ),
        (
            (5, -90),
            (10, 10),
            "1 of 2 were learned, with 0.50 times the updates where both ways succeeded",
        ),
        ((-90, -90), (10, 10), "0 of 2 were learned"),
    ],
)
def test_verdict_on_carrying(
    carried: tuple[int, ...], fresh: tuple[int, ...], verdict: str
) -> None:
    def points(updates: tuple[int, ...]) -> list[Point]:
        return [Point("", u > 0, abs(u), 0, 0.0, 0.0) for u in updates]

    rows = dict.fromkeys((lag_state.CARRIED, lag_state.PUBLISHED), points(carried))
    answer = lag_state._state_answer((2, 5), {lag_state.FRESH: points(fresh), **rows})
    assert verdict in answer


# -- the exercises


@pytest.mark.parametrize("name", SHORT)
def test_short_run_reports_every_setting(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, labels, most = SHORT[name]
    report = run_short(name, seed=3, out=tmp_path)
    heads, *rows = report.table
    assert all(len(row) == len(heads) for row in rows)
    if name == "lag-depth":  # a row for each lag
        assert [row[0] for row in rows] == ["t-1", "t-3"]
    else:
        assert [row[0] for row in rows] == labels
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    assert note.endswith(".")
    assert "nan" not in note
    figures = report.records[0].figures
    updates = [figures[f"updates, {label}"] for label in labels]
    assert all(0 < count <= most for count in updates)
    assert report.updates == sum(updates)
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (run_short(name, seed=11) for _ in range(2))
    assert [r.figures for r in first.records] == [r.figures for r in second.records]


def test_every_lag_exercise_is_listed_and_tested() -> None:
    exercises = experiments.groups()["exercises"]
    assert {one.name for one in exercises if one.name.startswith("lag-")} == set(SHORT)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("lag-state", {"batch": 3}, "a batch that divides samples, check_every and"),
        ("lag-state", {"most_sequences": 20_003}, "received .* most_sequences=20003"),
        ("lag-state", {"windows": (0,)}, "expected windows of at least 1 step"),
        ("lag-depth", {"lags": (0, 1)}, "expected lags and units of at least 1"),
        ("lag-depth", {"tests": 0}, "tests: expected at least 1, received 0"),
        ("lag-sequence", {"lags": (25,)}, "expected lags of 1 to 24"),
        ("lag-masked", {"steps": (1,)}, r"expected 2 to 25, received \(1,\)"),
        ("lag-whole", {"window": 11}, "expected a window of at least 2 steps"),
    ],
)
def test_invalid_settings_are_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS[name].settings, **values)
