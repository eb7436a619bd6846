"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Another name in the same folder, with the same ending, to write to. It takes the place of
    path when all is written; where writing fails, path is what it was.

    Raises OSError in the name of path: that of the draft would tell nobody anything.
    """
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, "expected the name of a file, received", str(path))
    draft = path.with_name(f".{os.getpid()}-{os.urandom(4).hex()}-{path.name}")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        if error.errno is None or str(error.filename) != str(draft):
            raise
        missing = "" if path.parent.is_dir() else f": there is no folder {str(path.parent)!r}"
        raise OSError(error.errno, f"{error.strerror}{missing}", str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is on the disk, as the disk says, when it takes its place."""
    with written_beside(path) as draft, open(draft, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
