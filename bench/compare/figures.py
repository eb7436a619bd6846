"""Measurements, targets, and whether they were met."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

OURS = "echocell"


@dataclass
class Figure:
    """One case of one table, with every library.

    Attributes:
        amounts: by library, in the unit of the table; less is better.
        errors: by library, the relative error of its answer; more than `tolerance` is wrong.
        flops: multiplications and additions of the matrix products in one unit of work.
        read: bytes of recurrent weights that the time steps read in one unit of work.
        bulk: whether it is large enough to be compared with sgemm.
    """

    table: str
    case: str
    amounts: dict[str, float]
    errors: dict[str, float] = field(default_factory=dict)
    tolerance: float = math.inf
    threads: int = 1
    flops: float = 0.0
    read: float = 0.0
    bulk: bool = False
    note: str = ""

    def ratio(self, against: Sequence[str]) -> float | None:
        """Returns the best of `against` as a multiple of echocell's; None if one side is
        missing.
        """
        others = [self.amounts[name] for name in against if name in self.amounts]
        if not others or OURS not in self.amounts:
            return None
        return min(others) / self.amounts[OURS]

    def is_wrong(self, name: str) -> bool:
        """Whether a library's answer is wrong; NaN is wrong too."""
        return name in self.errors and not self.errors[name] <= self.tolerance

    @property
    def rate(self) -> float | None:
        """Echocell's rate in GF/s; amounts are seconds."""
        if not self.flops or OURS not in self.amounts:
            return None
        return self.flops / self.amounts[OURS] / 1e9


@dataclass(frozen=True)
class Verdict:
    """A line of the summary; `met` is None if there is no target."""

    work: str
    against: str
    result: str
    target: str
    met: bool | None


class Target(Protocol):
    """A target of a table."""

    def verdict(self, work: str, figures: Sequence[Figure]) -> Verdict | None:
        """Returns the verdict; None if the figures are not relevant to the target."""


@dataclass(frozen=True)
class Ratio:
    """A multiple of echocell's amounts: the geometric mean over all cases, and the minimum.

    Attributes:
        against: names of libraries, of which the best counts.
    """

    label: str
    against: tuple[str, ...]
    mean: float | None = None
    least: float | None = None

    def verdict(self, work: str, figures: Sequence[Figure]) -> Verdict | None:
        ratios = [r for figure in figures if (r := figure.ratio(self.against)) is not None]
        if not ratios:
            return None
        mean, least = statistics.geometric_mean(ratios), min(ratios)
        alone = len(ratios) == 1
        result = times(mean) if alone else f"mean {times(mean)}, least {times(least)}"
        targets, met = [], []
        for name, value, goal in (("mean", mean, self.mean), ("least", least, self.least)):
            if goal is not None:
                targets.append(f"≥ {goal:g}×" if alone else f"{name} ≥ {goal:g}×")
                met.append(value >= goal)
        target = ", ".join(targets) or "–"
        return Verdict(work, self.label, result, target, all(met) if met else None)


@dataclass(frozen=True)
class Rate:
    """A share of the machine's own sgemm rate, for all large cases on as many threads."""

    sgemm: dict[int, float]  # GF/s by threads
    least: float
    threads: int = 1

    def verdict(self, work: str, figures: Sequence[Figure]) -> Verdict | None:
        rates = [f.rate for f in figures if f.bulk and f.rate and f.threads == self.threads]
        if not rates or self.threads not in self.sgemm:
            return None
        shares = [rate / self.sgemm[self.threads] for rate in rates]
        return Verdict(
            f"{work}, H ≥ 128 and B ≥ 32",
            f"sgemm of the machine, {self.sgemm[self.threads]:.0f} GF/s",
            f"{min(shares):.0%} to {max(shares):.0%}",
            f"least ≥ {self.least:.0%}",
            min(shares) >= self.least,
        )


@dataclass(frozen=True)
class Limit:
    """An upper limit of an amount."""

    most: float
    unit: str

    def verdict(self, work: str, figures: Sequence[Figure]) -> Verdict | None:
        values = [figure.amounts[OURS] for figure in figures if OURS in figure.amounts]
        if not values:
            return None
        return Verdict(
            work,
            "–",
            f"{max(values):.3g} {self.unit}",
            f"≤ {self.most:g} {self.unit}",
            max(values) <= self.most,
        )


@dataclass(frozen=True)
class Table:
    """The figures of one kind. unit: "s", or another that is printed as it is."""

    name: str
    title: str
    legend: str  # the parts of a case's name
    targets: tuple[Target, ...] = ()
    unit: str = "s"

    def verdicts(self, figures: Sequence[Figure]) -> Iterator[Verdict]:
        """Yields verdicts separately per number of threads, so that waiting threads do not distort
        a mean.
        """
        counts = sorted({figure.threads for figure in figures})
        for count in counts:
            mine = [figure for figure in figures if figure.threads == count]
            threads = f", {count} thread{'s' * (count > 1)}" if len(counts) > 1 else ""
            for target in self.targets:
                verdict = target.verdict(self.title + threads, mine)
                if verdict is not None:
                    yield verdict


def times(ratio: float) -> str:
    """1.13×, 28.1×, 561×."""
    return f"{ratio:.0f}×" if ratio >= 100 else f"{ratio:.3g}×"
