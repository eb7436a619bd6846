"""The experiment cells: every cell on every task, with the same number of weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from echocell.experiments import EXPERIMENTS, run_experiment
from echocell.experiments.exercises.cells import CELLS, STANDARD, Shape

SHORT: dict[str, Any] = {
    "echo_units": 3,
    "echo_updates": 20,
    "echo_tests": 20,
    "memory_units": 3,
    "memory_updates": 40,
    "alphabet_units": 3,
    "alphabet_updates": 230,
    "airline_units": 2,
    "airline_epochs": 1,
    "look_back": 3,
}


def run_short(**arguments: Any) -> Any:
    experiment = EXPERIMENTS["cells"]
    return run_experiment(experiment, settings=replace(experiment.settings, **SHORT), **arguments)


def test_short_run_reports_every_cell(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = run_short(seed=3, out=tmp_path)
    heads, *rows = report.table
    names = ["echo: updates", "memory: updates", "alphabet: updates", "airline: test RMSE"]
    assert heads[1:5] == names
    assert [row[0] for row in rows] == list(CELLS)
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    figures = report.records[0].figures
    assert 0 <= figures["learned"] <= 100
    for cell in CELLS:
        assert figures[f"echo, {cell}"] == 20
        assert figures[f"airline, {cell}"] > 0
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / "cells.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]


def test_same_seed_same_figures() -> None:
    first, second = (run_short(seed=11) for _ in range(2))
    assert first.records[0].figures == second.records[0].figures
    assert first.table == second.table


@pytest.mark.parametrize("cell", CELLS)
def test_all_cells_have_about_the_same_number_of_weights(cell: str) -> None:
    shape = Shape(5, 10, 10, "softmax", "categorical_crossentropy")
    weights = shape.build(STANDARD, 25).count_params()
    assert shape.fitting(cell, 25).count_params() == pytest.approx(weights, rel=0.03)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"echo_units": 0}, "echo_units: expected at least 1, received 0"),
        ({"look_back": 200}, "look_back 200: expected a part of at least"),
    ],
)
def test_invalid_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS["cells"].settings, **values)
