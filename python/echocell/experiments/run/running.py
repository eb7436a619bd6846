"""Runs and their trainings: random numbers, clock, progress bar, journal of finished pieces."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell._common.progress import complete, progress_bar
from echocell._common.terminal import shows_bars
from echocell._core.threads import get_num_threads
from echocell.experiments.run import forked
from echocell.experiments.run.journal import Journal, Result
from echocell.models import Sequential
from echocell.utils import set_random_seed

if TYPE_CHECKING:
    from tqdm import tqdm

Array = NDArray[Any]

# The number of fit calls that one training is cut into: enough for a smooth progress bar and a
# smooth curve, too few to slow the training down.
PARTS = 50


@dataclass
class Curve:
    """Loss and metrics over a training: history[name][k] was measured after updates[k] updates."""

    updates: list[int] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)

    def add(self, updates: int, logs: Mapping[str, float]) -> None:
        """Adds a point to the curve."""
        self.updates.append(updates)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))


class Training:
    """A training in progress: fits, counts updates, advances the bar, records the curve."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self.updates = 0
        self.curve = Curve()
        self._bar = bar

    def count(self, updates: int) -> None:
        """Counts updates that were done without `fit` and `fit_once`."""
        self.updates += updates
        self._bar.update(updates)

    def fit(
        self,
        model: Sequential,
        x: Array,
        y: Array,
        *,
        batch_size: int,
        epochs: int = 1,
        shuffle: bool = True,
    ) -> None:
        """Fits over `epochs` passes; adds a point to the curve for each epoch."""
        per_call = max(1, epochs // PARTS)
        for start in range(0, epochs, per_call):
            self._fit(model, x, y, batch_size, min(per_call, epochs - start), shuffle)

    def fit_once(self, model: Sequential, x: Array, y: Array, *, batch_size: int) -> None:
        """Fits one pass over x in its order; adds a point to the curve for each part of the pass.

        The parts end at batch boundaries. The optimizer and carried states continue from call to
        call, so that the result is the one of an undivided pass.
        """
        batches = math.ceil(len(x) / batch_size)
        size = batch_size * max(1, batches // PARTS)
        for start in range(0, len(x), size):
            self._fit(model, x[start : start + size], y[start : start + size], batch_size, 1, False)

    def _fit(
        self, model: Sequential, x: Array, y: Array, batch_size: int, epochs: int, shuffle: bool
    ) -> None:
        log = model.fit(
            x, y, batch_size=batch_size, epochs=epochs, shuffle=shuffle, verbose=0
        ).history
        batches = math.ceil(len(x) / batch_size)
        for epoch in range(epochs):
            self.updates += batches
            self.curve.add(self.updates, {name: values[epoch] for name, values in log.items()})
        self._bar.update(epochs * batches)


class Run:
    """One run of an experiment: its seed, random numbers, clock and progress bar.

    Attributes:
        seed: the seed, with which `echocell.utils.set_random_seed` was called before the run.
        rng: the generator for the data of the task.
        updates: the updates of all trainings so far.
        seconds: the time of all trainings so far, with the tests between updates; building and
            drawing are not counted.
        journal: the results of finished pieces, see `once`.
    """

    def __init__(
        self,
        seed: int,
        *,
        label: str = "",
        quiet: bool = True,
        leave: bool = True,
        journal: Journal | None = None,
    ):
        self.seed = seed
        self.journal = Journal(None, {}) if journal is None else journal
        self.rng = np.random.default_rng(seed)
        self.updates = 0
        self.seconds = 0.0
        self._label = label
        self._quiet = quiet
        self._leave = leave

    def once(self, piece: str, work: Callable[[np.random.Generator], Result]) -> Result:
        """Returns work(rng), a piece of a long run, or its result from the journal.

        The seed of the run and the name of the piece decide its random numbers and its initial
        weights, so that the result does not depend on other pieces.

        Args:
            piece: the name of the piece, unique within the run.
            work: does the work; its result has to be serializable as JSON.
        """
        done = self.journal.get(self._key(piece))
        if done is None:
            updates, seconds = self.updates, self.seconds
            done = self._measure(piece, work)
            self.updates, self.seconds = updates, seconds
            self.journal.put(self._key(piece), done)
        self.updates += done["updates"]
        self.seconds += done["seconds"]
        result: Result = done["result"]
        return result

    def each_once(
        self, pieces: Sequence[str], work: Callable[[str, np.random.Generator], Result]
    ) -> list[Result]:
        """Returns work(piece, rng) of every piece, with the results that `once` gives.

        The pieces run in forked processes, one per core where the system can fork; use it for
        trainings that keep a single thread busy (small models, small batches).
        """
        missing = [piece for piece in pieces if self.journal.get(self._key(piece)) is None]
        cores = get_num_threads()
        if len(missing) > 1 and cores > 1 and forked.available():
            bar = self._bar(len(missing), "", " trainings")
            with bar:
                quiet, self._quiet = self._quiet, True
                for piece, done in forked.in_processes(
                    lambda piece: self._measure(piece, partial(work, piece)), missing, cores
                ):
                    self.journal.put(self._key(piece), done)
                    bar.update()
                self._quiet = quiet
        return [self.once(piece, partial(work, piece)) for piece in pieces]

    def _key(self, piece: str) -> str:
        return f"{self.seed} {piece}"

    def _measure(self, piece: str, work: Callable[[np.random.Generator], Result]) -> Result:
        """Returns the result of a piece with the updates and seconds that it took."""
        updates, seconds = self.updates, self.seconds
        seeds = np.random.SeedSequence([self.seed, zlib.crc32(piece.encode())])
        weights, data = seeds.spawn(2)
        set_random_seed(int(weights.generate_state(1)[0]))
        return {
            "result": work(np.random.default_rng(data)),
            "updates": self.updates - updates,
            "seconds": self.seconds - seconds,
        }

    def _bar(self, total: int, label: str, unit: str) -> tqdm[Any]:
        return progress_bar(
            total=total,
            desc=f"{self._label} {label}".strip(),
            unit=unit,
            unit_scale=True,
            disable=self._quiet or not shows_bars(),
            leave=self._leave,
        )

    @contextmanager
    def training(self, updates: int, label: str = "") -> Iterator[Training]:
        """Measures the time of a training and counts its updates.

        Args:
            updates: the expected number of updates, for the progress bar.
            label: the name of the model, where a run trains several.
        """
        bar = self._bar(updates, label, " updates")
        with bar:
            training = Training(bar)
            start = time.perf_counter()
            try:
                yield training
                complete(bar)
            finally:
                self.seconds += time.perf_counter() - start
                self.updates += training.updates
