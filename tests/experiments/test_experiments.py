"""Short runs of the tutorials, their tables and settings."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import experiments, plotting
from echocell.experiments import EXPERIMENTS, Run, UnknownNameError, run_experiment
from echocell.experiments.run import settings as settings_of
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.measures import percent_correct
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.tables import spread_table, summary_table
from support.short_runs import SHORT, png_size, run_short, short

# -- the experiments


def test_tutorials_are_listed() -> None:
    assert [one.name for one in experiments.groups()["tutorials"]] == list(SHORT)


def test_every_experiment_is_described() -> None:
    for name, experiment in EXPERIMENTS.items():
        assert experiments.find(name) is experiment
        assert experiment.name == name
        assert len(experiment.summary) <= 90
        assert experiment.takeaway.endswith(".")
        assert experiment.published.source
        assert experiment.takes > 0
    grouped = [one for group in experiments.groups().values() for one in group]
    assert grouped == list(EXPERIMENTS.values())


@pytest.mark.parametrize("name", SHORT)
def test_short_run_writes_its_results(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = run_short(name, seed=3, out=tmp_path / "new" / "folder")
    assert report.updates == SHORT[name][1]
    assert report.picture == tmp_path / "new" / "folder" / f"{name}.png"
    assert png_size(report.picture)[0] >= 1600
    assert report.picture.stat().st_size > 20_000
    assert report.results is not None
    written = json.loads(report.results.read_text(encoding="utf-8"))
    assert written["experiment"] == name
    assert written["versions"].keys() == {"echocell", "numpy", "python"}
    assert written["settings"] == json.loads(json.dumps(vars(short(name))))
    assert written["published"]["figure"] == EXPERIMENTS[name].published.figure
    assert written["picture"] == f"{name}.png"
    assert written["ours"] == report.ours
    (run,) = written["runs"]
    assert run["seed"] == 3
    assert run["updates"] == SHORT[name][1]
    assert run["seconds"] > 0
    assert run["updates_per_second"] > 0
    assert run["figures"] == report.records[0].figures
    assert all(np.isfinite(value) for value in run["figures"].values())


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (run_short(name, seed=11, runs=2) for _ in range(2))
    assert [record.seed for record in first.records] == [11, 12]
    assert [r.figures for r in first.records] == [r.figures for r in second.records]


def test_echo_is_learned() -> None:
    """The whole experiment: 99.5 ± 0.9 % over seeds."""
    report = run_experiment(EXPERIMENTS["echo"], seed=7)
    assert report.statistics["accuracy"].mean >= 95
    assert report.updates == 10_000


def test_memory_is_learned_by_the_state() -> None:
    """The whole experiment: 93.4 ± 6.2 % of 8 predictions over seeds; without a memory, 6 of 8."""
    report = run_experiment(EXPERIMENTS["memory"], seed=7, runs=4)
    assert report.statistics["accuracy"].mean >= 80
    assert report.perfect_share in {0, 0.25, 0.5, 0.75, 1}


# -- reports


def test_several_runs_are_summed_up() -> None:
    report = run_short("memory", seed=5, runs=3)
    values = [record.figures["accuracy"] for record in report.records]
    statistic = report.statistics["accuracy"]
    assert statistic.count == 3
    assert statistic.mean == pytest.approx(np.mean(values))
    assert statistic.sd == pytest.approx(np.std(values, ddof=1))
    assert (statistic.minimum, statistic.maximum) == (min(values), max(values))
    assert report.perfect_share == sum(value == 100 for value in values) / 3
    assert report.ours == f"{statistic.mean:.2f} ± {statistic.sd:.2f} % of 8 values"
    head, rule, line = spread_table([report]).splitlines()
    assert head.split("  ")[0] == "experiment"
    assert set(rule) == {"-", " "}
    assert line.startswith("memory")
    assert line.endswith("of 3")
    assert report.updates == 3 * SHORT["memory"][1]


def test_table_has_a_row_per_report() -> None:
    report = run_short("alphabet-letter", seed=5)
    head, _, line = summary_table([report]).splitlines()
    assert head.split() == ["experiment", "published", "ours", "updates/s", "seconds", "picture"]
    assert line.startswith("alphabet-letter  88.00 %")
    assert line.endswith("-")


def test_airline_has_no_perfect_runs() -> None:
    report = run_short("airline", seed=5)
    assert report.perfect_share is None
    assert report.notes


def test_without_matplotlib_results_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plotting, "available", lambda: False)
    report = run_short("memory", out=tmp_path)
    assert report.picture is None
    assert [path.name for path in tmp_path.iterdir()] == ["memory.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "expected at least 1 run, received 0"),
        ({"seed": -1}, "expected seed 0"),
        ({"seed": 2**32 - 1, "runs": 2}, "expected seed 0"),
    ],
)
def test_run_experiment_refuses(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_short("memory", **arguments)


def test_statistics_of_no_values() -> None:
    with pytest.raises(ValueError, match="expected at least one value"):
        Statistic.of([])
    assert Statistic.of([2.0]).text(1) == "2.0"
    assert Statistic.of([1.0, 3.0]).text(1) == "2.0 ± 1.4"


def test_percent_correct() -> None:
    assert percent_correct([1, 2, 3, 4], [1, 2, 0, 0]) == 50
    with pytest.raises(ValueError, match=r"expected values have shape \(2,\)"):
        percent_correct([1, 2], [1])


# -- settings


@dataclass(frozen=True)
class Sample:
    units: int = 3
    share: float = 0.5
    steps: tuple[int, ...] = (1, 2)
    fast: bool = False
    word: str = "a"

    def __post_init__(self) -> None:
        settings_of.check_counts(self)


def test_settings_are_read_by_type() -> None:
    texts = ["units=7", "share=0.25", "steps=4, 5", "fast=yes", "word=b=c"]
    changed = settings_of.changed(Sample(), settings_of.parse_assignments(texts))
    assert changed == Sample(7, 0.25, (4, 5), True, "b=c")


@pytest.mark.parametrize("settings", [Sample(), *(one.settings for one in EXPERIMENTS.values())])
def test_settings_are_written_as_they_are_read(settings: Any) -> None:
    texts = settings_of.as_text(settings).split()
    assert settings_of.changed(settings, settings_of.parse_assignments(texts)) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit=7", r"unknown setting 'unit'\. Did you mean 'units'\?"),
        ("zzz=7", r"unknown setting 'zzz'\. Expected one of: units, share"),
        ("units=x", "units: expected int, received 'x'"),
        ("units=1.5", "units: expected int, received '1.5'"),
        ("units=0", "units: expected at least 1, received 0"),
        ("steps=1,a", "steps: expected int, received 'a'"),
        ("fast=maybe", "fast: expected bool, received 'maybe'"),
        ("units", "expected key=value, received 'units'"),
        ("=3", "expected key=value, received '=3'"),
    ],
)
def test_settings_refuse_invalid_values(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of.changed(Sample(), settings_of.parse_assignments([text]))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("echo", {"out_index": 5}, r"out_index: expected 0\.\.4, received 5"),
        ("echo", {"units": 0}, "units: expected at least 1, received 0"),
        ("echo-lag-stateful", {"batch": 7}, "batch: expected a divisor of the 24 samples"),
        ("echo-lag-window", {"batch": 6}, "batch: expected a divisor of the 20 samples"),
        ("echo-lag-window", {"steps": 25}, "batch: expected a divisor of the 0 samples"),
        ("alphabet-letter", {"letters": 26}, r"letters: expected 1\.\.25, received 26"),
    ],
)
def test_experiments_refuse_settings(name: str, values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS[name].settings, **values)


def test_unknown_experiment() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown experiment 'ecko'\. Did you mean 'echo'"):
        experiments.find("ecko")


def diverged(_: Any, run: Run) -> Outcome:
    """A run whose figures are not finite and whose picture cannot be drawn."""

    def draw(title: str) -> Any:
        raise RuntimeError(title)

    return Outcome({"accuracy": math.nan, "loss": math.inf}, draw)


def no_constant(name: str) -> float:
    raise AssertionError(f"JSON has no {name}")


def test_json_has_no_nan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "available", lambda: False)
    experiment = replace(EXPERIMENTS["echo"], run=diverged, headline=lambda _: "none")
    report = run_experiment(experiment, out=tmp_path)
    assert report.results is not None
    text = report.results.read_text(encoding="utf-8")
    figures = json.loads(text, parse_constant=no_constant)["runs"][0]["figures"]
    assert figures == {"accuracy": None, "loss": None}


def test_failed_picture_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")

    def half(figure: Any, path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left")

    monkeypatch.setattr(plotting, "save", half)
    (tmp_path / "echo.png").write_text("old")
    settings = replace(EXPERIMENTS["echo"].settings, **SHORT["echo"][0])
    with pytest.raises(OSError, match="no space left"):
        run_experiment(EXPERIMENTS["echo"], settings=settings, out=tmp_path)
    assert (tmp_path / "echo.png").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["echo.png"]
