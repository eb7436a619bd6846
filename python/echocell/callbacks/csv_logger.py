"""Writes the logs of the epochs to a CSV file."""

from __future__ import annotations

import os
from typing import IO, Any

import numpy as np

from echocell.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes one line per epoch: the epoch from 0, and the logs in alphabetical order.

    Args:
        filename: path of the CSV file.
        separator: separator of the columns. Default ",".
        append: whether to append to an existing file. Default False: it is overwritten.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._needs_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the file.

        Args:
            logs: not used.

        Raises:
            OSError: the file cannot be opened.
        """
        self._close()
        self._needs_header = not (
            self.append and os.path.exists(self.filename) and os.path.getsize(self.filename)
        )
        mode = "a" if self.append else "w"
        self._file = open(self.filename, mode, newline="", encoding="utf-8")  # noqa: SIM115
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the line of an epoch, after the header if it is the first line.

        Args:
            epoch: the number of the epoch, from 0.
            logs: the numbers of the epoch by name. The first epoch determines the columns; a number
                that is missing later is written as NA.

        Raises:
            ValueError: training has not begun.
        """
        if self._file is None:
            raise ValueError("CSVLogger: on_epoch_end came before on_train_begin")
        values = {key: _csv_value(value) for key, value in (logs or {}).items()}
        if self._writer is None:
            self._start(sorted(values))
        self._writer.writerow({"epoch": epoch, **values})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the file."""
        self._close()

    def _start(self, keys: list[str]) -> None:
        import csv  # imported here: rarely needed

        # Validation may start after the first epoch: its columns exist from the start.
        if not any(key.startswith("val_") for key in keys):
            keys += [f"val_{key}" for key in keys]
        self._writer = csv.DictWriter(
            self._file,  # type: ignore[arg-type]
            ["epoch", *keys],
            restval="NA",
            extrasaction="ignore",
            delimiter=self.sep,
        )
        if self._needs_header:
            self._writer.writeheader()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _csv_value(value: Any) -> Any:
    """Returns a number as it is, several numbers in brackets."""
    several = np.asarray(value)
    return f'"[{", ".join(map(str, several))}]"' if several.ndim else value
