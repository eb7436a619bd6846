"""The sizes of the rooms: numbers of modules and their lengths."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400


@pytest.mark.parametrize("folder", ["python/echocell", "tests", "bench"])
def test_no_module_is_long(folder: str) -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}
    assert lengths


def test_few_modules_are_on_the_ground_floor() -> None:
    assert 0 < len([*(ROOT / "python/echocell").glob("*.py")]) <= 16
    assert 0 < len([*(ROOT / "tests").glob("*.py")]) <= 2
