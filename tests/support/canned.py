"""Canned results of experiments: plausible results for each piece of a run, without training.

The journal of a run returns the pieces that are finished, so that an experiment with a canned
journal writes its complete report, with default settings, within a short time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from echocell.experiments import EXPERIMENTS, Outcome, Run
from echocell.experiments.later.reber_streams import marks
from echocell.experiments.run.journal import Journal
from echocell.utils import set_random_seed

Piece = dict[str, Any]
Draw = np.random.Generator

# Experiments with one short training, which have no pieces: the smallest settings.
SMALLEST: dict[str, dict[str, Any]] = {
    "echo": {"updates": 50},
    "echo-current": {"sequences": 4, "tests": 2},
    "echo-lag-stateful": {"sequences": 120, "tests": 2},
    "echo-lag-window": {"sequences": 5, "tests": 2},
    "memory": {"epochs": 2},
    "alphabet-letter": {"epochs": 2},
    "alphabet-window": {"epochs": 2},
    "alphabet-steps": {"epochs": 350},
    "airline": {"epochs": 1},
    "gates": {"epochs": 40},
}


def _point(rng: Draw, solved: bool) -> Piece:
    updates = int(10 ** rng.uniform(2, 5))
    accuracy = 100.0 if solved else rng.uniform(0, 99)
    seconds = updates / 1e5
    return {
        "solved": solved,
        "updates": updates,
        "samples": 4 * updates,
        "seconds": seconds,
        "accuracy": accuracy,
    }


def _cell(rng: Draw, solved: bool) -> Piece:
    point = _point(rng, solved)
    return {key: point[key] for key in ("solved", "updates", "accuracy")} | {
        "units": 25,
        "weights": 3000,
    }


def _flow(rng: Draw, solved: bool) -> Piece:
    steep = 0.0 if solved else rng.uniform(-0.5, 0.5)
    norms = np.exp(steep * np.arange(200)).tolist()
    losses = rng.uniform(0.5, 3, 200).tolist()
    return {"norms": norms, "losses": losses, "lengths": losses, "weight": 2.0}


def _trial(rng: Draw, solved: bool) -> Piece:
    sequences = int(10 ** rng.uniform(3, 5.5))
    return {"solved": solved, "sequences": sequences, "updates": sequences, "seconds": 1.0}


def _later(rng: Draw, solved: bool) -> Piece:
    losses = np.geomspace(0.3, 1e-4 if solved else 0.2, 50).tolist()
    return {
        "loss": losses[-1],
        "losses": losses,
        "updates_at": list(range(1000, 51_000, 1000)),
        "seconds": 60.0,
    }


def _language(rng: Draw, solved: bool) -> Piece:
    largest = int(rng.integers(50, 1001)) if solved else int(rng.integers(0, 9))
    return {"largest": largest, "weights": 50, "seconds": 1.0}


def _stream(rng: Draw, solved: bool) -> Piece:
    lengths = [100_000 if solved else int(10 ** rng.uniform(1, 5)) for _ in range(10)]
    cells = [float(10 ** (k * (0.2 if solved else 1.0))) for k in range(1, 1 + len(marks(100_000)))]
    return {
        "lengths": lengths,
        "streams": 20_000,
        "symbols": 6_400_000,
        "weights": 3000,
        "cells": cells,
        "full": 100.0,
        "seconds": 20.0,
    }


def _timing(rng: Draw, solved: bool) -> Piece:
    trial = {"solved": solved, "updates": 900, "error": 0.1 if solved else None, "periods": 9.5}
    return {"trials": [trial] * 50, "seconds": 9.0}


_KINDS: dict[str, Callable[[Draw, bool], Piece]] = {
    "cells": _cell,
    "gradient-flow": _flow,
    "adding-later": _later,
    "copy-memory": _later,
    "languages": _language,
    "continual-reber": _stream,
    "timing": _timing,
}


class CannedJournal(Journal):
    """Returns a journal in which every piece is finished, `share` of them successfully."""

    def __init__(self, name: str, share: float) -> None:
        super().__init__(None, {})
        trials = EXPERIMENTS[name].group == "paper-1997"
        self._kind = _KINDS.get(name, _trial if trials else _point)
        self._share = share

    def get(self, key: str) -> Piece:
        rng = np.random.default_rng(zlib.crc32(key.encode()))
        result = self._kind(rng, bool(rng.random() < self._share))
        return {"result": result, "updates": 1000, "seconds": 0.01}


def canned_outcome(name: str, share: float = 0.7, **settings: Any) -> Outcome:
    """Returns the outcome of an experiment in which `share` of the pieces succeeded."""
    experiment = EXPERIMENTS[name]
    set_random_seed(7)
    values = replace(experiment.settings, **{**SMALLEST.get(name, {}), **settings})
    return experiment.run(values, Run(7, journal=CannedJournal(name, share)))
