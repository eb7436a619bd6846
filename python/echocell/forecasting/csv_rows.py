"""Reads the bytes of a file into rows of text cells: encoding, delimiter, comments, date column.

csv_series.py extracts the series.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from echocell.forecasting.dates import DateFormat, find_format

# Ties are resolved in this order: a comma is often a decimal mark, the others rarely are.
_DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "vertical bar", ",": "comma"}
_COMMENT = re.compile(r"\s*(#|//|%(?!\d))")
_MISSING = {
    "", "-", "--", "?", ".", "..", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing",
}  # fmt: skip
# Spaces and apostrophes can also separate thousands.
_APART = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009'\u2019](?=\d{3}(?!\d))")
UNITS = "$€£¥%"
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_PLAIN = re.compile(r"-?\d{1,15}(\.\d{1,15})?")  # fast path for nearly all cells
_NUMBER = {
    ".": re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?"),
}


class UnusableFileError(ValueError):
    """Raised if no series can be read from a file; the message is one line that says why."""


@dataclass
class Row:
    """A row of a file.

    Attributes:
        line: the number of its last line in the file, from 1.
        cells: the cells, stripped.
        width: the number of cells in the file, before the row was padded.
    """

    line: int
    cells: list[str]
    width: int


@dataclass
class Table:
    """A file as rows of equal width.

    Attributes:
        rows: all rows except blank lines and comments, including titles and footers.
        comments: the comment lines as rows, without their mark.
        width: the number of columns.
        marks: per column, the decimal mark if it holds numbers, else "".
        dates: index and format of the date column, or None.
        notes: the decisions that were made, one sentence each.
    """

    rows: list[Row]
    comments: list[Row]
    width: int
    marks: list[str] = field(default_factory=list)
    dates: tuple[int, DateFormat] | None = None
    notes: list[str] = field(default_factory=list)


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing value: empty, NA, NaN, null, -, ? and the like."""
    return cell.strip().lower() in _MISSING


def to_number(cell: str, mark: str = ".") -> float | None:
    """Returns the number in a cell with this decimal mark; None if it is not a number.

    The other mark, spaces and apostrophes may separate thousands; a currency or percent sign is
    ignored. "inf" and numbers too large for a float give infinity.
    """
    if mark == "." and _PLAIN.fullmatch(cell):
        return float(cell)
    text = cell.strip().strip(UNITS).strip()
    if _INFINITE.fullmatch(text):
        return float(text)
    text = _APART.sub("", text)
    if not any(char.isdigit() for char in text) or not _NUMBER[mark].fullmatch(text):
        return None
    try:
        other = "," if mark == "." else "."
        return float(text.replace(other, "").replace(mark, "."))
    except ValueError:  # only an exponent
        return None


def read_table(path: str | Path) -> Table:
    """Reads a file of delimited text and detects the contents of its columns.

    Raises:
        UnusableFileError: the file is missing, a directory, unreadable, empty, binary, or has no
            column of numbers.
    """
    text, notes = _decode(_read(Path(path)), Path(path))
    try:
        delimiter, note = _find_delimiter(text)
        rows, comments = _split(text, delimiter)
    except csv.Error as error:
        raise UnusableFileError(f"{path}: cannot be split into cells: {error}") from None
    if not rows:
        raise UnusableFileError(f"{path}: has no rows, only blank lines and comments")
    width = _usual_width(rows)
    for row in rows:
        row.cells += [""] * (width - len(row.cells))
    table = Table(rows, comments, width, notes=notes + note)
    table.marks = [_decimal_mark(_column(rows, width, place), delimiter) for place in range(width)]
    table.dates = _find_dates(table)
    if not any(table.marks):
        raise UnusableFileError(f"{path}: has no column of numbers; {_first_cells(rows)}")
    return table


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnusableFileError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise UnusableFileError(f"{path}: is a directory, expected a file") from None
    except OSError as error:
        raise UnusableFileError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not data.strip():
        raise UnusableFileError(f"{path}: is empty")
    return data


def _decode(data: bytes, path: Path) -> tuple[str, list[str]]:
    encoding, notes = "utf-8-sig", []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        notes.append("encoding: UTF-16")
    elif data.startswith(b"PK\x03\x04"):
        raise UnusableFileError(f"{path}: is a zip or Excel file; save the sheet as CSV")
    elif b"\x00" in data:
        raise UnusableFileError(f"{path}: is a binary file, expected text")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # latin-1 decodes any byte; cp1252 has letters where latin-1 has control characters.
        text = data.decode("cp1252", errors="replace")
        notes.append("encoding: not UTF-8, read as Windows-1252")
    odd = sum((char < " " and char not in "\t\r\n\f") or char == "\ufffd" for char in text)
    if odd > 0.02 * len(text):
        raise UnusableFileError(f"{path}: is a binary file, expected text")
    if not text.strip("\ufeff \t\r\n\x1a\x00"):
        raise UnusableFileError(f"{path}: is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x1a", ""), notes


def _find_delimiter(text: str) -> tuple[str, list[str]]:
    """Returns the delimiter that splits most lines into the same number of cells, more than one."""
    shares = {}
    for delimiter in _DELIMITERS:
        rows, _ = _split(text, delimiter, limit=1000)
        width = _usual_width(rows) if rows else 1
        shares[delimiter] = sum(row.width == width for row in rows) / len(rows) if width > 1 else 0
    best = max(shares.values())
    if best < 0.5:
        return ",", []
    delimiter = next(mark for mark in _DELIMITERS if shares[mark] >= 0.9 * best)
    return delimiter, [f"delimiter: {_DELIMITERS[delimiter]}"]


def _split(text: str, delimiter: str, limit: int = 0) -> tuple[list[Row], list[Row]]:
    """Returns the rows and the comment rows, without blank rows."""
    rows: list[Row] = []
    comments: list[Row] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if not any(stripped):
            continue
        row = Row(reader.line_num, stripped, len(stripped))
        if _COMMENT.match(stripped[0]) and not is_missing(stripped[0]):
            stripped[0] = stripped[0].lstrip("#/% ")
            comments.append(row)
        else:
            rows.append(row)
        if limit and len(rows) >= limit:
            break
    return rows, comments


def _usual_width(rows: Sequence[Row]) -> int:
    return Counter(row.width for row in rows).most_common(1)[0][0]


def _column(rows: Sequence[Row], width: int, place: int) -> list[str]:
    """Returns the non-missing cells of a column, from rows of the usual width."""
    cells = [row.cells[place] for row in rows if row.width == width]
    return [cell for cell in cells if not is_missing(cell)]


def _decimal_mark(cells: Sequence[str], delimiter: str) -> str:
    """Returns the mark with which most cells are numbers, or "" if fewer than half of them are."""
    points = sum(to_number(cell, ".") is not None for cell in cells)
    commas = [cell for cell in cells if "," in cell]
    if points == len(cells) > 0 and not commas:
        return "."
    counts = {".": points, ",": sum(to_number(cell, ",") is not None for cell in cells)}
    if max(counts.values()) < max(1, math.ceil(len(cells) / 2)):
        return ""
    only_commas = commas and not any("." in cell for cell in cells)
    usual, other = (",", ".") if delimiter != "," and only_commas else (".", ",")
    return other if counts[other] > counts[usual] else usual


def _find_dates(table: Table) -> tuple[int, DateFormat] | None:
    """Returns the first column whose cells are dates."""
    for place in range(table.width):
        cells = _column(table.rows, table.width, place)
        if table.marks[place] and not _may_be_dates(table, cells, place):
            continue
        found = find_format(cells)
        if found is not None:
            table.marks[place] = ""
            return place, found
    return None


def _may_be_dates(table: Table, cells: Sequence[str], place: int) -> bool:
    """Whether a column of integers can be years, months or days, such as 1949, 194901, 19490101.

    It must be the first of several columns, of one length, and strictly ascending or descending.
    """
    numbers = [int(cell) for cell in cells if cell.isdecimal()]
    if place > 0 or sum(map(bool, table.marks)) < 2 or len(numbers) < 3:
        return False
    spans = [b - a for a, b in pairwise(numbers)]
    one_way = min(spans) > 0 or max(spans) < 0
    lengths = {len(str(number)) for number in numbers}
    if lengths == {4}:
        steady = Counter(map(abs, spans)).most_common(1)[0]
        return one_way and max(numbers) < 2200 and steady[1] >= 0.9 * len(spans)
    return one_way and lengths in ({6}, {8})


def _first_cells(rows: Sequence[Row]) -> str:
    shown = ", ".join(repr(cell[:20]) for cell in rows[0].cells[:3])
    return f"line {rows[0].line} holds {shown}"
