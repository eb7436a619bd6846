"""Runs the command on CSV files of a wave."""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

LINES = [f"{2000 + i // 12}-{i % 12 + 1:02d}" for i in range(120)]
# A season and a slow trend: a series that a short window predicts well.
WAVE = [
    50 + 10 * math.sin(2 * math.pi * i / 12) + 4 * math.sin(2 * math.pi * i / 40)
    for i in range(120)
]


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


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("echocell: ")
    return line
