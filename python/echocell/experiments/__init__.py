"""The experiments: small sequence problems with published results, run by name.

    from echocell import experiments
    report = experiments.run_experiment(experiments.find("echo"), seed=7)

From the command line: `echocell list` and `echocell run NAME... | all`.

The package `run` is the framework; `tutorials`, `exercises`, `paper_1997` and `later` contain the
experiments of one group each, which `catalogue` lists; `command` is the command line.
"""

from __future__ import annotations

from echocell.experiments import command as command
from echocell.experiments.catalogue import EXPERIMENTS, GROUPS, find, groups
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.report import Report, run_experiment
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import UnknownNameError

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
