"""Independent pieces of a run in several processes, one per core."""

from __future__ import annotations

import gc
import multiprocessing
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

T = TypeVar("T")

# The function that the processes call. They inherit it when they are forked, so that it need not
# be picklable.
_work: Callable[[Any], Any] | None = None


def available() -> bool:
    """Returns whether this system can fork processes."""
    return "fork" in multiprocessing.get_all_start_methods()


def in_processes(
    work: Callable[[T], Any], items: Sequence[T], processes: int
) -> Iterator[tuple[T, Any]]:
    """Yields (item, work(item)) for all items, in order of completion.

    An exception in `work` is raised here, and the remaining items are abandoned, as they are when
    this process is interrupted.

    Args:
        work: called in forked processes, which see the state of this process; changes of state are
            lost. The core runs on one thread there.
        items: picklable values, as the results have to be.
        processes: the maximum number of processes at a time.
    """
    global _work
    _work = work
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        min(processes, len(items)), mp_context=multiprocessing.get_context("fork")
    )
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later warn of forks in a process with threads; the threads of the core
            # hold no locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            futures: dict[Future[Any], T] = {pool.submit(_call, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        # shutdown() would wait for the running items.
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        _work = None


def _call(item: Any) -> Any:
    assert _work is not None
    try:
        return _work(item)
    finally:
        # Models may be part of reference cycles; the garbage collector counts objects, not the
        # bytes of their weights, and would run too late.
        gc.collect()
