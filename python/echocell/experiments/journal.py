"""What is done of a long run, on disk, so that it can go on where it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echocell._files import written_beside

Result = dict[str, Any]


class JournalError(ValueError):
    """A journal that cannot be gone on with; the message says why and what to do."""


class Journal:
    """The finished pieces of a run, one JSON line each; without a path, in memory alone.

    The first line is `head`: what run it is. With resume=True the pieces of an earlier run with the
    same head are taken over; raises JournalError where the head is another. A last line that was
    cut off is dropped. Without resume an earlier journal is overwritten by the first piece.
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
        """A piece is done; it is on disk when this returns."""
        self._pieces[key] = result
        if self._path is None:
            return
        if not self._begun:
            self._begin(self._path)
        else:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line({"key": key, "result": result}))

    def remove(self) -> None:
        """The run is finished."""
        if self._path is not None and self._pieces:
            self._path.unlink(missing_ok=True)

    def _begin(self, path: Path) -> None:
        """Writes head and pieces anew, under another name first, so that nothing gets lost."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [_line({"key": key, "result": result}) for key, result in self._pieces.items()]
        with written_beside(path) as temporary:
            temporary.write_text(_line(self._head) + "".join(lines), encoding="utf-8")
        self._begun = True

    def _read(self, path: Path) -> dict[str, Result]:
        head, *lines = path.read_text(encoding="utf-8").split("\n")
        if _parsed(head) != self._head:
            raise JournalError(
                f"--resume: {path} belongs to another run: expected {json.dumps(self._head)}, "
                f"received {head}; run without --resume to start anew"
            )
        pieces = [piece for piece in map(_parsed, lines) if piece is not None]
        return {piece["key"]: piece["result"] for piece in pieces}


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
