"""The exercises: sweeps over a setting, their answers, and resuming after an interruption."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import cli, experiments, plotting
from echocell.experiments import EXPERIMENTS, Run, run_experiment
from echocell.experiments.exercises.echo_task import Case, Limits, train
from echocell.experiments.run.journal import Journal, JournalError
from echocell.plotting.style import log_axis

# name -> settings of a short run, its places, and the most updates at each.
SHORT: dict[str, tuple[dict[str, Any], list[str], list[int]]] = {
    "echo-length": (
        {"lengths": (3, 4), "most_samples": 60, "check_every": 20},
        ["3 steps", "4 steps", "3 steps, chrono", "4 steps, chrono"],
        [60] * 4,
    ),
    "echo-alphabet": (
        {"alphabets": (3, 200), "most_samples": 40, "check_every": 20},
        ["3 values", "200 values"],
        [40, 40],
    ),
    "echo-sgd": (
        {"rates": (0.1,), "momenta": (0.0, 0.9), "most_samples": 30, "check_every": 10},
        ["Adam", "SGD, rate 0.1, momentum 0", "SGD, rate 0.1, momentum 0.9"],
        [30, 30, 30],
    ),
    "echo-batch": (
        {"batch_sizes": (1, 8), "data": 20, "most_samples": 64, "check_every": 16},
        ["batch size 1", "batch size 8"],
        [64, 8],
    ),
    "echo-index": (
        {"length": 2, "most_samples": 30, "check_every": 10},
        ["position 0", "position 1"],
        [30, 30],
    ),
}


def short(name: str) -> Any:
    return replace(EXPERIMENTS[name].settings, **SHORT[name][0])


def run_short(name: str, **arguments: Any) -> experiments.Report:
    return run_experiment(EXPERIMENTS[name], settings=short(name), **arguments)


# -- the exercises


@pytest.mark.parametrize("name", SHORT)
def test_short_run_reports_every_setting(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, labels, most = SHORT[name]
    report = run_short(name, seed=3, out=tmp_path)
    heads, *rows = report.table
    assert heads[1] == "updates to 100 %"
    assert [row[0] for row in rows] == labels
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    assert note.endswith(".")
    figures = report.records[0].figures
    updates = [figures[f"updates, {label}"] for label in labels]
    assert all(0 < u <= limit for u, limit in zip(updates, most, strict=True))
    assert report.updates == sum(updates)
    solved = sum("over" not in row[1] for row in rows)
    assert figures["solved"] == pytest.approx(100 * solved / len(rows))
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.json", f"{name}.png"]


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (run_short(name, seed=11, runs=2) for _ in range(2))
    assert [r.figures for r in first.records] == [r.figures for r in second.records]


def test_results_do_not_depend_on_other_settings() -> None:
    one = replace(short("echo-length"), lengths=(4,))
    alone = run_experiment(EXPERIMENTS["echo-length"], settings=one, seed=5)
    both = run_short("echo-length", seed=5)
    assert alone.table[1][:3] == both.table[2][:3]
    assert alone.table[1][4] == both.table[2][4]


def test_echo_is_trained_until_all_outputs_are_right() -> None:
    """The task of the tutorial takes about 10,000 updates."""
    run = Run(1)
    rng = np.random.default_rng(1)
    result = train(Case(), Limits(40_000, 500, 300), run, "", rng)
    assert result["solved"]
    assert result["accuracy"] == 100
    assert 2_000 < result["updates"] < 40_000
    assert result["updates"] % 500 == 0
    assert result["samples"] == result["updates"] == run.updates


def test_samples_are_updates_times_batch_size() -> None:
    result = train(
        Case(batch_size=16), Limits(100, 20, 50, data=30), Run(1), "", np.random.default_rng(1)
    )
    assert (result["updates"], result["samples"], result["solved"]) == (6, 96, False)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("echo-length", {"lengths": (2, 5)}, "expected more than out_index=2 steps, received 2"),
        ("echo-length", {"units": 0}, "units: expected at least 1, received 0"),
        ("echo-sgd", {"rates": (0.0,)}, "expected rates above 0"),
        ("echo-sgd", {"momenta": (1.0,)}, "momenta of at least 0 and below 1"),
        ("echo-batch", {"data": 0}, "data: expected at least 1, received 0"),
    ],
)
def test_invalid_settings_are_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS[name].settings, **values)


# -- resuming after an interruption


def interrupt_after(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises KeyboardInterrupt as soon as the given number of pieces is on disk."""
    put = Journal.put

    def stopping_put(self: Journal, key: str, result: dict[str, Any]) -> None:
        put(self, key, result)
        if len(self) == pieces:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "put", stopping_put)


def test_resume_continues_an_interrupted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_short("echo-sgd", seed=2)
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            run_short("echo-sgd", seed=2, out=tmp_path)
    (partial,) = tmp_path.iterdir()
    assert partial.name == "echo-sgd.partial.jsonl"
    with monkeypatch.context() as patch:  # the third piece is the only one that is still to be done
        interrupt_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            run_short("echo-sgd", seed=2, out=tmp_path, resume=True)
    report = run_short("echo-sgd", seed=2, out=tmp_path, resume=True)
    assert report.records[0].figures == whole.records[0].figures
    assert report.updates == whole.updates
    assert report.seconds > 0
    assert not partial.exists()


def test_group_resumes_with_the_finished_pieces_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["run", "echo-index", "echo-sgd", "--quiet", "--out", str(tmp_path), "--set"]
    arguments += ["length=2", "rates=0.1", "momenta=0.0,0.9", "most_samples=30", "check_every=10"]
    with monkeypatch.context() as patch:  # at the end of the second one
        interrupt_after(3, patch)
        assert cli.main(arguments) == 130
    assert len(list(tmp_path.glob("*.partial.jsonl"))) == 2
    with monkeypatch.context() as patch:  # nothing is done again
        patch.setattr(Journal, "put", None)
        assert cli.main([*arguments, "--resume"]) == 0
    assert list(tmp_path.glob("*.partial.jsonl")) == []


def test_without_resume_all_pieces_run_again(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    Journal(path, {"run": 1}).put("a", {"n": 1})
    again = Journal(path, {"run": 1})
    assert again.get("a") is None
    again.put("b", {"n": 2})
    resumed = Journal(path, {"run": 1}, resume=True)
    assert (resumed.get("a"), resumed.get("b")) == (None, {"n": 2})


def test_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    Journal(path, {"settings": {"sizes": (1, 2)}}).put("a", {})
    assert len(Journal(path, {"settings": {"sizes": (1, 2)}}, resume=True)) == 1
    with pytest.raises(JournalError, match="belongs to another run"):
        Journal(path, {"settings": {"sizes": (1, 3)}}, resume=True)
    assert path.exists()


def test_piece_of_a_truncated_line_runs_again(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    journal = Journal(path, {})
    for key in "ab":
        journal.put(key, {"key": key})
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-5], encoding="utf-8")
    resumed = Journal(path, {}, resume=True)
    assert (resumed.get("a"), resumed.get("b")) == ({"key": "a"}, None)
    resumed.put("b", {"key": "b"})
    assert path.read_text(encoding="utf-8") == text


def test_resume_without_a_journal_starts_a_new_run(tmp_path: Path) -> None:
    report = run_short("echo-index", seed=4, out=tmp_path, resume=True)
    assert report.records[0].figures == run_short("echo-index", seed=4).records[0].figures


def test_pieces_draw_independent_random_numbers() -> None:
    def draw(run: Run, piece: str) -> float:
        return run.once(piece, lambda rng: {"x": rng.random()})["x"]

    one, other = Run(1), Run(1)
    assert draw(one, "a") != draw(one, "b")
    assert draw(other, "b") == draw(one, "b")
    assert draw(Run(2), "a") != draw(one, "a")


def test_equal_limits_after_rounding_are_widened() -> None:
    pytest.importorskip("matplotlib")
    axes = plotting.new_figure(4, 3).subplots()
    axes.set_yscale("log")
    axes.set_ylim(30, 30 * (1 + 1e-15))
    log_axis(axes)
    low, high = axes.get_ylim()
    assert low < 30 < high
    axes.set_ylim(1, 10)
    log_axis(axes)
    assert axes.get_ylim() == (1, 10)
