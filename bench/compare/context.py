"""What a row of the comparison needs to know."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.compare.timing import Race

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """seconds: for a case with two libraries. quick: fewer cases. wheel: to be weighed."""

    seconds: float
    quick: bool
    threads: Sequence[int]
    cpu_time: bool = False
    wheel: Path | None = None

    def race(self, seconds: float | None = None, threads: int = 1) -> Race:
        """On several threads the wall alone tells the time, and the turns are longer: the threads
        of the library before spin for some milliseconds.
        """
        time_of = time.process_time if self.cpu_time and threads == 1 else time.perf_counter
        turn = 0.02 if threads == 1 else 0.06
        return Race(self.seconds if seconds is None else seconds, turn, time_of)

    def some(self, cases: Sequence[T], every: int) -> Sequence[T]:
        """All of them, or, if there is little time, every so many."""
        return cases[::every] if self.quick else cases


def say(text: str) -> None:
    """Progress; the tables alone go to the standard output."""
    print(text, file=sys.stderr, flush=True)
