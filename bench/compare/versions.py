"""Times two installed versions of echocell in turn, over all workloads of the comparison.

    python -m bench.compare.versions OLD NEW [--mean 1.00] [--most 1.05] [--threads 1,2]
        [--only TEXT] [--seconds 0.6] [--json FILE]

OLD and NEW are Python interpreters of two environments, each with one version installed. Every
version runs in its own process; the two take turns of some milliseconds on the same workload, so
that changes in the machine's speed affect both. Prints the ratio new / old of each workload from
the best turns, the geometric mean and the maximum, and whether they are within --mean and --most;
the exit status is 1 if they are not. ECHOCELL_ISA selects the instruction set of both.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TURN = 0.02  # length of one turn, in seconds
LEAST_TURNS = 7


class Version:
    """The process of one version."""

    def __init__(self, python: str, threads: int) -> None:
        self._python = python
        # Python finds the package of the worker in the working directory.
        command = [python, "-m", "bench.compare.worker", str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.names: list[str] = self._answer()

    def ask(self, **request: Any) -> float:
        """Returns the time of the request in seconds."""
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return float(self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self._python} ended")
        return json.loads(line)


@dataclass(frozen=True)
class Times:
    """The best seconds per unit of one workload in both versions."""

    workload: str
    threads: int
    old: float
    new: float

    @property
    def ratio(self) -> float:
        return self.new / self.old

    def __str__(self) -> str:
        return (
            f"{self.ratio:6.3f}  {1e6 * self.old:10.2f} -> {1e6 * self.new:10.2f} us  "
            f"{self.workload}, {self.threads} thread(s)"
        )


def race(versions: Sequence[Version], name: str, seconds: float) -> list[float]:
    """Returns the best seconds per unit of work of each version."""
    took = [version.ask(make=name) for version in versions]
    counts = [max(1, round(TURN / max(once, 1e-7))) for once in took]
    counts = [
        max(1, round(TURN * count / version.ask(run=count)))
        for version, count in zip(versions, counts, strict=True)
    ]
    best = [math.inf] * len(versions)
    turns = max(LEAST_TURNS, round(seconds / (TURN * len(versions))))
    for turn in range(turns):
        # The versions take turns in going first.
        order = range(len(versions)) if turn % 2 else reversed(range(len(versions)))
        for k in order:
            best[k] = min(best[k], versions[k].ask(run=counts[k]) / counts[k])
    return best


def compare(old: str, new: str, threads: int, only: str, seconds: float) -> Iterator[Times]:
    """Measures both versions on every workload that both have and whose name contains `only`."""
    versions = [Version(old, threads), Version(new, threads)]
    try:
        for name in versions[0].names:
            if only in name and name in versions[1].names:
                yield Times(name, threads, *race(versions, name, seconds))
    finally:
        for version in versions:
            version.close()


@dataclass(frozen=True)
class Gate:
    """Bounds of the ratios new / old: of their geometric mean, and of the maximum."""

    mean: float | None = None
    most: float | None = None

    def report(self, found: Sequence[Times]) -> tuple[str, bool]:
        """Returns the summary, and whether both bounds hold."""
        mean = statistics.geometric_mean(times.ratio for times in found)
        largest = max(found, key=lambda times: times.ratio)
        lines = [f"{len(found)} workloads, time new / old: geometric mean {mean:.3f}"]
        lines.append(f"largest {largest}")
        holds = True
        if self.mean is not None:
            holds = holds and mean <= self.mean
            lines.append(f"mean {mean:.3f} at most {self.mean:.2f}: {yes_or_no(mean <= self.mean)}")
        if self.most is not None:
            over = [times for times in found if times.ratio > self.most]
            holds = holds and not over
            lines.append(f"none above {self.most:.2f}: {yes_or_no(not over)}, {len(over)} are")
            lines += [f"  {times}" for times in over]
        if self != Gate():
            lines.append(f"The gate {'holds' if holds else 'does not hold'}.")
        return "\n".join(lines), holds


def yes_or_no(met: bool) -> str:
    return "yes" if met else "no"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", help="interpreter of the old version's environment")
    parser.add_argument("new", help="interpreter of the new version's environment")
    parser.add_argument("--mean", type=float, help="bound of the geometric mean of new / old")
    parser.add_argument("--most", type=float, help="bound of every ratio new / old")
    parser.add_argument("--only", default="", help="workloads whose name contains this text")
    parser.add_argument("--threads", default="1", help="1, 2 or 1,2 (default 1)")
    parser.add_argument("--seconds", type=float, default=0.6, help="for a workload (default 0.6)")
    parser.add_argument("--json", type=Path, help="file for the seconds of both versions")
    options = parser.parse_args()
    found: list[Times] = []
    for threads in options.threads.split(","):
        measured = compare(options.old, options.new, int(threads), options.only, options.seconds)
        for times in measured:
            print(times, flush=True)
            found.append(times)
    if not found:
        parser.error(f"no workload has a name that contains {options.only!r}")
    text, holds = Gate(options.mean, options.most).report(found)
    print(text)
    if options.json:
        listed = [vars(times) for times in found]
        options.json.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
