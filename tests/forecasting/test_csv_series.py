"""CSV files as found in practice: the series read from each, and the notes about it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.forecasting.csv_rows import UnusableFileError, to_number
from echocell.forecasting.csv_series import read_series
from echocell.forecasting.dates import find_format, find_step
from support.csv_text import DAYS, HOLES, MONTHS, PLAIN, VALUES, WEEKDAYS, read, rows

# name: the file, the column's name, the notes that must be among those given. All hold VALUES.
SAME_VALUES: dict[str, tuple[str | bytes, str, list[str]]] = {
    "header and months": ("Month,v\n" + PLAIN, "v", ["header: line 1: Month, v", "step: monthly"]),
    "no header": (PLAIN, "column 2", ["header: none", "dates: 'column 1', as %Y-%m"]),
    "numbers alone": (
        "".join(f"{value}\n" for value in VALUES),
        "column 1",
        ["header: none", "dates: none"],
    ),
    "one column with a header": (
        "v\n" + "".join(f"{value}\n" for value in VALUES),
        "v",
        ["header: line 1: v"],
    ),
    "the airline file": (
        '"Month","International airline passengers: monthly totals in thousands. Jan 49 ? Dec 60"\n'
        + "".join(f'"{a}",{b:g}\n' for a, b in zip(MONTHS, VALUES, strict=True))
        + "\nInternational airline passengers: monthly totals in thousands. Jan 49 ? Dec 60\n\n",
        "International airline passengers: monthly totals in thousands. Jan 49 ? Dec 60",
        ["footer: line 27 left out: 'International", "step: monthly"],
    ),
    "footer with as many cells": (
        "Month,v\n" + PLAIN + "Total,4711\nSource,me\n",
        "v",
        ["footer: lines 26, 27 left out: 'Total 4711'"],
    ),
    "total without dates": (
        "a,v\n" + rows([str(i % 3) for i in range(24)], list(VALUES)) + "Total,4711\n",
        "v",
        ["footer: line 26 left out"],
    ),
    "title above": (
        "My file, of 2020, all of it\nsecond line\n\nMonth,v\n" + PLAIN,
        "v",
        ["before the data: lines 1, 2 left out: 'My file", "header: line 4"],
    ),
    "comments": (
        "# by hand\n# Month,v\n" + PLAIN,
        "v",
        ["header: line 2: Month, v", "comments: line 1 left out: 'by hand'"],
    ),
    "byte order mark and CRLF": (
        b"\xef\xbb\xbf" + ("Month,v\n" + PLAIN).replace("\n", "\r\n").encode(),
        "v",
        ["header: line 1: Month, v"],
    ),
    "old Mac line ends": (("Month,v\n" + PLAIN).replace("\n", "\r"), "v", ["header: line 1"]),
    "UTF-16": (("Month,Größe\n" + PLAIN).encode("utf-16"), "Größe", ["encoding: UTF-16"]),
    "Windows-1252": (
        ("Month,Größe\n" + PLAIN).encode("cp1252"),
        "Größe",
        ["encoding: not UTF-8, read as Windows-1252"],
    ),
    "tabs": (("Month\tv\n" + PLAIN.replace(",", "\t")), "v", ["delimiter: tab"]),
    "bars": (("Month|v\n" + PLAIN.replace(",", "|")), "v", ["delimiter: vertical bar"]),
    "semicolons and decimal commas": (
        "Datum;Wert\n" + rows(MONTHS, [f"{v:.1f}".replace(".", ",") for v in VALUES], ";"),
        "Wert",
        ["delimiter: semicolon", "decimal mark: comma"],
    ),
    "quotes and a space after the comma": (
        '"Month", "the ""v"", all"\n' + rows(MONTHS, [f' "{v:g}"' for v in VALUES]),
        'the "v", all',
        ["step: monthly"],
    ),
    "signs": (
        "Month,v\n" + rows(MONTHS, [f"${v:.2f}" for v in VALUES]),
        "v",
        ["signs left away: $"],
    ),
    "several columns": (
        "Month,a,v\n" + "".join(f"{m},7,{v}\n" for m, v in zip(MONTHS, VALUES, strict=True)),
        "v",
        ["column: 'v', the last of 2 with numbers (a, v); --column NAME takes another"],
    ),
    "an index without a name": (
        ",v\n" + rows([str(i) for i in range(24)], list(VALUES)),
        "v",
        ["header: line 1: column 1, v"],
    ),
    "trailing commas": (
        "Month,v\n" + rows(MONTHS, [f"{v:g}," for v in VALUES]),
        "v",
        ["header: line 1: Month, v, column 3"],
    ),
    "newest first": (
        "Month,v\n" + "".join(reversed(PLAIN.splitlines(keepends=True))),
        "v",
        ["order: newest first, reversed", "step: monthly"],
    ),
    "shuffled": (
        "Month,v\n" + "".join(sorted(PLAIN.splitlines(keepends=True), key=lambda line: line[5:])),
        "v",
        ["order: by date"],
    ),
    "the header again in the middle": (
        "Month,v\n" + PLAIN[:36] + "Month,v\n" + PLAIN[36:],
        "v",
        ["header again: line 5 left out"],
    ),
}


@pytest.mark.parametrize("name", SAME_VALUES)
def test_the_same_values_in_many_files(name: str, tmp_path: Path) -> None:
    data, column, notes = SAME_VALUES[name]
    series = read(tmp_path, data)
    np.testing.assert_allclose(series.values, VALUES)
    assert series.column == column
    assert len(series.labels) == len(VALUES)
    for note in notes:
        assert any(given.startswith(note) for given in series.notes), (note, series.notes)
    if "dates: none; values are numbered" in series.notes:
        assert series.next_labels(2) == ["25", "26"]
    else:
        assert series.next_labels(2) == ["1951-01", "1951-02"]


def test_missing_values(tmp_path: Path) -> None:
    series = read(tmp_path, "Month,v\n" + rows(MONTHS, HOLES))
    expected = np.array(VALUES[1:-1])
    expected[4:6] = np.interp([5, 6], [4, 7], [VALUES[4], VALUES[7]])
    np.testing.assert_allclose(series.values, expected)
    assert "missing at the ends: lines 2, 25 left out" in series.notes
    assert "missing values: 2 interpolated: lines 7, 8" in series.notes
    assert (series.labels[0], series.labels[-1]) == ("1949-02", "1950-11")


def test_short_rows_and_words_are_missing_values(tmp_path: Path) -> None:
    lines = PLAIN.splitlines()
    lines[3], lines[10] = "1949-04", "1949-11,oops"
    series = read(tmp_path, "Month,v\n" + "\n".join(lines))
    assert len(series.values) == 24
    assert "not numbers: line 12, taken as missing: 'oops' on line 12" in series.notes
    assert "missing values: 2 interpolated: lines 5, 12" in series.notes


def test_missing_rows_are_put_in(tmp_path: Path) -> None:
    lines = PLAIN.splitlines(keepends=True)
    del lines[7], lines[3]
    series = read(tmp_path, "Month,v\n" + "".join(lines))
    assert series.labels == tuple(MONTHS)
    assert series.values[3] == pytest.approx((VALUES[2] + VALUES[4]) / 2)
    assert "rows missing: 1949-04, 1949-08, inserted" in series.notes
    assert "missing values: 2 interpolated: the inserted rows" in series.notes


def test_a_constant_column_says_so(tmp_path: Path) -> None:
    series = read(tmp_path, "v\n" + "5\n" * 20)
    assert "'v' is constant: the model can only learn that value" in series.notes


@pytest.mark.parametrize(("column", "place"), [("Open", 1), ("close", 2), ("2", 1), (" 4", 3)])
def test_a_column_by_name_or_number(column: str, place: int, tmp_path: Path) -> None:
    text = "Date,Open,Close,4\n" + "".join(f"{day},{i},{2 * i},7\n" for i, day in enumerate(DAYS))
    series = read(tmp_path, text, column)
    assert series.values[1] == [None, 1, 2, 7][place]


# the appearance of dates, and the two dates that follow
DATES: dict[str, tuple[list[str], list[str], str]] = {
    "days": ([f"{day}" for day in DAYS], ["2021-01-28", "2021-01-29"], "daily"),
    "weekdays": (
        [f"{day}" for day in WEEKDAYS[:24]],
        ["2021-02-05", "2021-02-08"],
        "every weekday",
    ),
    "weeks": (
        [f"{DAYS[0] + timedelta(weeks=i):%d.%m.%Y}" for i in range(24)],
        ["21.06.2021", "28.06.2021"],
        "weekly",
    ),
    "month ends": (
        [str(date(2020 + (i + 1) // 12, (i + 1) % 12 + 1, 1) - timedelta(1)) for i in range(24)],
        ["2022-01-31", "2022-02-28"],
        "monthly",
    ),
    "month names": (
        [f"{date(2020 + i // 12, i % 12 + 1, 1):%b-%Y}" for i in range(24)],
        ["Jan-2022", "Feb-2022"],
        "monthly",
    ),
    "quarters": (
        [f"{2000 + i // 4}-Q{i % 4 + 1}" for i in range(24)],
        ["2006-Q1", "2006-Q2"],
        "quarterly",
    ),
    "quarters, first": (
        [f"Q{i % 4 + 1} {2000 + i // 4}" for i in range(24)],
        ["Q1 2006", "Q2 2006"],
        "quarterly",
    ),
    "years": ([str(1950 + i) for i in range(24)], ["1974", "1975"], "yearly"),
    "ISO weeks": ([f"2020-W{i + 1:02d}" for i in range(24)], ["2020-W25", "2020-W26"], "weekly"),
    "compact days": ([f"{day:%Y%m%d}" for day in DAYS], ["20210128", "20210129"], "daily"),
    "month first": (
        [f"{i % 12 + 1}/1/{2000 + i // 12}" for i in range(24)],
        ["01/01/2002", "02/01/2002"],
        "monthly",
    ),
    "day first": (
        [f"1/{i % 12 + 1}/{2000 + i // 12}" for i in range(24)],
        ["01/01/2002", "01/02/2002"],
        "monthly",
    ),
    "hours": (
        [f"2020-01-01T{i:02d}:00:00Z" for i in range(24)],
        ["2020-01-02T00:00:00Z", "2020-01-02T01:00:00Z"],
        "hourly",
    ),
    "half hours": (
        [f"{datetime(2020, 1, 1) + timedelta(minutes=30 * i):%Y-%m-%d %H:%M}" for i in range(24)],
        ["2020-01-01 12:00", "2020-01-01 12:30"],
        "every 0:30:00",
    ),
    "no step": ([f"{day}" for day in DAYS[:-1]] + ["2024-03-01"], ["25", "26"], ""),
    "twice the same": ([f"{DAYS[i // 2]}" for i in range(24)], ["25", "26"], ""),
    "no dates": ([f"{i // 12 + 1}-{i % 12 + 1:02d}" for i in range(24)], ["25", "26"], ""),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_go_on(name: str, tmp_path: Path) -> None:
    labels, following, step = DATES[name]
    series = read(tmp_path, "when,v\n" + rows(labels, list(VALUES)))
    np.testing.assert_allclose(series.values, VALUES)
    assert series.next_labels(2) == following
    assert (series.step.name if series.step else "") == step


def test_hidden_zone_changes(tmp_path: Path) -> None:
    """Local times with offsets continue in UTC, where a clock change is not a gap."""
    zone = [f"2021-03-28 0{hour}:00:00+0{offset}:00" for hour, offset in ((0, 1), (1, 1), (3, 2))]
    zone += [f"2021-03-28 0{hour}:00:00+02:00" for hour in range(4, 8)]
    series = read(tmp_path, "when,v\n" + rows(zone, [1, 2, 3, 4, 5, 6, 7]))
    assert series.step is not None
    assert series.next_labels(1) == ["2021-03-28 06:00:00Z"]


def test_days_that_could_be_months(tmp_path: Path) -> None:
    labels = [f"{a:02d}/{b:02d}/2020" for a, b in ((1, 2), (4, 4), (2, 7), (9, 9), (5, 11))]
    series = read(tmp_path, "when,v\n" + rows(labels, [1, 2, 3, 4, 5]))
    assert "dates: 'when', as %m/%d/%Y (could also be %d/%m/%Y)" in series.notes


@pytest.mark.parametrize(
    ("cell", "mark", "number"),
    [
        ("1,234.5", ".", 1234.5),
        ("1.234,5", ",", 1234.5),
        ("1234,5", ",", 1234.5),
        ("1 234", ".", 1234.0),
        ("1\u202f234\u202f567,8", ",", 1234567.8),
        ("1'234.5", ".", 1234.5),
        ("-.5", ".", -0.5),
        ("+2e3", ".", 2000.0),
        ("5.", ".", 5.0),
        ("12 %", ".", 12.0),
        ("€ 7", ".", 7.0),
        ("1,23", ".", None),
        ("12,34,567", ".", None),
        ("1_000", ".", None),
        ("0x10", ".", None),
        ("e5", ".", None),
        ("", ".", None),
        ("1949-01", ".", None),
    ],
)
def test_numbers(cell: str, mark: str, number: float | None) -> None:
    assert to_number(cell, mark) == number


UNUSABLE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blank": ("\n \r\n\n", "is empty"),
    "a mark alone": (b"\xef\xbb\xbf", "is empty"),
    "comments alone": ("# a\n# b\n", "has no rows, only blank lines and comments"),
    "header alone": ("Month,v\n", "has no column of numbers; line 1 holds 'Month', 'v'"),
    "text": ("Dear all,\nno numbers, here,\nat all\n", "has no column of numbers"),
    "words in columns": ("city,land\nParis,F\nBonn,D\n", "has no column of numbers"),
    "nothing but missing": ("Month,v\n" + rows(MONTHS, ["NA"] * 24), "has no column of numbers"),
    "bytes": (bytes(range(256)) * 4, "is a binary file, expected text"),
    "bytes without zeros": (bytes(range(1, 256)) * 4, "is a binary file, expected text"),
    "a spreadsheet": (b"PK\x03\x04rest", "is a zip or Excel file; save the sheet as CSV"),
    "infinity": ("v\n1\n2\ninf\n3\n", "line 4, column 'v': 'inf' is not finite"),
    "beyond floats": ("v\n1\n2\n-1e999\n3\n", "line 4, column 'v': '-1e999' is not finite"),
    "half of it words": ("v\n1\na\n2\nb\n3\n4\n5\n", "column 'v': 2 of 7 cells are not numbers"),
    "a quote without end": ('a,b\n1,"2\n' + "3,4\n" * 50000, "cannot be split into cells: field"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_files_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    data, message = UNUSABLE[name]
    with pytest.raises(UnusableFileError) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(f"{tmp_path / 'data.csv'}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("Closed", "has no column 'Closed'. Did you mean 'Close'?"),
        ("xyz", "has no column 'xyz'. Expected one of: Date, Close, City, a, a."),
        ("6", "has no column '6'."),
        ("City", "column 'City' holds no numbers to forecast"),
        ("Date", "column 'Date' holds no numbers to forecast"),
        ("a", "has several columns 'a': give a number, one of 4, 5"),
    ],
)
def test_columns_that_cannot_be_used(column: str, message: str, tmp_path: Path) -> None:
    text = "Date,Close,City,a,a\n" + "".join(f"{day},1,Bonn,2,3\n" for day in DAYS)
    with pytest.raises(UnusableFileError) as caught:
        read(tmp_path, text, column)
    assert message in str(caught.value)


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_give_a_series_or_one_line(data: bytes, tmp_path: Path) -> None:
    check_any(tmp_path, data)


cell = st.sampled_from(
    ["1", "2.5", "3,5", "-", "", "NA", "x", "2020-01-01", "2020-01-02", "1/2/2020", "2020", "inf"]
) | st.text(alphabet='0123456789.,-/:e"# \t$', max_size=9)


@given(
    table=st.lists(st.lists(cell, min_size=1, max_size=4), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_table_gives_a_series_or_one_line(
    table: list[list[str]], delimiter: str, tmp_path: Path
) -> None:
    check_any(tmp_path, "\n".join(delimiter.join(row) for row in table).encode())


def check_any(folder: Path, data: bytes) -> None:
    message = ""
    try:
        series = read(folder, data)
    except UnusableFileError as error:
        message = str(error)
    assert "\n" not in message
    if message:
        return
    assert np.all(np.isfinite(series.values))
    assert len(series.values) == len(series.labels) > 0
    assert len(series.next_labels(3)) == 3
    assert series.moments is None or len(series.moments) == len(series.values)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnusableFileError, match="there is no such file"):
        read_series(tmp_path / "none.csv")
    with pytest.raises(UnusableFileError, match="is a directory, expected a file"):
        read_series(tmp_path)


def test_formats_and_steps_of_too_little() -> None:
    assert find_format(["2020-01-01"]) is None
    assert find_format(["one", "two"]) is None
    assert find_step([datetime(2020, 1, 1), datetime(2020, 1, 2)]) is None
