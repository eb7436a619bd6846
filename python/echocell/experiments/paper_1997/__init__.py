"""The tasks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).

Every task has two recipes: ours, with a cell, optimizer, batch and initialization of this library,
the same for all seeds; and that of 1997 (`network`, `networks`). The tests use sequences that are
not trained on, and drawn again for every test; the paper tests on the last training sequences.
docs/1997.md describes the decisions behind tasks and recipes.
"""

from __future__ import annotations

from typing import Any

from echocell.experiments.paper_1997.adding import ADDING, ADDING_500, ADDING_1000, MULTIPLICATION
from echocell.experiments.paper_1997.long_lag import LONG_LAG_A, LONG_LAG_B
from echocell.experiments.paper_1997.reber import REBER
from echocell.experiments.paper_1997.temporal_order import TEMPORAL_ORDER, TEMPORAL_ORDER_3
from echocell.experiments.paper_1997.two_sequence import TWO_SEQUENCE
from echocell.experiments.paper_1997.very_long_lag import LONG_LAG_C
from echocell.experiments.run.experiment import Experiment

PAPER_1997: tuple[Experiment[Any], ...] = (
    REBER,
    LONG_LAG_A,
    LONG_LAG_B,
    LONG_LAG_C,
    *TWO_SEQUENCE,
    ADDING,
    ADDING_500,
    ADDING_1000,
    MULTIPLICATION,
    TEMPORAL_ORDER,
    TEMPORAL_ORDER_3,
)
