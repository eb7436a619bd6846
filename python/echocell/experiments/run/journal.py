"""What is done of a long run, on disk, so that it can go on where it was interrupted."""

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
    """A journal that cannot be gone on with; the message says why and what to do."""


class Journal:
    """The finished pieces of a run, one JSON line each; without a path, in memory alone.

    The first line is `head`: what run it is. With resume=True the pieces of an earlier run with the
    same head are taken over; raises JournalError, which names the file and the line, where the head
    is another or a line is no piece. A last line that was cut off is dropped. Without resume an
    earlier journal is overwritten by the first piece.
    """

    def __init__(self, path: Path | None, head: Mapping[str, Any], *, resume: bool = False) -> None:
        self._path = path
        self._head = json.loads(json.dumps(head))  # as it will be read again
        self._pieces: dict[str, Result] = {}
        self._begun = False
        if resume and path is not None and path.exists():
            self._pieces = self._read(path)

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, key: str) -> Result | None:
        """The result of a piece, or None where it is not done."""
        return self._pieces.get(key)

    def put(self, key: str, result: Result) -> None:
        """A piece is done; it is on disk when this returns.

        Raises OSError where it cannot be written; the file is as before then.
        """
        if self._path is not None:
            if self._begun:
                _append(self._path, _line({"key": key, "result": result}))
            else:
                self._begin(self._path, {**self._pieces, key: result})
        self._pieces[key] = result

    def remove(self) -> None:
        """The run is finished."""
        if self._path is not None and self._pieces:
            self._path.unlink(missing_ok=True)

    def _begin(self, path: Path, pieces: Mapping[str, Result]) -> None:
        """Writes head and pieces anew, under another name first, so that nothing gets lost."""
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
                f"received {_excerpt(head)}; run without --resume to start anew"
            )
        pieces = {}
        for number, line in enumerate(lines, start=2):
            try:
                key, result = _piece(line)
            except ValueError as error:
                if number == len(lines) + 1:  # behind the last line break: nothing, or a part
                    break
                raise JournalError(
                    f"--resume: {path}, line {number}: expected a finished piece, "
                    f'{{"key": ..., "result": ...}}, received {_excerpt(line)} ({error}); run '
                    "without --resume to start anew"
                ) from None
            pieces[key] = result
        return pieces


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()


def _append(path: Path, line: bytes) -> None:
    """Adds a line that is on the disk when this returns, or nothing."""
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
    """Key and result; ValueError says why it is no piece."""
    value = _parsed(line)
    if not isinstance(value, dict) or value.keys() != {"key", "result"}:
        raise ValueError("other JSON")
    if not isinstance(value["key"], str) or not isinstance(value["result"], dict):
        raise ValueError("expected a string as key and a dict as result")
    return value["key"], value["result"]


def _parsed(line: bytes) -> Any:
    """What the line says; ValueError where it is no JSON in UTF-8."""
    try:
        return json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    return text if len(text) <= 200 else f"{text[:200]}..."
