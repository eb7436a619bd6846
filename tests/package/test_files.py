"""Atomic writing: permissions, links, names, drafts left by killed processes, full disks."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from echocell._common.files import atomic_draft, write_whole
from support.full_disk import full_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


# ---- permissions -------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0o600, 0o644, 0o664, 0o400, 0o755])
def test_a_file_that_is_replaced_hands_on_its_permissions(path: Path, bits: int) -> None:
    path.write_bytes(b"old")
    path.chmod(bits)
    write_whole(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", bits)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_the_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(path, b"new")
    finally:
        os.umask(before)
    assert mode(path) == 0o666 & ~mask


def test_a_draft_can_be_read_by_nobody_who_may_not_read_the_file(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o600)
    with atomic_draft(path) as draft:
        assert mode(draft) == 0o600
        draft.write_bytes(b"new")


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_file_that_is_replaced_hands_on_its_owner(path: Path) -> None:
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)
    path.chmod(0o640)
    write_whole(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 4321, 0o640)


# ---- links and names ---------------------------------------------------------------------------


def test_a_symbolic_link_is_followed(tmp_path: Path, path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    target = folder / "target"
    target.write_bytes(b"old")
    path.symlink_to(Path("folder") / "target")
    (tmp_path / "second").symlink_to(path)
    with atomic_draft(tmp_path / "second") as draft:
        assert draft.parent == folder
        draft.write_bytes(b"new")
    assert path.is_symlink()
    assert target.read_bytes() == b"new"
    assert os.listdir(folder) == ["target"]


def test_a_link_that_leads_nowhere_gets_its_file(tmp_path: Path, path: Path) -> None:
    path.symlink_to("target")
    write_whole(path, b"new")
    assert path.is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_links_in_a_circle(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(OSError, match="symbolic links") as caught:
        write_whole(path, b"new")
    assert caught.value.filename == str(path)
    assert path.is_symlink()


@pytest.mark.parametrize(
    "name", ["n" * 255, "\u00e9" * 127, "n" * 240 + ".safetensors", ".h" * 127]
)
def test_every_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    for data in (b"first", b"second"):
        write_whole(tmp_path / name, data)
        assert (tmp_path / name).read_bytes() == data
    assert os.listdir(tmp_path) == [name]


def test_a_name_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long") as caught:
        write_whole(tmp_path / ("n" * 256), b"new")
    assert caught.value.filename == str(tmp_path / ("n" * 256))


@pytest.mark.parametrize("ending", [".png", "", ".pdf"])
def test_a_draft_has_the_ending_of_the_file(tmp_path: Path, ending: str) -> None:
    with atomic_draft(tmp_path / f"picture{ending}") as draft:
        assert draft.suffix == ending


def test_what_is_no_file_is_not_replaced(tmp_path: Path, path: Path) -> None:
    os.mkfifo(path)
    for place in (path, tmp_path):
        with pytest.raises(OSError, match=r"a device or a pipe|directory") as caught:
            write_whole(place, b"new")
        assert caught.value.filename == str(place)
    assert os.listdir(tmp_path) == [path.name]


# ---- errors ------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    write_whole(path, b"old")
    with full_disk(1000), pytest.raises(OSError, match="too large") as caught:
        write_whole(path, bytes(2000))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(path: Path) -> None:
    write_whole(path, b"old")
    path.parent.chmod(0o500)
    try:
        with pytest.raises(PermissionError) as caught:
            write_whole(path, b"new")
    finally:
        path.parent.chmod(0o700)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"


def test_a_writer_within_a_writer(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o600)
    with atomic_draft(path) as draft:
        write_whole(draft, b"new")
        write_whole(path.with_name("other"), b"other")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert sorted(os.listdir(path.parent)) == [path.name, "other"]


def test_an_error_of_the_writer_leaves_no_draft(path: Path) -> None:
    for error in (RuntimeError("mine"), KeyboardInterrupt(), OSError("without a number")):

        def fail(failure: BaseException = error) -> None:
            with atomic_draft(path) as draft:
                draft.write_bytes(b"half")
                raise failure

        with pytest.raises(type(error)):
            fail()
        assert os.listdir(path.parent) == []


# ---- drafts of killed processes ----------------------------------------------------------------

WRITER = """
import sys, pathlib
from echocell._common.files import atomic_draft
with atomic_draft(pathlib.Path(sys.argv[1])) as draft:
    draft.write_bytes(b"half")
    print(draft.name, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_by_the_next_writer(path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    killed, alive = (writer.stdout.readline().strip() for writer in writers)
    others = [".echocell-notes", "x.echocell-0123456789abcdef", ".echocell-0123456789abcdef.a.b"]
    for name in others:
        (path.parent / name).write_bytes(b"mine")
    (path.parent / ".echocell-0123456789abcdef").mkdir()
    writers[0].send_signal(signal.SIGKILL)
    writers[0].communicate()
    assert killed in os.listdir(path.parent)
    write_whole(path, b"new")
    names = [path.name, alive, ".echocell-0123456789abcdef", *others]
    assert sorted(os.listdir(path.parent)) == sorted(names)
    writers[1].communicate()
    assert writers[1].returncode == 0
    assert path.read_bytes() == b"half"
    assert alive not in os.listdir(path.parent)
