"""Text that fits the terminal: paragraphs, tables, and whether a progress bar can be drawn."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

LEAST_WIDTH = 80
_LONGEST_LINE = 100  # of paragraphs: longer lines are hard to read
_LONGEST_WORD = 24  # of table cells: longer words are broken if the table is too wide
_GAP = "  "  # between two columns

Cells = Sequence[str]


def width() -> int:
    """Returns the terminal's width in columns, at least 80; if stdout is no terminal, COLUMNS or
    80.
    """
    import shutil  # imported here: slow to import

    return max(LEAST_WIDTH, shutil.get_terminal_size((LEAST_WIDTH, 24)).columns)


def in_notebook() -> bool:
    """Whether this process is the kernel of a Jupyter notebook or console."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None) is not None


def shows_bars() -> bool:
    """Whether a progress bar can be drawn: in a notebook, or where stderr is a terminal."""
    return in_notebook() or _is_terminal(sys.stderr)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError):  # an object with only write(); a closed stream
        return False


def paragraph(text: str, *, indent: str = "", hanging: str = "  ") -> str:
    """Wraps the text; lines after the first begin with `hanging`. Words are never broken."""
    return textwrap.fill(
        text,
        min(width(), _LONGEST_LINE),
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(
    heads: Cells, rows: Sequence[Cells], *, right: Collection[int] = (), indent: str = ""
) -> str:
    """Formats heads and rows in columns, no wider than the terminal.

    If the table is too wide, the cells of its widest columns are wrapped. If it has too many
    columns for that, it is printed in parts, one below the other, each starting with the first
    column.

    Args:
        heads: column heads.
        rows: the cells, each row as long as `heads`.
        right: indices of right-aligned columns; their cells are not wrapped.
        indent: prefix of every line.
    """
    columns = [
        _Column(cells, index in right) for index, cells in enumerate(zip(heads, *rows, strict=True))
    ]
    available = width() - len(indent)
    parts = ["\n".join(_lines(part, available)) for part in _parts(columns, available)]
    return textwrap.indent("\n\n".join(parts), indent)


class _Column:
    """A column of a table: its cells, and the widths that it can have."""

    def __init__(self, cells: Cells, right: bool) -> None:
        self.cells = cells
        self.right = right
        self.lengths = [len(cell) for cell in cells]
        self.widest = max(1, *self.lengths)
        head, *rows = cells
        whole = rows if right else [w[:_LONGEST_WORD] for cell in rows for w in cell.split()]
        self.least = max(map(len, [*head.split(), *whole]), default=1)

    def wrapped(self, row: int, width: int) -> list[str]:
        """Returns the lines of a cell, each padded to the width."""
        lines = textwrap.wrap(self.cells[row], width, break_on_hyphens=False) or [""]
        return [line.rjust(width) if self.right else line.ljust(width) for line in lines]


def _parts(columns: Sequence[_Column], available: int) -> Iterator[list[_Column]]:
    """Yields the columns in as few groups as fit, each starting with the first column."""
    first, *others = columns
    part = [first]
    for column in others:
        if len(part) > 1 and _total([one.least for one in [*part, column]]) > available:
            yield part
            part = [first]
        part.append(column)
    yield part


def _lines(columns: Sequence[_Column], available: int) -> Iterator[str]:
    widths = _fitted(columns, available)
    for row in range(len(columns[0].cells)):
        cells = [column.wrapped(row, width) for column, width in zip(columns, widths, strict=True)]
        for line in zip_longest(*cells):
            texts = (text or " " * width for text, width in zip(line, widths, strict=True))
            yield _GAP.join(texts).rstrip()
        if row == 0:
            yield _GAP.join("-" * width for width in widths)


def _fitted(columns: Sequence[_Column], available: int) -> list[int]:
    """Returns the widths of the columns.

    They start at the width of the widest cell and shrink, one character at a time where it adds the
    fewest lines, until all columns fit.
    """
    widths = [column.widest for column in columns]
    while _total(widths) > available:
        narrower = [
            [*widths[:k], width - 1, *widths[k + 1 :]]
            for k, width in enumerate(widths)
            if width > columns[k].least
        ]
        if not narrower:
            break
        widths = min(narrower, key=lambda widths: (_height(columns, widths), max(widths)))
    return widths


def _height(columns: Sequence[_Column], widths: Sequence[int]) -> int:
    """Estimates the number of lines of all rows."""
    rows = zip(*(column.lengths for column in columns), strict=True)
    return sum(
        max(-(-length // width) for length, width in zip(row, widths, strict=True)) for row in rows
    )


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
