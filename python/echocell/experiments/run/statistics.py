"""Mean, standard deviation and range of a figure over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Statistic:
    """Mean, sample standard deviation (n - 1; 0 for one run) and range over `count` runs."""

    count: int
    mean: float
    sd: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Statistic:
        """Returns the statistic of the values.

        Raises:
            ValueError: if there is no value.
        """
        if len(values) == 0:
            raise ValueError("Statistic.of: expected at least one value, received none")
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return cls(len(values), float(np.mean(values)), sd, float(min(values)), float(max(values)))

    def text(self, digits: int = 2) -> str:
        """Returns the mean as text, "99.50" for one run, "99.50 ± 0.90" for several."""
        mean = f"{self.mean:.{digits}f}"
        return mean if self.count == 1 else f"{mean} ± {self.sd:.{digits}f}"
