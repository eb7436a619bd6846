"""Rows of CSV files, and the series that are read from them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from echocell.forecasting.csv_series import CsvSeries, read_series

MONTHS = [f"{1949 + i // 12}-{i % 12 + 1:02d}" for i in range(24)]
VALUES = [100.0 + 7 * i % 50 for i in range(24)]
DAYS = [date(2021, 1, 4) + timedelta(days=i) for i in range(24)]
WEEKDAYS = [day for i in range(34) if (day := date(2021, 1, 4) + timedelta(days=i)).weekday() < 5]


def rows(labels: list[str], values: list[object], between: str = ",") -> str:
    return "".join(f"{a}{between}{b}\n" for a, b in zip(labels, values, strict=True))


PLAIN = rows(MONTHS, [f"{value:g}" for value in VALUES])
HOLES: list[object] = [f"{value:g}" for value in VALUES]
HOLES[0], HOLES[5], HOLES[6], HOLES[-1] = "NA", "", "n/a", "-"


def read(folder: Path, data: str | bytes, column: str | None = None) -> CsvSeries:
    path = folder / "data.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_series(path, column)
