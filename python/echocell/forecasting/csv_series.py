"""Reads a series from a CSV file, with a sentence for every decision made on the way.

Legend: N values in the series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from echocell._common.suggest import suggest
from echocell.forecasting.csv_rows import (
    UNITS,
    Row,
    Table,
    UnusableFileError,
    is_missing,
    read_table,
    to_number,
)
from echocell.forecasting.dates import DateFormat, Step, find_step, places_of
from echocell.tasks.series import Series

# Squares of errors must remain finite.
_LARGEST = 1e150
# Maximum share of cells in a column of numbers that are neither numbers nor missing.
_MOST_BAD = 0.1


@dataclass(frozen=True)
class CsvSeries:
    """A series read from a file.

    Attributes:
        column: the name of the column.
        values: [N], finite.
        labels: N dates as written in the file, or the numbers 1 to N.
        moments: the N dates; None if there are none.
        date_format: the format of the dates; None if there are none.
        step: the regular distance between the dates; None if there is none.
        notes: the decisions made while reading, in order.
    """

    column: str
    values: Series
    labels: tuple[str, ...]
    moments: tuple[datetime, ...] | None
    date_format: DateFormat | None
    step: Step | None
    notes: tuple[str, ...]

    def next_moments(self, count: int) -> list[datetime]:
        """Returns the dates of the next `count` values; none if the dates have no step."""
        if self.step is None or self.moments is None:
            return []
        day = max(moment.day for moment in self.moments)
        try:
            return [self.step.after(self.moments[-1], ahead + 1, day) for ahead in range(count)]
        except (ValueError, OverflowError):  # after the year 9999
            return []

    def next_labels(self, count: int) -> list[str]:
        """Returns the labels of the next `count` values.

        They are dates in the format of the file if the dates have a step, else numbers from N + 1.
        """
        moments = self.next_moments(count)
        if moments and self.date_format is not None:
            return [self.date_format.write(moment) for moment in moments]
        return [str(len(self.values) + ahead + 1) for ahead in range(count)]


@dataclass
class _Point:
    """A row of the series while it is read; line 0 is a row that was missing in the file."""

    line: int
    value: float
    label: str
    moment: datetime | None


def read_series(path: str | Path, column: str | None = None) -> CsvSeries:
    """Reads one column of numbers, with its dates if there is a column of dates.

    Delimiter, decimal mark, encoding, header, date column, title and footer lines are detected.
    Missing values are interpolated linearly, and left out at the ends. Rows are sorted by date; a
    few missing rows of an otherwise regular step are interpolated too.

    Args:
        path: the file.
        column: a name from the header, or a column's number from 1. Default: the last column of
            numbers.

    Returns:
        The series.

    Raises:
        UnusableFileError: no series can be read; the message is one line.
    """
    table = read_table(path)
    try:
        return _read_series(table, column)
    except UnusableFileError as error:
        raise UnusableFileError(f"{path}: {error}") from None


def _read_series(table: Table, column: str | None) -> CsvSeries:
    notes = table.notes
    first, last = _body(table)
    header = _find_header(table, first)
    names = _names(table, header, notes)
    _note_outside(table, first, last, header, notes)
    place = _choose(table, names, column, notes)
    points = _points(table, place, first, last, header, names[place], notes)
    points = _drop_ends(points, notes)
    points, step = _in_order(points, table, notes)
    values = _fill(points, names[place], notes)
    dated = table.dates is not None and all(point.moment is not None for point in points)
    return CsvSeries(
        column=names[place],
        values=values,
        labels=tuple(point.label or str(n) for n, point in enumerate(points, 1)),
        moments=tuple(point.moment for point in points if point.moment) if dated else None,
        date_format=table.dates[1] if table.dates and dated else None,
        step=step,
        notes=tuple(notes),
    )


# -- rows: the data, and what precedes and follows them


def _body(table: Table) -> tuple[int, int]:
    """Returns the indices of the first and the last row of the data."""
    places = range(len(table.rows))
    first = next((place for place in places if _is_data(table, table.rows[place])), None)
    if first is None:
        raise UnusableFileError("has no rows of numbers")
    return first, next(place for place in reversed(places) if _is_data(table, table.rows[place]))


def _is_data(table: Table, row: Row) -> bool:
    """Whether a row can be the first or last of the data.

    A row with text among the numbers is a header or a footer, unless it has a date.
    """
    cells = [(row.cells[place], mark) for place, mark in enumerate(table.marks) if mark]
    numbers = sum(to_number(cell, mark) is not None for cell, mark in cells)
    missing = sum(is_missing(cell) for cell, _ in cells)
    if table.dates is not None:
        place, date_format = table.dates
        return date_format.read(row.cells[place]) is not None and numbers + missing > 0
    return numbers + missing == len(cells) and (numbers > 0 or row.width == table.width)


def _find_header(table: Table, first: int) -> Row | None:
    """Returns the fullest row before the data, the last of several; else a comment with as many
    cells.
    """
    rows = [row for row in table.rows[:first] if row.width <= table.width]
    fill = [sum(bool(cell) for cell in row.cells) for row in rows]
    for row, filled in zip(reversed(rows), reversed(fill), strict=True):
        if filled == max(fill) and (filled > 1 or row.width == table.width):
            return row
    line = table.rows[first].line
    comments = [row for row in table.comments if row.line < line and row.width == table.width]
    return comments[-1] if comments else None


def _names(table: Table, header: Row | None, notes: list[str]) -> list[str]:
    if header is None:
        notes.append("header: none; columns are called by their numbers")
        return [f"column {place}" for place in range(1, table.width + 1)]
    cells = [" ".join(cell.split()) for cell in header.cells[: table.width]]
    names = [cell or f"column {place}" for place, cell in enumerate(cells, 1)]
    notes.append(f"header: line {header.line}: {', '.join(names)}")
    return names


def _note_outside(
    table: Table, first: int, last: int, header: Row | None, notes: list[str]
) -> None:
    titles = [row for row in table.rows[:first] if row is not header]
    comments = [row for row in table.comments if row is not header]
    footers = table.rows[last + 1 :]
    for what, rows in (("before the data", titles), ("footer", footers), ("comments", comments)):
        if rows:
            text = " ".join(cell for cell in rows[0].cells if cell)[:40]
            notes.append(f"{what}: {_lines([row.line for row in rows])} left out: {text!r}")


# -- columns


def _choose(table: Table, names: list[str], column: str | None, notes: list[str]) -> int:
    numeric = [place for place, mark in enumerate(table.marks) if mark]
    if table.dates is not None:
        place, date_format = table.dates
        notes.append(f"dates: {names[place]!r}, as {date_format.pattern}")
        if date_format.ambiguous:
            notes[-1] += f" (could also be {date_format.ambiguous})"
    else:
        notes.append("dates: none; values are numbered")
    if column is not None:
        asked = _by_name(names, numeric, column)
        notes.append(f"column: {names[asked]!r}, as asked")
        return asked
    chosen = numeric[-1]
    if len(numeric) > 1:
        listed = ", ".join(names[place] for place in numeric)
        notes.append(
            f"column: {names[chosen]!r}, the last of {len(numeric)} with numbers ({listed}); "
            "--column NAME takes another"
        )
    else:
        notes.append(f"column: {names[chosen]!r}, the only one with numbers")
    return chosen


def _by_name(names: list[str], numeric: list[int], column: str) -> int:
    """Returns the index of the column with this name (then ignoring case), or with this number
    from 1.
    """
    found = [place for place, name in enumerate(names) if name == column]
    found = found or [
        place for place, name in enumerate(names) if name.lower() == column.strip().lower()
    ]
    if not found and column.isdecimal() and 1 <= int(column) <= len(names):
        found = [int(column) - 1]
    if not found:
        hint = suggest(column, names) or f" Expected one of: {', '.join(names)}."
        raise UnusableFileError(f"has no column {column!r}.{hint}")
    if len(found) > 1:
        places = ", ".join(str(place + 1) for place in found)
        raise UnusableFileError(f"has several columns {column!r}: give a number, one of {places}")
    if found[0] not in numeric:
        raise UnusableFileError(f"column {names[found[0]]!r} holds no numbers to forecast")
    return found[0]


# -- values


def _points(
    table: Table,
    place: int,
    first: int,
    last: int,
    header: Row | None,
    name: str,
    notes: list[str],
) -> list[_Point]:
    mark = table.marks[place]
    points: list[_Point] = []
    bad: list[Row] = []
    again: list[int] = []
    rows = table.rows[first : last + 1]
    for row in rows:
        if header is not None and row.cells == header.cells:
            again.append(row.line)
            continue
        cell = row.cells[place]
        value = to_number(cell, mark)
        if value is None and not is_missing(cell):
            bad.append(row)
        if value is not None and not abs(value) < _LARGEST:
            raise UnusableFileError(f"line {row.line}, column {name!r}: {cell!r} is not finite")
        label, moment = _date(table, row)
        points.append(_Point(row.line, math.nan if value is None else value, label, moment))
    _note_cells(rows, place, mark, notes)
    if again:
        notes.append(f"header again: {_lines(again)} left out")
    if bad:
        example = f"{bad[0].cells[place][:20]!r} on line {bad[0].line}"
        if len(bad) > _MOST_BAD * len(points):
            raise UnusableFileError(
                f"column {name!r}: {len(bad)} of {len(points)} cells are not numbers: {example}"
            )
        lines = _lines([row.line for row in bad])
        notes.append(f"not numbers: {lines}, taken as missing: {example}")
    return points


def _note_cells(rows: Sequence[Row], place: int, mark: str, notes: list[str]) -> None:
    cells = [row.cells[place] for row in rows]
    if mark == ",":
        notes.append("decimal mark: comma")
    signs = sorted({sign for cell in cells for sign in UNITS if sign in cell})
    if signs:
        notes.append(f"signs left away: {' '.join(signs)}")


def _date(table: Table, row: Row) -> tuple[str, datetime | None]:
    if table.dates is None:
        return "", None
    place, date_format = table.dates
    return row.cells[place], date_format.read(row.cells[place])


def _drop_ends(points: list[_Point], notes: list[str]) -> list[_Point]:
    known = [place for place, point in enumerate(points) if not math.isnan(point.value)]
    if not known:
        raise UnusableFileError("has no numbers in that column")
    first, last = known[0], known[-1] + 1
    dropped = points[:first] + points[last:]
    if dropped:
        lines = _lines([point.line for point in dropped])
        notes.append(f"missing at the ends: {lines} left out")
    return points[first:last]


def _in_order(
    points: list[_Point], table: Table, notes: list[str]
) -> tuple[list[_Point], Step | None]:
    """Returns the points sorted by date, with missing rows of a regular step inserted."""
    if table.dates is None:
        return points, None
    undated = [point.line for point in points if point.moment is None]
    if undated:
        notes.append(f"step: not known: {_lines(undated)} without a date")
        return points, None
    moments = [point.moment for point in points if point.moment is not None]
    if moments != sorted(moments):
        newest_first = moments == sorted(moments, reverse=True)
        notes.append("order: newest first, reversed" if newest_first else "order: by date")
        # A stable sort of the reversed list keeps rows with equal dates in the order of time.
        turned = points[::-1] if newest_first else points
        points = sorted(turned, key=lambda point: point.moment or datetime.min)
        moments = sorted(moments)
    step = find_step(moments)
    if step is None:
        notes.append("step: not regular; values are taken as equally spaced")
        return points, None
    notes.append(f"step: {step.name}")
    return _with_gaps(points, moments, step, table.dates[1], notes), step


def _with_gaps(
    points: list[_Point],
    moments: list[datetime],
    step: Step,
    date_format: DateFormat,
    notes: list[str],
) -> list[_Point]:
    at = dict(zip(places_of(moments, step), points, strict=True))
    count = max(at) + 1
    if count == len(points):
        return points
    day = max(moment.day for moment in moments)
    filled = []
    for place in range(count):
        moment = step.after(moments[0], place, day)
        filled.append(at.get(place) or _Point(0, math.nan, date_format.write(moment), moment))
    absent = [point.label for point in filled if point.line == 0]
    notes.append(f"rows missing: {_list(absent)}, inserted")
    return filled


def _fill(points: list[_Point], name: str, notes: list[str]) -> Series:
    values = np.array([point.value for point in points])
    missing = np.isnan(values)
    if missing.any():
        lines = [point.line for point in points if math.isnan(point.value) and point.line]
        where = _lines(lines) if lines else "the inserted rows"
        places = np.arange(values.size)
        values[missing] = np.interp(places[missing], places[~missing], values[~missing])
        notes.append(f"missing values: {int(missing.sum())} interpolated: {where}")
    if np.ptp(values) == 0.0:
        notes.append(f"{name!r} is constant: the model can only learn that value")
    return values


def _lines(lines: Sequence[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {_list([str(line) for line in lines])}"


def _list(texts: Sequence[str], most: int = 10) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
