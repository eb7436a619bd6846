"""The experiments of the tutorials, compared with their published results."""

from __future__ import annotations

from typing import Any

from echocell.experiments.run.experiment import Experiment
from echocell.experiments.tutorials.airline import AIRLINE
from echocell.experiments.tutorials.alphabet import ALPHABET_LETTER, ALPHABET_STEPS, ALPHABET_WINDOW
from echocell.experiments.tutorials.echo import ECHO, ECHO_CURRENT
from echocell.experiments.tutorials.lag import ECHO_LAG_STATEFUL, ECHO_LAG_WINDOW
from echocell.experiments.tutorials.memory import MEMORY

TUTORIALS: tuple[Experiment[Any], ...] = (
    ECHO,
    ECHO_CURRENT,
    ECHO_LAG_STATEFUL,
    ECHO_LAG_WINDOW,
    MEMORY,
    ALPHABET_LETTER,
    ALPHABET_WINDOW,
    ALPHABET_STEPS,
    AIRLINE,
)
