"""The experiment gates: the carrier unit of a small LSTM on the memory task."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from echocell.experiments import EXPERIMENTS, run_experiment


def run_gates(values: dict[str, Any], **arguments: Any) -> Any:
    experiment = EXPERIMENTS["gates"]
    return run_experiment(experiment, settings=replace(experiment.settings, **values), **arguments)


def test_run_reports_every_step(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = run_gates({"epochs": 10, "length": 6, "units": 3}, seed=3, out=tmp_path)
    heads, *rows = report.table
    assert heads[:2] == ["sequence", "reads"]
    assert [row[1] for row in rows] == [*"40123", *"50123"]
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / "gates.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]


def test_cell_is_the_kept_plus_the_written_part() -> None:
    heads, *rows = run_gates({"epochs": 100}, seed=1).table
    for row in rows:
        value = dict(zip(heads, row, strict=True))
        total = float(value["kept: f c"]) + float(value["written: i g"])
        assert float(value["c"]) == pytest.approx(total, abs=0.016)


def test_memory_is_learned() -> None:
    report = run_gates({}, seed=1)
    assert report.records[0].figures["accuracy"] == 100
    assert report.records[0].perfect
    assert "The last values are correct" in report.notes[0]


def test_too_few_epochs_are_reported_as_unsolved() -> None:
    assert "Not learned" in run_gates({"epochs": 1}, seed=1).notes[0]


def test_same_seed_same_figures() -> None:
    first, second = (run_gates({"epochs": 20}, seed=11, runs=2) for _ in range(2))
    assert [r.figures for r in first.records] == [r.figures for r in second.records]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"length": 2}, "length: expected at least 3, received 2"),
        ({"units": 0}, "units: expected at least 1, received 0"),
        ({"rate": 0.0}, "rate: expected above 0"),
    ],
)
def test_invalid_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS["gates"].settings, **values)
