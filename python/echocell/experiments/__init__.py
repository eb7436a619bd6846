"""The experiments: small sequence problems with published figures, run by name.

    from echocell import experiments
    report = experiments.run_experiment(experiments.find("echo"), seed=7)

From the command line: `echocell list` and `echocell run NAME... | all`.
"""

from __future__ import annotations

from typing import Any

from echocell.experiments.exercises.cells import CELLS_EXPERIMENT
from echocell.experiments.exercises.echo_sweeps import ECHO_EXERCISES
from echocell.experiments.exercises.gates import GATES
from echocell.experiments.exercises.gradient_flow import GRADIENT_FLOW
from echocell.experiments.exercises.lag_padding import PADDING_EXERCISES
from echocell.experiments.exercises.lag_sweeps import LAG_EXERCISES
from echocell.experiments.exercises.memory_sweeps import MEMORY_SWEEPS
from echocell.experiments.exercises.memory_trials import MEMORY_TRIALS
from echocell.experiments.later.continual_reber import CONTINUAL_REBER
from echocell.experiments.later.languages import LANGUAGES
from echocell.experiments.later.later_benchmarks import LATER_BENCHMARKS
from echocell.experiments.later.timing import TIMING
from echocell.experiments.paper_1997.long_lag import LAGS_1997
from echocell.experiments.paper_1997.tasks import AT_END_1997, REBER
from echocell.experiments.paper_1997.two_sequence import SIGNALS_1997
from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.report import Report, run_experiment
from echocell.experiments.run.settings import UnknownNameError
from echocell.experiments.tutorials.airline import AIRLINE
from echocell.experiments.tutorials.alphabet import ALPHABET_LETTER, ALPHABET_STEPS, ALPHABET_WINDOW
from echocell.experiments.tutorials.echo import ECHO, ECHO_CURRENT
from echocell.experiments.tutorials.lag import ECHO_LAG_STATEFUL, ECHO_LAG_WINDOW
from echocell.experiments.tutorials.memory import MEMORY

__all__ = [
    "EXPERIMENTS",
    "GROUPS",
    "Experiment",
    "Outcome",
    "Published",
    "Report",
    "Run",
    "UnknownNameError",
    "find",
    "groups",
    "run_experiment",
]

# In the order in which `run all` runs them.
EXPERIMENTS: dict[str, Experiment[Any]] = {
    experiment.name: experiment
    for experiment in (
        ECHO,
        ECHO_CURRENT,
        ECHO_LAG_STATEFUL,
        ECHO_LAG_WINDOW,
        MEMORY,
        ALPHABET_LETTER,
        ALPHABET_WINDOW,
        ALPHABET_STEPS,
        AIRLINE,
        *ECHO_EXERCISES,
        *LAG_EXERCISES,
        *PADDING_EXERCISES,
        *MEMORY_SWEEPS,
        *MEMORY_TRIALS,
        GRADIENT_FLOW,
        CELLS_EXPERIMENT,
        GATES,
        REBER,
        *LAGS_1997,
        *SIGNALS_1997,
        *AT_END_1997,
        *LATER_BENCHMARKS,
        *LANGUAGES,
        CONTINUAL_REBER,
        TIMING,
    )
}


# What the groups are, in the order in which `echocell list` shows them.
GROUPS = {
    "tutorials": "experiments of the tutorials, compared with their published results",
    "exercises": "open exercises of the tutorials; each varies a setting and answers a question",
    "paper-1997": "tasks of Hochreiter & Schmidhuber (1997), compared with the paper's results",
    "later": "tasks of later papers: forgetting, peepholes, formal languages, very long lags",
}


def groups() -> dict[str, list[Experiment[Any]]]:
    """The experiments of each group."""
    return {group: [one for one in EXPERIMENTS.values() if one.group == group] for group in GROUPS}


def find(name: str) -> Experiment[Any]:
    """The experiment of that name. Raises UnknownNameError, a ValueError that names the nearest."""
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
