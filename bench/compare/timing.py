"""Times several implementations of the same work in turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[int], object]  # does its work a number of times

LEAST_TURNS = 3


@dataclass(frozen=True)
class Race:
    """Times implementations in turn.

    Attributes:
        seconds: time for all libraries together, on one case.
        turn: minimum time of one turn; the threads of the previous library need some milliseconds
            to fall asleep.
    """

    seconds: float
    turn: float = 0.02
    clock: Callable[[], float] = time.perf_counter

    def __call__(self, works: Mapping[str, Work]) -> dict[str, float]:
        """Returns seconds per unit of work, the best turn of each. There are at least three
        turns.
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
        """Returns the count for the next turn, reduced if the turn was too long.

        Threads that wait for a busy processor can suddenly take a hundred times as long.
        """
        return count if elapsed < 3 * self.turn else max(1, int(count * self.turn / elapsed))

    def _time(self, work: Work, count: int) -> float:
        start = self.clock()
        work(count)
        return (self.clock() - start) / count

    def _count(self, work: Work) -> int:
        """Returns how often the work fits into a turn, after it has compiled and warmed up."""
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
    """Returns the work of calling `once` n times."""

    def work(count: int) -> None:
        for _ in range(count):
            once()

    return work
