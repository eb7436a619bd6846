"""The CSV file of the forecasting tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.wave import LINES, WAVE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A wave, month by month, in the column 'sales'."""
    path = tmp_path / "wave.csv"
    pairs = zip(LINES, WAVE, strict=True)
    path.write_text(
        "month,level\n" + "".join(f"{a},{b:.3f}\n" for a, b in pairs) + "\nSource: us\n"
    )
    return path
