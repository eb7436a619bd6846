"""The catalogue of the experiments: their order, their groups, and the search by name."""

from __future__ import annotations

from typing import Any

from echocell.experiments.exercises import EXERCISES
from echocell.experiments.later import LATER
from echocell.experiments.paper_1997 import PAPER_1997
from echocell.experiments.run.experiment import Experiment
from echocell.experiments.run.settings import UnknownNameError
from echocell.experiments.tutorials import TUTORIALS

# In the order of `echocell list`.
EXPERIMENTS: dict[str, Experiment[Any]] = {
    experiment.name: experiment for experiment in (*TUTORIALS, *EXERCISES, *PAPER_1997, *LATER)
}

# The groups and their descriptions, in the order of `echocell list`.
GROUPS = {
    "tutorials": "experiments of the tutorials, compared with their published results",
    "exercises": "open exercises of the tutorials; each varies a setting and answers a question",
    "paper-1997": "tasks of Hochreiter & Schmidhuber (1997), compared with the paper's results",
    "later": "tasks of later papers: forgetting, peepholes, formal languages, very long lags",
}


def groups() -> dict[str, list[Experiment[Any]]]:
    """Returns the experiments of each group."""
    return {group: [one for one in EXPERIMENTS.values() if one.group == group] for group in GROUPS}


def find(name: str) -> Experiment[Any]:
    """Returns the experiment with the given name.

    Raises:
        UnknownNameError: if there is none; the message suggests the nearest name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
