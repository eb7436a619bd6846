"""Tasks of later papers: forgetting, peepholes, formal languages, very long lags."""

from __future__ import annotations

from typing import Any

from echocell.experiments.later.adding_later import ADDING_LATER
from echocell.experiments.later.continual_reber import CONTINUAL_REBER
from echocell.experiments.later.copy_memory import COPY_MEMORY
from echocell.experiments.later.languages import LANGUAGES
from echocell.experiments.later.timing import TIMING
from echocell.experiments.run.experiment import Experiment

LATER: tuple[Experiment[Any], ...] = (
    ADDING_LATER,
    COPY_MEMORY,
    LANGUAGES,
    CONTINUAL_REBER,
    TIMING,
)
