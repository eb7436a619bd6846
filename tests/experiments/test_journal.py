"""The journal of a long run: files that it rejects, and when a piece is on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from echocell.experiments.run.journal import Journal, JournalError
from support.full_disk import full_disk

GOOD = b'{"key": "b", "result": {}}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"key": "a", "result": {"n": "\xff"}}', "can't decode byte 0xff"),
        (b"5", "other JSON"),
        (b"null", "other JSON"),
        (b"", "Expecting value"),
        (b'["key", "result"]', "other JSON"),
        (b'{"key": "a"}', "other JSON"),
        (b'{"key": "a", "result": {}, "more": 1}', "other JSON"),
        (b'{"key": 5, "result": {}}', "expected a string as key"),
        (b'{"key": "a", "result": [1]}', "a dict as result"),
        (b'{"key": "a", "result": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"key": "a", "result": {"n": ' + b"9" * 5000 + b"}}", "integer string conversion"),
        (b'{"key": "a", "resu', "Unterminated string"),
    ],
)
def test_invalid_line_is_named_in_the_error(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "x.jsonl"
    text = b"\n".join([b'{"run": 1}', GOOD, line, GOOD.replace(b"b", b"c"), b""])
    path.write_bytes(text)
    with pytest.raises(JournalError, match=r"--resume: .*x\.jsonl, line 3: expected") as caught:
        Journal(path, {"run": 1}, resume=True)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 800
    assert path.read_bytes() == text


@pytest.mark.parametrize("head", [b"", b"\xff", b"[" * 100_000, b"null", b'{"run": 2}'])
def test_invalid_header_is_refused(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(head + b"\n" + GOOD + b"\n")
    with pytest.raises(JournalError, match="belongs to another run"):
        Journal(path, {"run": 1}, resume=True)


@pytest.mark.parametrize("end", [b"", b"{", b'{"key": "\xc3', b'{"key": "a", "result": {}'])
def test_incomplete_last_line_of_a_killed_run_is_dropped(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"run": 1}\n' + GOOD + b"\n" + end)
    resumed = Journal(path, {"run": 1}, resume=True)
    assert (resumed.get("a"), resumed.get("b")) == (None, {})


def test_put_writes_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    journal = Journal(tmp_path / "x.jsonl", {})
    journal.put("a", {})
    assert str(tmp_path) in synced  # the name of the new file, too
    synced.clear()
    journal.put("b", {})
    assert synced == [str(tmp_path / "x.jsonl")]


def test_failed_write_leaves_the_journal_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    journal = Journal(path, {})
    for key in "ab":
        journal.put(key, {})
    text = path.read_bytes()
    with full_disk(len(text) + 10), pytest.raises(OSError, match="too large") as caught:
        journal.put("c", {"n": 1})
    assert caught.value.filename == str(path)
    assert path.read_bytes() == text
    assert journal.get("c") is None
    journal.put("d", {"n": 2})
    assert Journal(path, {}, resume=True).get("d") == {"n": 2}
