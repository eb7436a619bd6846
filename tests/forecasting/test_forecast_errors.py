"""Files, arguments and models that `echocell forecast` cannot use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from echocell import cli
from echocell.forecasting.model import ForecastConfig, train
from echocell.models import load_model
from support.wave import WAVE, one_line

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
