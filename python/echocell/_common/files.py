"""Files that are whole or not there.

A file is written under another name in its folder, a draft, which takes its place when all is
written. The writer holds a lock on its draft for as long as it lives: a draft without a lock was
left by a process that was killed, and the next file written in that folder removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# A draft's name does not grow with that of the file: it fits wherever the file's own name does.
_DRAFT = re.compile(r"\.echocell-[0-9a-f]{16}(\.\w{1,16})?")


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Another name in the same folder, with the same ending, to write to. It takes the place of
    path when all is written; where writing fails, path is what it was.

    A symbolic link stays one: the file that it leads to is replaced. A file that is replaced hands
    on its permissions, and its owner where that is allowed; a new one has those of the umask.

    Raises OSError with the name of path: that of the draft would mean nothing to a user.
    """
    if _DRAFT.fullmatch(path.name):  # of a writer within a writer, which takes care of it
        yield path
        return
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, "expected the name of a file, received", str(path))
    target = Path(os.path.realpath(path))
    try:
        replaced = _replaced(target)
        draft, lock = _locked_draft(target, replaced)
        try:
            yield draft
            if replaced is not None:
                _hand_on(replaced, lock)
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
            os.close(lock)
        _remove_abandoned(target.parent)
    except OSError as error:
        if error.errno is None or not _concerns(error.filename, target):
            raise
        missing = "" if path.parent.is_dir() else f": there is no folder {str(path.parent)!r}"
        raise OSError(error.errno, f"{error.strerror}{missing}", str(path)) from None


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is on the disk, as the disk says, when this returns."""
    with written_beside(path) as draft, open(draft, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(Path(os.path.realpath(path)).parent)


def _sync_folder(folder: Path) -> None:
    """Writes the names in a folder to the disk, where its file system knows how."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _concerns(name: Any, target: Path) -> bool:
    """Whether an error that names this file is one of writing the target, or names none."""
    if name is None or str(name) == str(target):
        return True
    return _DRAFT.fullmatch(os.path.basename(str(name))) is not None


# ---- what is replaced --------------------------------------------------------------------------


def _replaced(target: Path) -> os.stat_result | None:
    """Returns the status of the file that will be replaced; None where there is none.

    Raises OSError where something else than a file stands there.
    """
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "expected a file, received a device or a pipe", str(target))
    return found


def _hand_on(replaced: os.stat_result, draft: int) -> None:
    """Gives the draft the permissions and the owner of the file that it replaces."""
    new = os.fstat(draft)
    if new.st_gid != replaced.st_gid:
        with suppress(PermissionError):  # a group that the user is not in
            os.fchown(draft, -1, replaced.st_gid)
    if new.st_uid != replaced.st_uid:
        with suppress(PermissionError):  # only root gives files away
            os.fchown(draft, replaced.st_uid, -1)
    os.fchmod(draft, stat.S_IMODE(replaced.st_mode))


# ---- drafts ------------------------------------------------------------------------------------


def _locked_draft(target: Path, replaced: os.stat_result | None) -> tuple[Path, int]:
    """Returns an empty file beside the target, and the handle whose lock says that it is in use."""
    # The draft is as readable as the file that it replaces, and no more.
    mode = 0o666 if replaced is None else stat.S_IMODE(replaced.st_mode) & 0o666 | 0o600
    while True:
        draft = target.with_name(f".echocell-{os.urandom(8).hex()}{_ending(target)}")
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        # Until it is locked another process may take it for abandoned, and remove it.
        if _lock(handle) and draft.exists():
            return draft, handle
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the lock on this file could be taken."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks: nothing is taken for abandoned there
    return True


def _ending(target: Path) -> str:
    """The ending by which writers of pictures know the format; none where it is a long one."""
    return target.suffix if re.fullmatch(r"\.\w{1,16}", target.suffix, re.ASCII) else ""


def _remove_abandoned(folder: Path) -> None:
    """Removes drafts whose writer is gone; never fails."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _DRAFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_abandoned(entry.path)


def _remove_if_abandoned(draft: str) -> None:
    with suppress(OSError):  # locked by its writer, or not ours to open
        handle = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(draft)
        finally:
            os.close(handle)
