"""The finished pieces of a long run, on disk, so that an interrupted run can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from echocell._common.files import write_whole

Result = dict[str, Any]


class JournalError(ValueError):
    """A journal that cannot be resumed; the message states the reason and the remedy."""


class Journal:
    """The finished pieces of a run, one line of JSON each.

    The first line of the file is the head, which identifies the run. A last line that was cut off
    is dropped. Without `resume`, the first piece overwrites an existing file.

    Args:
        path: the file; None keeps the pieces in memory only.
        head: identifies the run: experiment, settings, version.
        resume: read the pieces of an earlier run with the same head.

    Raises:
        JournalError: with `resume`, if the head differs or a line is not a piece; the message
            names the file and the line.
    """

    def __init__(self, path: Path | None, head: Mapping[str, Any], *, resume: bool = False) -> None:
        self._path = path
        self._head = json.loads(json.dumps(head))  # in the form in which it is read back
        self._pieces: dict[str, Result] = {}
        self._begun = False
        if resume and path is not None and path.exists():
            self._pieces = self._read(path)

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, key: str) -> Result | None:
        """Returns the result of a piece, or None if it is not finished."""
        return self._pieces.get(key)

    def put(self, key: str, result: Result) -> None:
        """Adds the result of a finished piece, which is on disk when this returns.

        Raises:
            OSError: if the piece cannot be written; the file is unchanged then.
        """
        if self._path is not None:
            if self._begun:
                _append(self._path, _line({"key": key, "result": result}))
            else:
                self._begin(self._path, {**self._pieces, key: result})
        self._pieces[key] = result

    def remove(self) -> None:
        """Deletes the file, after the end of the run."""
        if self._path is not None and self._pieces:
            self._path.unlink(missing_ok=True)

    def _begin(self, path: Path, pieces: Mapping[str, Result]) -> None:
        """Writes head and pieces to a temporary file that then replaces the old one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [_line({"key": key, "result": result}) for key, result in pieces.items()]
        write_whole(path, _line(self._head) + b"".join(lines))
        self._begun = True

    def _read(self, path: Path) -> dict[str, Result]:
        head, *lines = path.read_bytes().split(b"\n")
        try:
            received = _parsed(head)
        except ValueError:
            received = None
        if received != self._head:
            raise JournalError(
                f"--resume: {path} belongs to another run: expected {json.dumps(self._head)}, "
                f"received {_excerpt(head)}; run without --resume to start again"
            )
        pieces = {}
        for number, line in enumerate(lines, start=2):
            try:
                key, result = _piece(line)
            except ValueError as error:
                if number == len(lines) + 1:  # after the last line break: empty, or cut off
                    break
                raise JournalError(
                    f"--resume: {path}, line {number}: expected a finished piece, "
                    f'{{"key": ..., "result": ...}}, received {_excerpt(line)} ({error}); run '
                    "without --resume to start again"
                ) from None
            pieces[key] = result
        return pieces


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()


def _append(path: Path, line: bytes) -> None:
    """Appends a line and waits until it is on disk; on an error the file is unchanged."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                file.truncate(before)
            raise OSError(error.errno, error.strerror, str(path)) from None


def _piece(line: bytes) -> tuple[str, Result]:
    """Returns key and result; raises ValueError if the line is not a piece."""
    value = _parsed(line)
    if not isinstance(value, dict) or value.keys() != {"key", "result"}:
        raise ValueError("other JSON")
    if not isinstance(value["key"], str) or not isinstance(value["result"], dict):
        raise ValueError("expected a string as key and a dict as result")
    return value["key"], value["result"]


def _parsed(line: bytes) -> Any:
    """Returns the value of a line; raises ValueError if it is not JSON in UTF-8."""
    try:
        return json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    return text if len(text) <= 200 else f"{text[:200]}..."
