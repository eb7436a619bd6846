"""Tasks of later papers: adding and copying over very long lags, counting in languages."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell.experiments import EXPERIMENTS, groups, run_experiment
from echocell.experiments.later.benchmark import Row
from echocell.experiments.later.languages import CELLS, largest_accepted
from echocell.experiments.run import falling_rate
from echocell.layers import Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import languages

SHORT: dict[str, dict[str, Any]] = {
    "adding-later": {"lengths": (4, 600), "updates": 3, "tests": 5, "units": 2},
    "copy-memory": {"lengths": (5, 7), "updates": 60, "tests": 5, "units": 2},
    "languages": {"strings": 60, "limit": 3, "trials": 2},
}


def run_short(name: str, *, changes: dict[str, Any] | None = None, **arguments: Any) -> Any:
    experiment = EXPERIMENTS[name]
    settings = replace(experiment.settings, **{**SHORT[name], **(changes or {})})
    return run_experiment(experiment, settings=settings, **arguments)


def figures_of(report: Any) -> dict[str, float]:
    figures: dict[str, float] = report.records[0].figures
    return figures


def test_later_experiments_are_listed() -> None:
    assert {*SHORT} <= {one.name for one in groups()["later"]}


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_figures(name: str) -> None:
    first, second = (run_short(name, seed=11) for _ in range(2))
    assert figures_of(first) == figures_of(second)
    assert first.notes == second.notes


@pytest.mark.parametrize(
    ("loss", "verdict", "figure"),
    [
        (0.01, "remembers", "0.01"),
        (0.019, "no memory", "0.019"),
        (math.nan, "diverged", "none (diverged)"),
        (math.inf, "diverged", "none (diverged)"),
    ],
)
def test_rows_explain_their_loss(loss: float, verdict: str, figure: str) -> None:
    row = Row("GRU", "usual", 1000, 0.02, loss=loss, losses=[loss], updates_at=[1], seconds=1.0)
    assert (row.verdict, row.figure) == (verdict, figure)


@pytest.mark.parametrize("name", SHORT)
def test_picture_and_json_are_written(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = run_short(name, seed=3, out=tmp_path)
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.json", f"{name}.png"]


# -- adding and copying


@pytest.mark.parametrize("name", ["adding-later", "copy-memory"])
def test_one_row_per_cell_bias_and_length(name: str) -> None:
    report = run_short(name, seed=3)
    heads, *rows = report.table
    assert list(heads[:5]) == ["cell", "bias", "T", "test loss", "without memory"]
    ours = [tuple(row[:3]) for row in rows if "2018" not in row[0]]
    lengths = SHORT[name]["lengths"]
    assert ours == [
        (cell, bias, str(length))
        for length in lengths
        for cell in ("LSTM", "GRU")
        for bias in ("usual", "chrono")
    ]
    assert [row[0] for row in rows[len(ours) :]] == [
        f"{cell}, Bai et al. 2018" for cell in ("LSTM", "GRU")
    ]
    figures = figures_of(report)
    for row in rows[: len(ours)]:
        loss = figures[f"loss, {row[0]}, {row[1]}, T = {row[2]}"]
        assert row[3] == f"{loss:.3g}"
        score = 1 / 6 if name == "adding-later" else 10 * math.log(8) / (int(row[2]) + 20)
        assert row[4] == f"{score:.3g}"
        assert row[6] == ("remembers" if loss < 0.9 * score else "no memory")
        assert row[7] == str(SHORT[name]["updates"])
    assert report.updates == len(ours) * SHORT[name]["updates"]
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")
    assert ("0.164 for the LSTM" in note) == (name == "adding-later")  # where that T was run


@pytest.mark.parametrize("name", ["adding-later", "copy-memory"])
def test_rows_do_not_depend_on_other_rows(name: str) -> None:
    longer = SHORT[name]["lengths"][1]
    both = figures_of(run_short(name, seed=5))
    experiment = EXPERIMENTS[name]
    settings = replace(experiment.settings, **{**SHORT[name], "lengths": (longer,)})
    alone = figures_of(run_experiment(experiment, settings=settings, seed=5))
    del alone["remembered"]
    assert alone.items() <= both.items()


def test_headline_is_the_loss_at_the_published_length() -> None:
    report = run_short("adding-later", seed=3)
    loss = figures_of(report)["loss, LSTM, chrono, T = 600"]
    assert report.ours == f"LSTM {loss:.3g} with chrono bias"
    assert run_short("copy-memory", seed=3).ours == "0 % of the networks remember"


def test_adding_is_learned_over_two_hundred_steps() -> None:
    """With chrono bias, within a fraction of the default updates."""
    experiment = EXPERIMENTS["adding-later"]
    settings = replace(experiment.settings, lengths=(200,), updates=1500, tests=500, units=16)
    figures = figures_of(run_experiment(experiment, settings=settings, seed=21))
    assert figures["loss, GRU, chrono, T = 200"] < 0.02
    assert figures["loss, LSTM, chrono, T = 200"] < 0.05


def test_lowering_the_rate_loses_no_update() -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile(loss="mse", optimizer=Adam(0.5))
    assert model.optimizer is not None
    rates, counts = [], []
    for count in falling_rate.linear(model, 120):
        rates.append(float(model.optimizer.learning_rate))
        counts.append(count)
    assert sum(counts) == 120
    assert {*counts} == {2, 3}
    np.testing.assert_allclose(rates, 0.5 * (1 - np.arange(50) / 50), rtol=1e-6)
    assert list(falling_rate.linear(model, 3)) == [1, 1, 1]


# -- languages


class Oracle:
    """Names the legal next symbols of every string up to n, and no symbol of longer ones."""

    def __init__(self, language: str, most: int) -> None:
        self.language = language
        self.most = most

    def predict(self, x: list[Any], **_: Any) -> list[Any]:
        outputs = []
        for one in x:
            n = (len(one) - 1) // len(self.language)
            legal = languages.legal_symbols(n, self.language).astype(float)
            outputs.append(legal if n <= self.most else np.zeros_like(legal))
        return outputs


@pytest.mark.parametrize("language", [languages.ANBN, languages.ANBNCN])
@pytest.mark.parametrize(
    ("most", "limit", "largest"),
    [(0, 9, 0), (7, 9, 7), (49, 120, 49), (50, 120, 50), (200, 60, 60)],
)
def test_largest_n_is_found(language: str, most: int, limit: int, largest: int) -> None:
    model: Any = Oracle(language, most)
    assert largest_accepted(model, language, limit) == largest


def test_languages_reports_every_cell_on_both_languages() -> None:
    report = run_short("languages", seed=3)
    _, *rows = report.table
    names = ["a^n b^n"] * len(CELLS) + ["a^n b^n c^n"] * (len(CELLS) + 1)
    assert [row[0] for row in rows] == names
    assert [row[2] for row in rows] == [*CELLS, *CELLS, "2002: LSTM, Kalman filter"]
    figures = figures_of(report)
    for row in rows[:-1]:
        assert row[4] == "2"
        assert figures[f"best n, {row[0]}, {row[2]}"] <= 3
        assert f"{figures[f'median n, {row[0]}, {row[2]}']:g}" == row[6]
    assert report.updates == 2 * len(CELLS) * 2 * 60
    (note,) = report.notes
    assert note.startswith("Answer (seed 3): ")


def test_lstm_counts_beyond_its_training() -> None:
    report = run_short("languages", seed=21, changes={"strings": 5000, "limit": 20, "trials": 1})
    assert figures_of(report)["best n, a^n b^n, LSTM, no forget gate"] > 12


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("adding-later", {"lengths": (1,)}, "lengths: expected at least 2, received 1"),
        ("adding-later", {"units": 0}, "units: expected at least 1, received 0"),
        ("copy-memory", {"learning_rate": 0.0}, "learning_rate: expected above 0, received 0.0"),
        ("copy-memory", {"clipnorm": math.nan}, "clipnorm: expected above 0, received nan"),
        ("languages", {"trials": 0}, "trials: expected at least 1, received 0"),
        ("languages", {"max_time": 1}, "max_time: expected at least 2, received 1"),
        ("languages", {"learning_rate": -1.0}, "learning_rate: expected above 0"),
    ],
)
def test_invalid_settings_are_refused(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS[name].settings, **values)
