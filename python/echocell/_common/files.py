"""Writes files atomically: a file is either complete or unchanged.

A file is written as a draft under a temporary name in the target's folder, and renamed when it is
complete. The writer holds a lock on its draft. A draft without a lock was left by a process that
was killed; the next write into that folder removes it.
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

# The draft's name has a fixed length, so that it is valid wherever the target's name is.
_DRAFT = re.compile(r"\.echocell-[0-9a-f]{16}(\.\w{1,16})?")


@contextmanager
def atomic_draft(path: Path) -> Iterator[Path]:
    """Context manager that yields a draft to write to, and replaces `path` by it at the end.

    The draft lies in the same folder and has the same suffix. If writing fails, `path` stays
    unchanged. A symbolic link stays a link: the file that it points to is replaced. A replaced file
    passes on its permissions, and its owner where the user may set it; a new file has the
    permissions of the umask.

    Raises:
        OSError: the file cannot be written; the error names `path`, not the draft.
    """
    if _DRAFT.fullmatch(path.name):  # nested: the outer call replaces the file
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
    """Writes a file and flushes it to the disk before returning."""
    with atomic_draft(path) as draft, open(draft, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(Path(os.path.realpath(path)).parent)


def _sync_folder(folder: Path) -> None:
    """Flushes the folder's directory entries to the disk, where the file system supports it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _concerns(name: Any, target: Path) -> bool:
    """Whether an error with this file name concerns the target or its draft, or names no file."""
    if name is None or str(name) == str(target):
        return True
    return _DRAFT.fullmatch(os.path.basename(str(name))) is not None


# ---- the replaced file -------------------------------------------------------------------------


def _replaced(target: Path) -> os.stat_result | None:
    """Returns the status of the file that will be replaced, or None if there is none.

    Raises:
        OSError: the target is not a regular file.
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
        with suppress(PermissionError):  # the user is not a member of the group
            os.fchown(draft, -1, replaced.st_gid)
    if new.st_uid != replaced.st_uid:
        with suppress(PermissionError):  # only root may change the owner
            os.fchown(draft, replaced.st_uid, -1)
    os.fchmod(draft, stat.S_IMODE(replaced.st_mode))


# ---- drafts ------------------------------------------------------------------------------------


def _locked_draft(target: Path, replaced: os.stat_result | None) -> tuple[Path, int]:
    """Returns an empty draft next to the target and its open handle, which holds the lock."""
    # The draft is readable by the same users as the file that it replaces.
    mode = 0o666 if replaced is None else stat.S_IMODE(replaced.st_mode) & 0o666 | 0o600
    while True:
        draft = target.with_name(f".echocell-{os.urandom(8).hex()}{_ending(target)}")
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        # Before it is locked, another process may consider the draft abandoned and remove it.
        if _lock(handle) and draft.exists():
            return draft, handle
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the lock on this file could be acquired."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # file systems without locks: no draft counts as abandoned there
    return True


def _ending(target: Path) -> str:
    """Returns the suffix by which plotting libraries choose the format; "" if it is a long one."""
    return target.suffix if re.fullmatch(r"\.\w{1,16}", target.suffix, re.ASCII) else ""


def _remove_abandoned(folder: Path) -> None:
    """Removes drafts whose writer has ended. Never raises."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _DRAFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_abandoned(entry.path)


def _remove_if_abandoned(draft: str) -> None:
    with suppress(OSError):  # locked by its writer, or without permission
        handle = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(draft)
        finally:
            os.close(handle)
