"""Independent pieces of a run in several processes, one per core."""

from __future__ import annotations

import gc
import multiprocessing
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

T = TypeVar("T")

# What the processes work on: they are forked with it, so that it need not be picklable.
_work: Callable[[Any], Any] | None = None


def available() -> bool:
    """Can this system fork a process?"""
    return "fork" in multiprocessing.get_all_start_methods()


def in_processes(
    work: Callable[[T], Any], items: Sequence[T], processes: int
) -> Iterator[tuple[T, Any]]:
    """(item, work(item)) of all items, in the order in which they are done.

    Arguments:
        work: called in a forked process, with what this one has at the moment; what it changes is
            lost there. The core runs on one thread in it.
        items: what can be pickled, as must the results.
        processes: at most so many at a time.

    Raises what work raises. What is not done by then, or when this process is interrupted, is given
    up.
    """
    global _work
    _work = work
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        min(processes, len(items)), mp_context=multiprocessing.get_context("fork")
    )
    try:
        with warnings.catch_warnings():
            # Newer Pythons warn of forks beside threads; those of the core wait for no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            futures: dict[Future[Any], T] = {pool.submit(_call, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        # shutdown() would wait for what is under way.
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
        # A model and its layers refer to each other: with all its memory it waits for the
        # collector, which counts objects, not bytes.
        gc.collect()
