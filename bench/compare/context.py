"""The settings that all rows of the comparison share."""

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
    """The settings of a comparison.

    Attributes:
        seconds: time for a case with two libraries.
        quick: whether to measure fewer cases.
        wheel: the wheel whose size is measured, or None.
    """

    seconds: float
    quick: bool
    threads: Sequence[int]
    cpu_time: bool = False
    wheel: Path | None = None

    def race(self, seconds: float | None = None, threads: int = 1) -> Race:
        """Returns the race for one case.

        On several threads wall time is measured, and turns are longer, because the threads of the
        previous library spin for some milliseconds.
        """
        time_of = time.process_time if self.cpu_time and threads == 1 else time.perf_counter
        turn = 0.02 if threads == 1 else 0.06
        return Race(self.seconds if seconds is None else seconds, turn, time_of)

    def some(self, cases: Sequence[T], every: int) -> Sequence[T]:
        """Returns all cases, or with `quick` every n-th."""
        return cases[::every] if self.quick else cases


def say(text: str) -> None:
    """Prints progress to standard error; standard output has only the tables."""
    print(text, file=sys.stderr, flush=True)
