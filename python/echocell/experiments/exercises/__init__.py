"""The open exercises of the tutorials; each varies a setting and answers a question from its data.

The modules echo_*, lag_* and memory_* vary the tasks of the tutorials; gradient_flow, cells and
gates compare the cells themselves.
"""

from __future__ import annotations

from typing import Any

from echocell.experiments.exercises.cells import CELLS_EXPERIMENT
from echocell.experiments.exercises.echo_alphabet import ECHO_ALPHABET
from echocell.experiments.exercises.echo_batch import ECHO_BATCH
from echocell.experiments.exercises.echo_index import ECHO_INDEX
from echocell.experiments.exercises.echo_length import ECHO_LENGTH
from echocell.experiments.exercises.echo_sgd import ECHO_SGD
from echocell.experiments.exercises.gates import GATES
from echocell.experiments.exercises.gradient_flow import GRADIENT_FLOW
from echocell.experiments.exercises.lag_depth import LAG_DEPTH
from echocell.experiments.exercises.lag_masked import LAG_MASKED
from echocell.experiments.exercises.lag_sequence import LAG_SEQUENCE
from echocell.experiments.exercises.lag_state import LAG_STATE
from echocell.experiments.exercises.lag_whole import LAG_WHOLE
from echocell.experiments.exercises.memory_batch import MEMORY_BATCH
from echocell.experiments.exercises.memory_middles import MEMORY_ALPHABET, MEMORY_LENGTH
from echocell.experiments.exercises.memory_random import MEMORY_RANDOM
from echocell.experiments.exercises.memory_shuffle import MEMORY_SHUFFLE
from echocell.experiments.exercises.memory_units import MEMORY_UNITS
from echocell.experiments.run.experiment import Experiment

EXERCISES: tuple[Experiment[Any], ...] = (
    ECHO_LENGTH,
    ECHO_ALPHABET,
    ECHO_SGD,
    ECHO_BATCH,
    ECHO_INDEX,
    LAG_STATE,
    LAG_DEPTH,
    LAG_SEQUENCE,
    LAG_MASKED,
    LAG_WHOLE,
    MEMORY_LENGTH,
    MEMORY_ALPHABET,
    MEMORY_RANDOM,
    MEMORY_UNITS,
    MEMORY_BATCH,
    MEMORY_SHUFFLE,
    GRADIENT_FLOW,
    CELLS_EXPERIMENT,
    GATES,
)
