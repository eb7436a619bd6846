"""The number of threads of the core."""

from __future__ import annotations

import operator
from typing import Any

from echocell import _core

# The core stores the count in 32 bits.
_MOST = 2**31 - 1


def get_num_threads() -> int:
    """Returns the maximum number of threads; by default the number of processors available.

    It is 1 in a forked process, because threads do not survive a fork.
    """
    return _core.get_num_threads()


def set_num_threads(count: Any) -> None:
    """Sets the maximum number of threads for this process, from the next call on.

    Results are bitwise identical for any number of threads. Small batches use a single thread.

    Args:
        count: an integer >= 1; it may exceed the number of processors.

    Raises:
        TypeError: the count is not an integer.
        ValueError: the count is below 1 or above 2**31 - 1.
    """
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"set_num_threads: expected an integer, received {count!r}")
    number = operator.index(count)
    if not 1 <= number <= _MOST:
        raise ValueError(
            f"set_num_threads: expected an integer from 1 to {_MOST}, received {number}"
        )
    _core.set_num_threads(number)
