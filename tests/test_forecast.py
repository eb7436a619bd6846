"""`echocell forecast` and `echocell predict`: from a CSV file to the next values, and what happens
to files that cannot be used.
"""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from echocell import cli, plotting
from echocell.forecasting.csv_series import read_series
from echocell.forecasting.model import ForecastConfig, Forecaster, TooShortError, train
from echocell.forecasting.report import Score, texts, verdict
from echocell.models import load_model
from echocell.tasks.airline import passengers
from echocell.tasks.series import MinMaxScaler

LINES = [f"{2000 + i // 12}-{i % 12 + 1:02d}" for i in range(120)]
# A season and a slow swell: a series that has nothing a short window could not tell.
WAVE = [
    50 + 10 * math.sin(2 * math.pi * i / 12) + 4 * math.sin(2 * math.pi * i / 40)
    for i in range(120)
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "wave.csv"
    pairs = zip(LINES, WAVE, strict=True)
    path.write_text(
        "month,level\n" + "".join(f"{a},{b:.3f}\n" for a, b in pairs) + "\nSource: us\n"
    )
    return path


def echocell(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "echocell", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=300,
    )


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_from_file_to_forecast_and_on(data: Path) -> None:
    """The whole way, through the command line: forecast, then predict from the same rows."""
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
    # The network learned something: it is nearer than the last value is.
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


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("echocell: ")
    return line


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
    assert "'v' is constant: there is nothing to learn but that" in said
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
    """A formula to matplotlib, a name in letters that its font lacks, a name over two lines."""
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


# -- errors: one line each, and nothing is written


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, [], "there is no such file"),
        (b"", [], "is empty"),
        (b"\x00\x01\x02", [], "is a binary file, expected text"),
        (b"a,b\nx,y\nz,w\n", [], "has no column of numbers"),
        (
            b"v\n1\n2\n3\n",
            [],
            "3 values are too few: a look-back of 1 and a test share of 0.3 need 8",
        ),
        (b"v\n" + b"1\n" * 50, ["--look-back", "40"], "50 values are too few: a look-back of 40"),
        (b"v\n1\ninf\n" + b"1\n" * 50, [], "line 3, column 'v': 'inf' is not finite"),
        (b"v\n" + b"1\n" * 50, ["--column", "w"], "has no column 'w'."),
    ],
)
def test_files_that_cannot_be_used(
    content: bytes | None,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "two\nlines.csv" if os.name == "posix" else tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content)
    out = tmp_path / "out"
    assert cli.main(["forecast", str(path), *arguments, "--out", str(out)]) == 2
    assert message in one_line(capsys)
    assert not list(out.glob("*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--horizon", "0"], "argument --horizon: expected 1 to 100000, received '0'"),
        (["--units", "x"], "argument --units: expected 1 to 100000, received 'x'"),
        (["--test-share", "1"], "argument --test-share: expected a number between 0 and 1"),
        (["--test-share", "nan"], "argument --test-share: expected a number between 0 and 1"),
        (["--seed", "-1"], "argument --seed: expected"),
        (["--horizont", "3"], "unknown option '--horizont'"),
        (["--save", "."], "the model cannot be written there"),
        (["--save", "wave.csv"], "the model cannot be written there"),
        (["--out", "wave.csv"], "wave.csv: cannot be written to"),
    ],
)
def test_wrong_arguments(
    arguments: list[str],
    message: str,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(data.parent)
    before = data.read_bytes()
    assert cli.main(["forecast", "wave.csv", *arguments]) == 2
    assert message in one_line(capsys)
    assert data.read_bytes() == before


def test_models_that_cannot_be_used(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = data.parent / "foreign.safetensors"
    train([1.0, 2.0] * 10, ForecastConfig(epochs=1, units=2)).forecaster.model.save(foreign)
    assert "forecast" not in load_model(foreign).metadata
    broken = data.parent / "broken.safetensors"
    broken.write_bytes(foreign.read_bytes()[:40])
    for path, message in (
        (data.parent / "none", "there is no such file"),
        (data, ""),
        (data.parent, ""),
        (broken, ""),
        (foreign, "is a model, but not one that `echocell forecast` saved"),
    ):
        assert cli.main(["predict", str(path), str(data)]) == 2
        line = one_line(capsys)
        assert str(path) in line
        assert message in line


def test_too_few_rows_to_predict_from(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = data.parent / "model"
    train(WAVE, ForecastConfig(epochs=1, units=2), column="level").forecaster.save(model)
    short = data.parent / "short.csv"
    short.write_text("level\n1\n2\n")
    assert cli.main(["predict", str(model), str(short)]) == 2
    assert one_line(capsys).endswith("2 values, but the model looks back on 12")


def test_an_error_while_writing_leaves_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    out = data.parent / "out"
    assert cli.main(["forecast", str(data), "--epochs", "1", "--out", str(out), "--quiet"]) == 2
    assert "cannot be written: No space left on device" in one_line(capsys)
    assert list(out.iterdir()) == []


# -- the functions beneath


def test_scaler_and_split_of_a_training() -> None:
    values = passengers()
    trained = train(values, ForecastConfig(look_back=6, epochs=2, units=2, seed=1), column="n")
    forecaster = trained.forecaster
    assert trained.cut == 100
    assert forecaster.scaler == MinMaxScaler(values[:100].min(), values[:100].max())
    assert list(trained.train_places) == list(range(6, 100))
    assert list(trained.test_places) == list(range(100, 144))
    assert trained.validated == int(94 * 0.2)
    assert (trained.epochs, forecaster.look_back, forecaster.column) == (2, 6, "n")
    assert forecaster.model.input_shape == (None, 6, 1)


def test_later_values_change_nothing_in_a_training() -> None:
    values = passengers()
    changed = np.concatenate([values[:100], 1000.0 - values[100:]])
    config = ForecastConfig(look_back=3, epochs=2, units=2, seed=1)
    one, other = (train(series, config).forecaster.model for series in (values, changed))
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_early_stopping_keeps_the_best_epoch() -> None:
    """A tail that is nothing like the rest: training on makes its loss worse."""
    values = np.concatenate([np.tile([0.0, 1.0], 40), np.tile([0.0, 0.0, 1.0], 7)])
    trained = train(
        values, ForecastConfig(look_back=4, epochs=300, units=8, test_share=0.01, seed=1)
    )
    assert trained.epochs < 300
    assert 1 <= trained.best_epoch < trained.epochs


def test_one_step_and_ahead() -> None:
    forecaster = train(WAVE, ForecastConfig(look_back=4, epochs=5, units=4, seed=1)).forecaster
    ahead = forecaster.ahead(WAVE, 3)
    longer = [*WAVE, *ahead]
    places = np.array([120, 121, 122])
    np.testing.assert_allclose(forecaster.one_step(longer, places), ahead, rtol=1e-5)
    assert forecaster.one_step(WAVE, np.array([], dtype=np.int64)).shape == (0,)
    with pytest.raises(TooShortError, match="3 values, but the model looks back on 4"):
        forecaster.ahead(WAVE[:3], 1)


def test_saving_keeps_everything(tmp_path: Path) -> None:
    forecaster = train(
        WAVE, ForecastConfig(epochs=2, units=4, seed=1), column='a, "b" ü'
    ).forecaster
    forecaster.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model")
    assert (loaded.scaler, loaded.look_back, loaded.column) == (
        forecaster.scaler,
        forecaster.look_back,
        forecaster.column,
    )
    np.testing.assert_array_equal(loaded.ahead(WAVE, 5), forecaster.ahead(WAVE, 5))


@pytest.mark.parametrize(
    ("count", "config"),
    [
        (7, ForecastConfig()),
        (22, ForecastConfig(look_back=12)),
        (50, ForecastConfig(look_back=50)),
        (10, ForecastConfig(test_share=0.9)),
        (5, ForecastConfig(test_share=0.01)),
        (0, ForecastConfig()),
    ],
)
def test_too_short(count: int, config: ForecastConfig) -> None:
    """The message tells how many are enough, and they are."""
    with pytest.raises(TooShortError) as caught:
        train([float(i % 5) for i in range(count)], config)
    needed = int(str(caught.value).split()[-1])
    assert needed > count
    values = [float(i % 5) for i in range(needed)]
    quick = ForecastConfig(config.look_back, 2, 1, config.test_share)
    train(values, quick)
    with pytest.raises(TooShortError):
        train(values[:-1], quick)


@pytest.mark.parametrize(
    "arguments", [{"look_back": 0}, {"units": 0}, {"epochs": 0}, {"test_share": 0.0}]
)
def test_recipes_that_are_none(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(arguments))}: expected"):
        ForecastConfig(**arguments)  # type: ignore[arg-type]


def test_verdict() -> None:
    ours = Score("LSTM", 1, 1, 5, 1)
    better, worse = Score("better", 1, 1, 4, 1), Score("worse", 1, 1, 6, 1)
    none = Score("none", math.nan, math.nan, math.nan, math.nan)
    assert verdict([ours, worse, none]) == "On the test part the LSTM beats every baseline by RMSE."
    lost = 'On the test part the LSTM does not beat "better" by RMSE.'
    assert verdict([ours, better, worse]) == lost
    assert verdict([ours, Score("same", 1, 1, 5, 1)]).endswith('beat "same" by RMSE.')
