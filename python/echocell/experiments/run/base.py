"""What every experiment is made of: settings, one timed run, what came out of it.

An experiment is a module that ends with a constant of type `Experiment`:

    @dataclass(frozen=True)
    class Settings:                # what `--set key=value` changes, with its defaults
        updates: int = 10_000
        units: int = 25

    def build(settings: Settings) -> Sequential: ...
    def run(settings: Settings, run: Run) -> Outcome: ...

    ECHO = Experiment(name="echo", settings=Settings(), run=run, ...)

and is listed in `echocell.experiments.EXPERIMENTS`. The run draws its data from `run.rng`, trains
inside `with run.training(updates)`, and returns figures and a function that draws the picture.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell._common.progress import complete, progress_bar
from echocell._common.terminal import shows_bars
from echocell._core.threads import get_num_threads
from echocell.experiments.run import forked
from echocell.experiments.run.journal import Journal, Result
from echocell.experiments.run.statistics import Statistic
from echocell.models import Sequential
from echocell.utils import set_random_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from tqdm import tqdm

Array = NDArray[Any]
S = TypeVar("S")

# A training is cut into about this many calls of fit: enough for a smooth bar and a smooth curve,
# too few to cost time.
PARTS = 50


@dataclass(frozen=True)
class Published:
    """A figure from the literature: the figure as text, and where it was published."""

    figure: str
    source: str


@dataclass(frozen=True)
class Outcome:
    """What one run gave.

    figures: name -> value; percentages are 0..100. The first is the criterion.
    draw: makes the picture; gets its title and returns a matplotlib Figure. Called after the
        run and only where a picture is wanted, so it may trace the trained model.
    perfect: whether the run made no mistake; None where that has no meaning.
    notes: sentences that the report prints as they are.
    table: its heads and then its rows, where the report prints one.
    """

    figures: Mapping[str, float]
    draw: Callable[[str], Figure]
    perfect: bool | None = None
    notes: tuple[str, ...] = ()
    table: Sequence[Sequence[str]] = ()


@dataclass
class Curve:
    """Loss and metrics over a training: history[name][k] was measured up to updates[k]."""

    updates: list[int] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)

    def add(self, updates: int, logs: Mapping[str, float]) -> None:
        """One more point of the curve."""
        self.updates.append(updates)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))


class Training:
    """A training that is under way: fits, counts updates, moves the bar, records the curve."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self.updates = 0
        self.curve = Curve()
        self._bar = bar

    def count(self, updates: int) -> None:
        """So many more, done elsewhere."""
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
        """model.fit over `epochs`; the curve gets one point per epoch."""
        per_call = max(1, epochs // PARTS)
        for start in range(0, epochs, per_call):
            self._fit(model, x, y, batch_size, min(per_call, epochs - start), shuffle)

    def fit_once(self, model: Sequential, x: Array, y: Array, *, batch_size: int) -> None:
        """One pass over x in its order; the curve gets a point per part of the pass.

        For samples that are all fresh: the pass is the whole training. Cutting it at batch
        boundaries changes nothing, since the optimizer and carried states go on from call to
        call.
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
    """One run of an experiment: its seed, its random numbers, its clock and its progress bar.

    seed: also given to `echocell.utils.set_random_seed` before the run starts.
    rng: the generator that the task's data come from.
    updates, seconds: of all trainings so far, with the tests in between; building and drawing are
        not counted.
    journal: where finished pieces are kept, see `once`.
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
        """work(rng), a piece of a long run; or what it gave before the run was interrupted.

        The piece gets random numbers of its own, for its weights too, so that it is the same
        whatever else was run. Its result is of what JSON can hold.
        """
        done = self.journal.get(self._key(piece))
        if done is None:
            updates, seconds = self.updates, self.seconds
            done = self._do(piece, work)
            self.updates, self.seconds = updates, seconds
            self.journal.put(self._key(piece), done)
        return self._taken(done)

    def each_once(
        self, pieces: Sequence[str], work: Callable[[str, np.random.Generator], Result]
    ) -> list[Result]:
        """work(piece, rng) for every piece, as `once` does them one by one; but each core has one
        under way. Of trainings that use one thread: small models, small batches.
        """
        missing = [piece for piece in pieces if self.journal.get(self._key(piece)) is None]
        cores = get_num_threads()
        if len(missing) > 1 and cores > 1 and forked.available():
            bar = self._bar(len(missing), "", " trainings")
            with bar:
                quiet, self._quiet = self._quiet, True
                for piece, done in forked.in_processes(
                    lambda piece: self._do(piece, partial(work, piece)), missing, cores
                ):
                    self.journal.put(self._key(piece), done)
                    bar.update()
                self._quiet = quiet
        return [self.once(piece, partial(work, piece)) for piece in pieces]

    def _key(self, piece: str) -> str:
        return f"{self.seed} {piece}"

    def _do(self, piece: str, work: Callable[[np.random.Generator], Result]) -> Result:
        """The result of a piece, its updates and seconds."""
        updates, seconds = self.updates, self.seconds
        seeds = np.random.SeedSequence([self.seed, zlib.crc32(piece.encode())])
        weights, data = seeds.spawn(2)
        set_random_seed(int(weights.generate_state(1)[0]))
        return {
            "result": work(np.random.default_rng(data)),
            "updates": self.updates - updates,
            "seconds": self.seconds - seconds,
        }

    def _taken(self, done: Result) -> Result:
        """Counts what a piece cost."""
        self.updates += done["updates"]
        self.seconds += done["seconds"]
        result: Result = done["result"]
        return result

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
        """The place to train in. updates: how many there will be; label: what is trained, where a
        run trains several models.
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


def percent_headline(statistics: Mapping[str, Statistic]) -> str:
    """The usual column "ours": the figure named accuracy, in percent."""
    return f"{statistics['accuracy'].text(2)} %"


@dataclass(frozen=True)
class Experiment(Generic[S]):
    """An experiment that is run by name.

    name: as on the command line.
    summary: one line for `echocell list`: task and model.
    shows: one sentence for the report: what is to be learned from it.
    published: the figure to compare with.
    settings: the defaults, a frozen dataclass of int, float, bool, str or tuples of int.
    run: trains and tests once.
    headline: the column "ours" of the table, from each figure's statistic over the runs (its
        `text(digits)` is "99.50" for one run and "99.50 ± 0.90" for several).
    group: under which heading `echocell list` names it.
    takes: about how many seconds one run takes on two cores.
    """

    name: str
    summary: str
    shows: str
    published: Published
    settings: S
    run: Callable[[S, Run], Outcome]
    headline: Callable[[Mapping[str, Statistic]], str] = percent_headline
    group: str = "tutorials"
    takes: float = 0.5


def share_right(expected: ArrayLike, predicted: ArrayLike) -> float:
    """Share of equal entries in percent; both of the same shape."""
    expected, predicted = np.asarray(expected), np.asarray(predicted)
    if expected.shape != predicted.shape:
        raise ValueError(
            f"share_right: expected values have shape {expected.shape}, "
            f"predicted values have shape {predicted.shape}"
        )
    return 100.0 * float(np.mean(expected == predicted))


def trace_first(
    model: Sequential, x: Array, initial_state: list[Array] | None = None
) -> dict[str, Array]:
    """Gates and states of the model's first layer, a recurrent one: x [B, T, F] -> name ->
    [B, T, H], from states of zeros where none are given.
    """
    layer: Any = model.layers[0]
    trace: dict[str, Array] = layer.trace(x, initial_state=initial_state)
    return trace


def trace_carried(model: Sequential, x: Array, batch_size: int) -> dict[str, Array]:
    """Gates and states of a stateful LSTM, the model's first layer, over samples of one step.

    x [N, 1, F] -> name -> [N, H]: what the layer does with the samples in batches of batch_size,
    from states of zeros. The states that the model carries are left alone.
    """
    states: list[Array] | None = None
    batches = []
    for start in range(0, len(x), batch_size):
        trace = trace_first(model, x[start : start + batch_size], states)
        batches.append(trace)
        states = [trace["h"][:, -1], trace["c"][:, -1]]
    return {name: np.concatenate([trace[name][:, -1] for trace in batches]) for name in batches[0]}
