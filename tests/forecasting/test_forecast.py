"""`echocell forecast` and `echocell predict`: from a CSV file to the next values."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from echocell import cli, plotting
from echocell.forecasting.csv_series import read_series
from echocell.forecasting.model import Forecaster
from echocell.forecasting.report import texts
from support.wave import LINES, WAVE, echocell, one_line, rows_of


def test_from_file_to_forecast_and_on(data: Path) -> None:
    """Runs the command line: forecast, then predict from the same rows."""
    folder = data.parent
    result = echocell(
        "forecast", "wave.csv", "--epochs", 60, "--horizon", 6, "--units", 16, cwd=folder
    )
    assert result.returncode == 0, result.stderr
    out = folder / "echocell-results"
    picture = ["wave-forecast.png"] if plotting.available() else []
    assert sorted(path.name for path in out.iterdir()) == [
        "wave-forecast.csv",
        *picture,
        "wave-model.safetensors",
    ]
    head, *forecast = rows_of(out / "wave-forecast.csv")
    assert head == ["date", "level"]
    assert [date for date, _ in forecast] == [f"2010-{month:02d}" for month in range(1, 7)]
    for text in (
        "wave.csv: 120 values, 2000-01 to 2009-12",
        "  header: line 1: month, level",
        "  footer: line 123 left out: 'Source: us'",
        "  step: monthly",
        "training part: 84 values to 2006-12; test part: 36 values from 2007-01",
        "the range of the training part alone",
        "repeat last month",
        "same month last year",
        "last year's growth",
        "On the test part the LSTM ",
        f"wrote {os.path.join('echocell-results', 'wave-forecast.csv')}",
    ):
        assert " ".join(text.split()) in " ".join(result.stdout.split()), text
    # The network learned something: its error is smaller than that of repeating the last value.
    errors = {line[:20].strip(): line.split()[-2] for line in result.stdout.splitlines() if line}
    assert float(errors["LSTM"]) < float(errors["repeat last month"])

    model = out / "wave-model.safetensors"
    again = echocell("predict", model, "wave.csv", "--horizon", 6, "--out", "on", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert rows_of(folder / "on" / "wave-prediction.csv") == [head, *forecast]


def test_what_predict_goes_on_from(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New rows under another name, in another format."""
    out = data.parent / "out"
    quick = ["--epochs", "2", "--units", "4", "--out", str(out), "--quiet"]
    assert cli.main(["forecast", str(data), "--look-back", "5", *quick]) == 0
    new = data.parent / "new.csv"
    new.write_text("when;height\n" + "".join(f"{2020 + i};{99 + i}\n" for i in range(9)))
    model = str(out / "wave-model.safetensors")
    capsys.readouterr()
    assert cli.main(["predict", model, str(new), "--column", "height", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "new.csv: 9 values, 2020 to 2028" in said.out
    head, *lines = rows_of(out / "new-prediction.csv")
    assert head == ["date", "height"]
    assert [label for label, _ in lines] == [str(2029 + ahead) for ahead in range(12)]
    assert cli.main(["predict", model, str(new), "--out", str(out)]) == 2
    line = one_line(capsys)
    assert "has no column 'level'." in line
    assert "(the model was trained on 'level'; --column takes another)" in line


def test_quiet_says_little(data: Path) -> None:
    result = echocell("forecast", data, "--epochs", 2, "--quiet", "--out", "out", cwd=data.parent)
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["train", "RMSE", "train", "MAE", "test", "RMSE", "test", "MAE"]
    assert len([line for line in lines if line.startswith("wrote ")]) == 2 + plotting.available()
    assert_shows_the_forecast(lines, data.parent / "out" / "wave-forecast.csv")
    model = data.parent / "out" / "wave-model.safetensors"
    result = echocell("predict", model, data, "--quiet", "--out", "on", cwd=data.parent)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("the next 12 values")
    assert_shows_the_forecast(lines, data.parent / "on" / "wave-prediction.csv")


def assert_shows_the_forecast(lines: list[str], path: Path) -> None:
    for date, _ in rows_of(path)[1:]:
        assert any(line.startswith(f"  {date}  ") for line in lines), date


def test_the_same_seed_gives_the_same_file(data: Path) -> None:
    texts = []
    for seed in ("1", "1", "2"):
        out = data.parent / seed
        arguments = ["--epochs", "3", "--seed", seed, "--out", str(out), "--quiet"]
        assert cli.main(["forecast", str(data), *arguments]) == 0
        texts.append((out / "wave-forecast.csv").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_a_series_without_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("".join(f"{value:.2f}\n" for value in WAVE))
    arguments = ["--epochs", "2", "--out", str(tmp_path), "--horizon", "3", "--season", "12"]
    assert cli.main(["forecast", str(path), *arguments]) == 0
    said = capsys.readouterr().out
    for name in ("repeat last value", "same value last season", "last season's growth"):
        assert name in said
    head, *lines = rows_of(tmp_path / "plain-forecast.csv")
    assert head == ["number", "column 1"]
    assert [number for number, _ in lines] == ["121", "122", "123"]
    assert all(np.isfinite(float(value)) for _, value in lines)


def test_the_written_forecast_can_be_read_on(data: Path) -> None:
    out = data.parent / "out"
    assert cli.main(["forecast", str(data), "--epochs", "2", "--out", str(out), "--quiet"]) == 0
    series = read_series(out / "wave-forecast.csv")
    assert series.column == "level"
    assert series.next_labels(1) == ["2011-01"]


def test_a_constant_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("v\n" + "5\n" * 40)
    assert cli.main(["forecast", str(path), "--epochs", "60", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "'v' is constant: the model can only learn that value" in said
    assert 'does not beat "repeat last value"' in said
    values = [float(value) for _, value in rows_of(tmp_path / "flat-forecast.csv")[1:]]
    np.testing.assert_allclose(values, 5, atol=0.5)


def test_the_model_goes_where_it_is_told(data: Path) -> None:
    target = data.parent / "models" / "mine.safetensors"
    arguments = ["--epochs", "2", "--save", str(target), "--out", str(data.parent / "out")]
    assert cli.main(["forecast", str(data), *arguments, "--quiet"]) == 0
    assert [path.name for path in target.parent.iterdir()] == ["mine.safetensors"]
    assert Forecaster.load(target).column == "level"


def test_names_that_are_hard_to_draw(tmp_path: Path) -> None:
    """A formula for matplotlib, a name in letters that its font lacks, a name of two lines."""
    for name in ("$x_{$ and $\\y$", "乗客数", '"two\nlines"', "x" * 300):
        path = tmp_path / "hard.csv"
        path.write_text(f"month,{name}\n" + "".join(f"{a},1\n" for a in LINES), encoding="utf-8")
        arguments = ["--epochs", "1", "--units", "1", "--out", str(tmp_path), "--quiet"]
        assert cli.main(["forecast", str(path), *arguments]) == 0
        assert rows_of(tmp_path / "hard-forecast.csv")[0][1] == " ".join(name.strip('"').split())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([49.412, 8.1], ["49.41", "8.10"]),
        ([0.0123, math.nan], ["0.01230", "-"]),
        ([12345.6, 1.0], ["12346", "1"]),
        ([1e9, 1.0], ["1e+09", "1"]),
        ([1e-9, 0.0], ["1e-09", "0"]),
        ([0.0], ["0"]),
        ([], []),
    ],
)
def test_numbers_as_text(values: list[float], expected: list[str]) -> None:
    assert texts(values) == expected


def test_without_matplotlib(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plotting, "available", lambda: False)
    out = data.parent / "out"
    assert cli.main(["forecast", str(data), "--epochs", "2", "--out", str(out), "--quiet"]) == 0
    assert "echocell[plot]" in capsys.readouterr().out
    assert not list(out.glob("*.png"))
