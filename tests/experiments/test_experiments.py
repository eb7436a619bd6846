"""Short runs of the tutorials, and the framework of all experiments."""

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
from echocell.experiments.run import running
from echocell.experiments.run import settings as settings_of
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.measures import percent_correct, trace_carried
from echocell.experiments.run.running import Training
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.tables import spread_table, summary_table
from echocell.experiments.tutorials.echo import build as build_echo
from echocell.experiments.tutorials.lag import build as build_lag
from echocell.experiments.tutorials.memory import MemorySettings
from echocell.experiments.tutorials.memory import build as build_memory
from echocell.tasks import echo, lag, memory
from echocell.utils import set_random_seed

# name -> (settings of a short run, its updates)
SHORT: dict[str, tuple[dict[str, Any], int]] = {
    "echo": ({"updates": 130, "tests": 10}, 130),
    "echo-current": ({"sequences": 3, "tests": 2}, 3 * 25),
    "echo-lag-stateful": ({"sequences": 5, "tests": 2}, 5 * 4),
    "echo-lag-window": ({"sequences": 5, "tests": 2}, 5 * 4),
    "memory": ({"epochs": 3}, 3 * 8),
    "alphabet-letter": ({"epochs": 3}, 3 * 25),
    "alphabet-window": ({"epochs": 3}, 3 * 23),
    "alphabet-steps": ({"epochs": 3}, 3 * 23),
    "airline": ({"epochs": 2, "look_back": (1, 3)}, 2 * (98 + 96)),
}


def short(name: str) -> Any:
    return replace(EXPERIMENTS[name].settings, **SHORT[name][0])


def run_short(name: str, **arguments: Any) -> experiments.Report:
    return run_experiment(EXPERIMENTS[name], settings=short(name), **arguments)


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


# -- the experiments


def test_all_nine_are_there() -> None:
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


# -- the training


@dataclass
class Bar:
    """A substitute for the progress bar of tqdm."""

    done: int = 0

    def update(self, count: int) -> None:
        self.done += count


def weights(model: Any) -> list[np.ndarray]:
    return [np.array(values) for values in model.get_weights()]


def assert_same_bits(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_pass_in_parts_is_the_same_pass(batch_size: int) -> None:
    x, y = echo.generate_examples(151, rng=np.random.default_rng(0))
    trained = []
    for parts in (False, True):
        set_random_seed(1)
        model = build_echo(5, 10, 8)
        if parts:
            training = Training(bar := Bar())
            training.fit_once(model, x, y, batch_size=batch_size)
            assert bar.done == training.updates == -(-151 // batch_size)
            assert training.curve.updates[-1] == training.updates
            assert training.curve.history.keys() == {"loss", "accuracy"}
        else:
            model.fit(x, y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
        trained.append(weights(model))
    assert_same_bits(*trained)


def test_epochs_in_parts_are_the_same_epochs() -> None:
    x, y = echo.generate_examples(6, rng=np.random.default_rng(0))
    trained, losses = [], []
    for parts in (False, True):
        set_random_seed(1)
        model = build_echo(5, 10, 8)
        if parts:
            training = Training(Bar())
            training.fit(model, x, y, batch_size=2, epochs=120)
            losses.append(training.curve.history["loss"])
        else:
            history = model.fit(x, y, batch_size=2, epochs=120, verbose=0).history
            losses.append(history["loss"])
        trained.append(weights(model))
    assert_same_bits(*trained)
    assert losses[0] == losses[1]


def test_the_clock_counts_training_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "shows_bars", lambda: True)
    run = Run(0, label="here", quiet=False)
    model = build_echo(5, 10, 4)
    x, y = echo.generate_examples(20, rng=run.rng)
    with run.training(20, "twice") as training:
        training.fit_once(model, x, y, batch_size=1)
    seconds = run.seconds
    assert run.updates == 20
    assert seconds > 0
    with run.training(20) as training:
        training.fit_once(model, x, y, batch_size=2)
    assert run.updates == 30
    assert run.seconds > seconds
    assert "here twice: 100%" in capsys.readouterr().err


def test_an_interrupted_training_is_counted() -> None:
    run = Run(0)
    with pytest.raises(KeyboardInterrupt), run.training(20):
        raise KeyboardInterrupt
    assert run.seconds > 0


# -- the pictures show what the stateful networks did


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_traced_batches_are_those_of_the_carried_state() -> None:
    set_random_seed(2)
    model = build_lag(6, 1, 100, 7)
    x, _ = lag.generate_pairs(rng=np.random.default_rng(0))
    kernel, bias = model.layers[1].get_weights()
    predicted = model.predict(x, batch_size=6, verbose=0)
    trace = trace_carried(model, x, 6)
    assert trace["h"].shape == (24, 7)
    assert np.allclose(softmax(trace["h"] @ kernel + bias), predicted, atol=1e-6)


def test_traced_values_are_those_of_the_carried_state() -> None:
    set_random_seed(2)
    model = build_memory(MemorySettings(units=6))
    x, _ = memory.to_pairs(memory.SEQUENCES[0])
    kernel, bias = model.layers[1].get_weights()
    predicted = model.predict(x, batch_size=1, verbose=0)
    h = trace_carried(model, x, 1)["h"]
    assert np.allclose(1 / (1 + np.exp(-(h @ kernel + bias))), predicted, atol=1e-6)


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


def test_the_table_names_what_was_asked_for() -> None:
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


def test_statistic_of_nothing() -> None:
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
def test_settings_refuse(text: str, message: str) -> None:
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


def test_a_picture_that_fails_leaves_the_old_one(
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
