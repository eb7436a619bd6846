"""Who is faster: several ways of doing the same work, timed in turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[int], object]  # does its work so many times and returns when it is done

LEAST_TURNS = 3


@dataclass(frozen=True)
class Race:
    """seconds: for all libraries together, on one case. turn: the least time of one turn; the
    threads of the library before need some milliseconds to fall asleep.
    """

    seconds: float
    turn: float = 0.02
    clock: Callable[[], float] = time.perf_counter

    def __call__(self, works: Mapping[str, Work]) -> dict[str, float]:
        """Seconds per unit of work, the best turn of each. They take turns until time is up, but
        at least three times.
        """
        counts = {name: self._count(work) for name, work in works.items()}
        best = dict.fromkeys(works, math.inf)
        end = time.perf_counter() + self.seconds
        turns = 0
        while turns < LEAST_TURNS or time.perf_counter() < end:
            for name, work in works.items():
                start = time.perf_counter()
                best[name] = min(best[name], self._time(work, counts[name]))
                counts[name] = self._shorter(counts[name], time.perf_counter() - start)
            turns += 1
        return best

    def _shorter(self, count: int, elapsed: float) -> int:
        """The next turn's count. Threads that wait for a busy processor can take a hundred times as
        long as they did a moment ago.
        """
        return count if elapsed < 3 * self.turn else max(1, int(count * self.turn / elapsed))

    def _time(self, work: Work, count: int) -> float:
        start = self.clock()
        work(count)
        return (self.clock() - start) / count

    def _count(self, work: Work) -> int:
        """How often the work fits into a turn. Whatever compiles or warms up has done so then."""
        work(1)
        count = 1
        while True:
            start = time.perf_counter()
            work(count)
            elapsed = time.perf_counter() - start
            if elapsed >= self.turn / 4:
                return max(1, round(self.turn / elapsed * count))
            count *= 4


def repeat(once: Callable[[], object]) -> Work:
    """The work of doing `once` n times."""

    def work(count: int) -> None:
        for _ in range(count):
            once()

    return work
