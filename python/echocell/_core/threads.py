"""The number of threads that the core uses."""

from __future__ import annotations

import operator
from typing import Any

from echocell import _core

# The core counts with 32 bits.
_MOST = 2**31 - 1


def get_num_threads() -> int:
    """Returns the most threads that the core uses; at first as many as the process may.

    In a process that was forked it is 1: threads do not survive a fork.
    """
    return _core.get_num_threads()


def set_num_threads(count: Any) -> None:
    """Sets the most threads that the core uses, in this process, from the next call on.

    The results are the same to the bit for any number. Small batches stay on one thread.

    Args:
        count: an integer of at least 1; it may be more than the machine has processors.

    Raises:
        TypeError: it is no integer.
        ValueError: it is below 1, or too large to count to.
    """
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"set_num_threads: expected an integer, received {count!r}")
    number = operator.index(count)
    if not 1 <= number <= _MOST:
        raise ValueError(
            f"set_num_threads: expected an integer from 1 to {_MOST}, received {number}"
        )
    _core.set_num_threads(number)
