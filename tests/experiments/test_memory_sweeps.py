"""The exercises on memory: longer and random middles, and success rates of trainings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import experiments
from echocell.experiments import EXPERIMENTS, Run, run_experiment
from echocell.experiments.exercises import memory_middles, memory_trials
from echocell.experiments.exercises.memory_middles import WAYS, MiddleSettings
from echocell.experiments.exercises.memory_trials import TrialSettings, UpdateSchedule, try_often
from echocell.experiments.tutorials.memory import MemorySettings
from echocell.experiments.tutorials.memory import build as build_stateful
from echocell.tasks import memory, middles
from echocell.utils import set_random_seed

MIDDLES = {"middles": (2, 3), "most_sequences": 8, "check_every": 4}
TRIALS = {"runs": 2, "units": 3, "epochs": 4, "check_every": 2}
WAY_LABELS = [f"{way.name}, {m}" for way in WAYS for m in (2, 3)]

# name -> settings of a short run, its places, and the most updates at each.
SHORT: dict[str, tuple[dict[str, Any], list[str], list[int]]] = {
    "memory-length": (MIDDLES, WAY_LABELS, [24, 32, *[4] * 8]),
    "memory-alphabet": (MIDDLES, WAY_LABELS, [24, 32, *[4] * 8]),
    "memory-random": (
        {"middles": (2,), "few": 3, "most_samples": 40, "check_every": 20, "tests": 30},
        ["new middles, 2", "new middles, no forget gate, 2", "few middles, 2", "one middle, 2"],
        [4] * 4,
    ),
    "memory-units": (
        {"runs": 2, "units": (1, 2), "epochs": 4, "check_every": 2},
        [
            f"{way}, {units} units"
            for way in ("carried state", "whole sequences")
            for units in (1, 2)
        ],
        [32, 32, 8, 8],
    ),
    "memory-batch": (
        TRIALS,
        ["each step", "each step of both sequences", "each sequence", "both sequences"],
        [32, 16, 8, 4],
    ),
    "memory-shuffle": (
        TRIALS,
        [
            "carried state, fixed order",
            "carried state, shuffled",
            "whole sequences, fixed order",
            "whole sequences, shuffled",
            "single steps, shuffled",
        ],
        [32, 32, 8, 8, 32],
    ),
}


def run_short(name: str, **arguments: Any) -> experiments.Report:
    settings = replace(EXPERIMENTS[name].settings, **SHORT[name][0])
    return run_experiment(EXPERIMENTS[name], settings=settings, **arguments)


# -- the experiments


@pytest.mark.parametrize("name", SHORT)
def test_short_run_reports_every_setting(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, labels, most = SHORT[name]
    report = run_short(name, seed=3, out=tmp_path)
    _, *rows = report.table
    assert [row[0] for row in rows] == labels
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    assert note.endswith(".")
    figures = report.records[0].figures
    updates = [figures[f"updates, {label}"] for label in labels]
    assert all(0 < u <= limit for u, limit in zip(updates, most, strict=True))
    solved = sum("over" not in "".join(row) for row in rows)
    assert figures["solved"] == pytest.approx(100 * solved / len(rows))
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (run_short(name, seed=11, runs=2) for _ in range(2))
    assert [r.figures for r in first.records] == [r.figures for r in second.records]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("memory-length", {"middles": (3, 0)}, "middles: expected at least 1 value, received 0"),
        ("memory-length", {"learning_rate": 0.0}, "learning_rate: expected above 0"),
        ("memory-random", {"n_values": 2}, "n_values: expected at least 3, received 2"),
        ("memory-units", {"units": (5, 0)}, "units: expected at least 1, received 0"),
        ("memory-batch", {"runs": 0}, "runs: expected at least 1, received 0"),
    ],
)
def test_invalid_settings_are_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS[name].settings, **values)


# -- longer middles


@pytest.mark.parametrize("way", WAYS[1:], ids=lambda way: way.name)
@pytest.mark.parametrize("counted", [True, False])
def test_short_middle_is_learned_from_whole_sequences(way: Any, counted: bool) -> None:
    set_random_seed(1)
    make = middles.counted_middle if counted else middles.repeated_middle
    run = Run(1)
    result = memory_middles.train(
        middles.two_sequences(make(3), 5), way, MiddleSettings(most_sequences=4000), run, ""
    )
    assert result["solved"]
    assert result["accuracy"] > 75
    assert result["samples"] == 2 * result["updates"] == 2 * run.updates
    assert result["samples"] < 4000


def test_limits_count_sequences_and_steps() -> None:
    sequences = middles.two_sequences(middles.repeated_middle(9), 5)
    settings = MiddleSettings(most_sequences=100, most_steps=205, check_every=6)
    carried, whole = (
        memory_middles.train(sequences, way, settings, Run(1), "") for way in WAYS[:2]
    )
    assert (carried["samples"], carried["updates"]) == (20, 200)
    assert (whole["samples"], whole["updates"]) == (20, 10)
    assert not carried["solved"]
    assert 0 < carried["accuracy"] < 75


# -- many runs


def test_schedule_equals_the_memory_tutorial() -> None:
    """Truncation to one step with batches of one equals a stateful layer that is reset."""
    stateful = build_stateful(MemorySettings(units=4))
    model = memory_trials.build(4)
    model.set_weights(stateful.get_weights())
    for _ in range(5):
        for sequence in memory.SEQUENCES:
            x, y = memory.to_pairs(sequence)
            stateful.fit(x, y, batch_size=1, shuffle=False, verbose=0)
            stateful.reset_states()
    memory_trials.fit(model, UpdateSchedule(4, one_step=True), 5)
    for ours, theirs in zip(model.get_weights(), stateful.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "updates"),
    [
        (UpdateSchedule(2, True), 8),
        (UpdateSchedule(2, True, batch_size=2), 4),
        (UpdateSchedule(2, False), 2),
        (UpdateSchedule(2, False, batch_size=2), 1),
        (UpdateSchedule(2, True, shuffled=True, separated=True), 8),
    ],
)
def test_updates_per_epoch_equal_the_optimizer_count(
    schedule: UpdateSchedule, updates: int
) -> None:
    model = memory_trials.build(2)
    memory_trials.fit(model, schedule, 3)
    assert schedule.updates_per_epoch == updates
    assert int(model.optimizer.iterations) == 3 * updates


def test_whole_sequences_are_learned_more_often_than_the_carried_state() -> None:
    """Of 100 runs with 20 units, 100 and about 50 succeed; without order of steps, hardly any."""
    settings = TrialSettings(runs=10, epochs=600, check_every=100)
    schedules = (
        UpdateSchedule(20, False),
        UpdateSchedule(20, True),
        UpdateSchedule(20, True, shuffled=True, separated=True),
    )
    set_random_seed(1)
    whole, carried, parted = (try_often(schedule, settings, Run(1), "") for schedule in schedules)
    assert whole["solved"]
    assert whole["accuracy"] > carried["accuracy"] > parted["accuracy"]


# -- the sequences


def test_middle_of_three_equals_the_tutorial() -> None:
    for make in (middles.counted_middle, middles.repeated_middle):
        np.testing.assert_array_equal(middles.two_sequences(make(3), 5), memory.SEQUENCES)


def test_middles_of_any_length() -> None:
    np.testing.assert_array_equal(middles.counted_middle(6), [0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(middles.repeated_middle(6), [0, 1, 0, 1, 0, 2])
    np.testing.assert_array_equal(middles.repeated_middle(1), [2])
    np.testing.assert_array_equal(middles.two_sequences([1, 0], 9), [[7, 1, 0, 7], [8, 1, 0, 8]])


def test_random_sequences_end_as_they_began() -> None:
    drawn = middles.random_sequences(4000, 5, 7, np.random.default_rng(1))
    assert drawn.shape == (4000, 7)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, -1])
    assert set(drawn[:, 0]) == {5, 6}
    assert np.mean(drawn[:, 0] == 5) == pytest.approx(0.5, abs=0.03)
    shares = np.bincount(drawn[:, 1:-1].ravel(), minlength=7) / 20_000
    np.testing.assert_allclose(shares, [0.2] * 5 + [0, 0], atol=0.015)


@pytest.mark.parametrize("middle", [[], [3], [-1], [[0]]])
def test_middles_refuse_invalid_arguments(middle: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"expected a middle of values 0\.\.2"):
        middles.two_sequences(middle, 5)
    with pytest.raises(ValueError, match="m: expected at least 1, received 0"):
        middles.counted_middle(0)
