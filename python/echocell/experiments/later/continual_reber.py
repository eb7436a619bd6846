"""Strings of the embedded Reber grammar joined without end, never reset: what forgetting is for.

After Gers, Schmidhuber and Cummins, "Learning to Forget: Continual Prediction with LSTM", Neural
Computation 12(10), 2000. A network reads one symbol after the other and says which may come next;
it is wrong where one of its seven outputs is off by 0.49 or more. It is perfect when it comes
through ten test streams, each to its end, without having been wrong once.

The recipe, the same for both cells:
- Training streams begin at a string's start with the state zero and end at the first error or at
  their full length, as in the paper; then the next one begins. There, one stream follows the other;
  here so many run side by side, a batch, and are trained over chunks of some symbols: the gradient
  goes back no further, the state goes on. A stream with an error ends where its chunk does.
- The outputs are sigmoids, the loss is the cross-entropy of each, the target of every legal symbol
  is 1. With the symbol that came for target, the outputs for two legal ones would stand at 0.5, on
  the edge of an error.
- Adam; the learning rate falls exponentially over the training (falling_rate.py). In the
  paper it decays within each stream.
- The number of updates is fixed beforehand; a training ends before that when 30,000 streams were
  begun, the paper's limit. The only test is that of the finished network, on streams that were
  drawn for it. The paper tests after every training stream.

Once with the first number of units, with which the paper's figure is compared, and once with fewer:
the paper's networks have 4 blocks of 2 cells.

Letters: B streams side by side, T symbols of a chunk, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell.experiments.run import falling_rate, sweep_plot
from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts, check_positive
from echocell.experiments.run.sweep_plot import Panel
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.tasks import reber
from echocell.tasks.encoding import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic

Booleans = NDArray[np.bool_]

CELLS = {"with forget gates": "ifo", "without forget gates": "io"}
LIMIT = 0.49
# Symbols of a stream that are drawn at once, and of the tests that are predicted at once.
_DRAWN, _TESTED = 4000, 2000
# A cell beyond this gives 1 or -1 (tanh, to a part in ten thousand) whatever is added to it.
FULL = 5.0
# Percent of 100 networks that were perfect, in the paper.
PAPER = {
    "standard LSTM": 0,
    "with forget gates": 18,
    "with forget gates, decaying rate": 62,
}
BEST = max(PAPER.values())


@dataclass(frozen=True)
class Settings:
    """nets: networks of each cell and size, from new weights and streams; units: the sizes;
    streams: B; most_streams: training streams that may be begun; chunk: T; updates: of a training
    at most; symbols: the length of a whole stream; tests: test streams.
    """

    nets: int = 20
    units: tuple[int, ...] = (24, 8)
    learning_rate: float = 0.02
    streams: int = 16
    most_streams: int = 30_000
    chunk: int = 50
    updates: int = 8000
    symbols: int = 100_000
    tests: int = 10

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.units) < 1:
            raise ValueError(f"units: expected at least 1, received {min(self.units)}")
        check_positive(self, "learning_rate")


@dataclass(frozen=True)
class Net:
    """A trained network and its test.

    lengths: symbols of each test stream before the first error. streams, symbols: training streams
    that were begun, and symbols read of them. cells: the largest cell state without sign in a
    stream, at each of the settings' marks. full: cells in percent that are beyond FULL at the last.
    """

    lengths: list[int]
    streams: int
    symbols: int
    weights: int
    cells: list[float]
    full: float
    seconds: float


class Streams:
    """Streams side by side, each read chunk after chunk until it is ended."""

    def __init__(self, count: int, chunk: int, rng: np.random.Generator) -> None:
        self.begun = count
        self._chunk = chunk
        size = max(_DRAWN, chunk)
        self._sources = [reber.pieces(size, child) for child in rng.spawn(count)]
        # Symbols and what may follow them, drawn and not yet read.
        self._left: list[tuple[Floats, Booleans]] = [_drawn(source) for source in self._sources]

    def read(self) -> tuple[Floats, Floats]:
        """The next chunk of every stream: x [B, T, 7] and targets [B, T, 7]."""
        chunks = []
        for row, source in enumerate(self._sources):
            while len(self._left[row][0]) < self._chunk:
                self._left[row] = _joined(self._left[row], _drawn(source))
            chunks.append([part[: self._chunk] for part in self._left[row]])
            self._left[row] = _from(self._left[row], self._chunk)
        x, legal = zip(*chunks, strict=True)
        return np.stack(x), np.stack(legal).astype(np.float32)

    def end(self, row: int) -> None:
        """Another stream takes this row: it begins where the next string does."""
        self.begun += 1
        while (start := _first_string(self._left[row])) < 0:
            # The last symbol stays: it may be the end of a string.
            self._left[row] = _joined(_from(self._left[row], -1), _drawn(self._sources[row]))
        self._left[row] = _from(self._left[row], start)


def _drawn(source: Any) -> tuple[Floats, Booleans]:
    x, _, legal = next(source)
    return x, legal


def _joined(a: tuple[Floats, Booleans], b: tuple[Floats, Booleans]) -> tuple[Floats, Booleans]:
    return np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])


def _from(part: tuple[Floats, Booleans], start: int) -> tuple[Floats, Booleans]:
    return part[0][start:], part[1][start:]


def _first_string(part: tuple[Floats, Booleans]) -> int:
    """Where the first B after an E is, the start of a string; -1 where there is none."""
    x = part[0]
    begins = x[1:, reber.SYMBOLS.index("B")] * x[:-1, reber.SYMBOLS.index("E")]
    return int(begins.argmax()) + 1 if begins.any() else -1


def build(units: int, gates: str, learning_rate: float) -> Sequential:
    """The network: [B, T, 7] in, an output in [0, 1] for each symbol out, states carried."""
    model = Sequential()
    model.add(LSTM(units, gates=gates, return_sequences=True, stateful=True, input_shape=(None, 7)))
    model.add(Dense(7, activation="sigmoid"))
    optimizer = Adam(learning_rate, global_clipnorm=1.0)
    model.compile(loss="binary_crossentropy", optimizer=optimizer)
    return model


def wrong(outputs: Floats, targets: Floats) -> Booleans:
    """[B, T]: is some output off by LIMIT or more?"""
    return np.asarray((~(np.abs(outputs - targets) < LIMIT)).any(axis=-1))


def train(
    gates: str, units: int, settings: Settings, run: Run, label: str, rng: np.random.Generator
) -> Result:
    """Trains a network, tests it, and gives the fields of a Net."""
    before = run.seconds
    model = build(units, gates, settings.learning_rate)
    layer: Any = model.layers[0]
    optimizer: Any = model.optimizer
    streams = Streams(settings.streams, settings.chunk, rng)
    read = np.zeros(settings.streams, np.int64)
    with run.training(settings.updates, label) as training:
        while training.updates < settings.updates and streams.begun < settings.most_streams:
            x, y = streams.read()
            outputs = _look_ahead(model, x)
            optimizer.learning_rate = falling_rate.exponential(
                settings.learning_rate, training.updates / settings.updates
            )
            model.train_on_batch(x, y)
            training.count(1)
            read += settings.chunk
            over = wrong(outputs, y).any(axis=1) | (read >= settings.symbols)
            for row in np.flatnonzero(over).tolist():
                streams.end(row)
                read[row] = 0
            if over.any():
                layer.reset_states(rows=np.flatnonzero(over).tolist())
    lengths = test(model, settings.tests, settings.symbols, rng)
    cells, full = grown(model, marks(settings.symbols), rng)
    return {
        "lengths": lengths.tolist(),
        "streams": streams.begun,
        "symbols": training.updates * settings.streams * settings.chunk,
        "weights": model.count_params(),
        "cells": cells,
        "full": full,
        "seconds": run.seconds - before,
    }


def _look_ahead(model: Sequential, x: Floats) -> Floats:
    """What the model says to x [B, T, 7] from the states that it carries, which stay."""
    layer: Any = model.layers[0]
    states = layer.get_states()
    outputs: Floats = model.predict(x, batch_size=len(x), verbose=0)
    if states:
        layer.set_states(states)
    else:
        layer.reset_states()
    return outputs


def test(model: Sequential, count: int, symbols: int, rng: np.random.Generator) -> Integers:
    """Symbols of fresh streams before the first error, `symbols` where there is none: [count]."""
    sources = [reber.pieces(min(_TESTED, symbols), child) for child in rng.spawn(count)]
    right, going = np.zeros(count, np.int64), np.ones(count, np.bool_)
    model.reset_states()
    while going.any() and right.max() < symbols:
        x, legal = (np.stack(part) for part in zip(*map(_drawn, sources), strict=True))
        errors = wrong(model.predict(x, batch_size=count, verbose=0), legal.astype(np.float32))
        first = np.where(errors.any(axis=1), errors.argmax(axis=1), errors.shape[1])
        right += np.where(going, first, 0)
        going &= first == errors.shape[1]
    model.reset_states()
    return np.minimum(right, symbols)


def marks(symbols: int) -> list[int]:
    """The places in a stream at which cells are looked at: powers of ten, and the end."""
    powers = [10**k for k in range(1, len(str(symbols))) if 10**k < symbols]
    return [*powers, symbols]


def grown(
    model: Sequential, places: Sequence[int], rng: np.random.Generator
) -> tuple[list[float], float]:
    """The largest cell without sign after so many symbols of a stream, at each of the places; and
    the percentage of cells beyond FULL at the last.
    """
    layer: Any = model.layers[0]
    x, _, _ = reber.stream(places[-1], rng)
    model.reset_states()
    sizes = np.zeros(0)
    largest = []
    for start, end in zip([0, *places], places, strict=False):
        model.predict(x[np.newaxis, start:end], batch_size=1, verbose=0)
        sizes = np.abs(layer.get_states()[1])
        largest.append(float(sizes.max()))
    model.reset_states()
    return largest, 100.0 * float((sizes > FULL).mean())


# ---- report ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """The networks of one cell and size."""

    cell: str
    units: int
    nets: Sequence[Net]
    symbols: int

    @property
    def name(self) -> str:
        return f"{self.cell}, {self.units} units"

    @property
    def perfect(self) -> int:
        """How many came through all of their test streams."""
        return sum(min(net.lengths) >= self.symbols for net in self.nets)

    @property
    def share(self) -> float:
        """The same in percent."""
        return 100.0 * self.perfect / len(self.nets)

    @property
    def short(self) -> bool:
        """Is that less than the paper's best, whatever the cell and its size?"""
        return self.share < BEST

    def mean(self, name: str) -> float:
        """A number of the networks, or all numbers of their lists, on average."""
        return float(np.mean([getattr(net, name) for net in self.nets]))


def run_continual(settings: Settings, run: Run) -> Outcome:
    """Both cells, with each number of units."""
    rows = []
    for units in settings.units:
        for cell, gates in CELLS.items():
            labels = [f"{cell}, {units} units, net {k + 1}" for k in range(settings.nets)]
            results = run.each_once(labels, partial(train, gates, units, settings, run))
            nets = [Net(**result) for result in results]
            rows.append(Row(cell, units, nets, settings.symbols))
    answer = _answer(rows, settings)
    notes = (f"Answer (seed {run.seed}): {answer}", _growth(rows[:2], settings))
    return Outcome(
        {
            **{f"perfect, {row.name}": row.share for row in rows},
            **{f"symbols until an error, {row.name}": row.mean("lengths") for row in rows},
        },
        lambda title: _draw(title, answer, rows, settings),
        perfect=all(row.perfect == settings.nets for row in rows),
        notes=notes,
        table=_table(rows),
    )


def _answer(rows: Sequence[Row], settings: Settings) -> str:
    texts = [f"{row.perfect} of {len(row.nets)} ({row.name})" for row in rows]
    met = [row.cell for row in rows[:2] if row.share >= BEST]
    return (
        f"This many networks processed {settings.tests} streams of {settings.symbols:,} symbols "
        f"without an error: {', '.join(texts)}. The paper's best result, {BEST} %, was "
        f"{'reached' if met else 'not reached'} by networks of {settings.units[0]} units"
        f"{' ' * bool(met)}{' and '.join(met)}."
    )


def _growth(rows: Sequence[Row], settings: Settings) -> str:
    """What becomes of the cells, in words."""
    texts = [
        f"{np.mean([net.cells[-1] for net in row.nets]):,.0f} {row.cell} "
        f"({row.mean('full'):.0f} % of the cells are beyond {FULL:g})"
        for row in rows
    ]
    end = (
        f"The largest absolute cell state after {settings.symbols:,} symbols is, on average, "
        f"{' and '.join(texts)}."
    )
    constant = [net for net in rows[1].nets if net.full == 100]
    if not constant:
        return end
    perfect = sum(min(net.lengths) >= settings.symbols for net in constant)
    return (
        f"{end} The output of such a cell is 1 or -1 whatever is added to it. In {len(constant)} "
        f"of the networks without forget gates ({perfect} of them perfect) all cells are of this "
        "kind at the end: their memory is the recurrent output behind the output gates, not the "
        "cells."
    )


def _table(rows: Sequence[Row]) -> list[list[str]]:
    heads = ["cell", "weights", "networks", "perfect", "symbols until an error", "worst stream"]
    heads += ["training symbols", "training streams", "largest cell state", "seconds"]
    ours = [
        [
            f"ours: {row.name}",
            f"{row.nets[0].weights:,}",
            str(len(row.nets)),
            f"{row.share:.0f} %{' (below the paper)' * row.short}",
            f"{row.mean('lengths'):,.0f}",
            f"{min(min(net.lengths) for net in row.nets):,}",
            f"{row.mean('symbols'):,.0f}",
            f"{row.mean('streams'):,.0f}",
            f"{np.mean([net.cells[-1] for net in row.nets]):,.0f}",
            f"{row.mean('seconds'):.1f}",
        ]
        for row in rows
    ]
    paper = [[f"2000: {name}", "", "100", f"{share} %", *[""] * 6] for name, share in PAPER.items()]
    return [heads, *ours, *paper]


def _draw(title: str, answer: str, rows: Sequence[Row], settings: Settings) -> Figure:
    lengths = {
        row.name: [
            (max(1.0, float(np.mean(net.lengths))), min(net.lengths) >= row.symbols)
            for net in sorted(row.nets, key=lambda net: float(np.mean(net.lengths)))
        ]
        for row in rows
    }
    places = marks(settings.symbols)
    cells = {
        row.name: [(mean, True) for mean in np.mean([net.cells for net in row.nets], axis=0)]
        for row in rows
    }
    panels = [
        Panel(
            *(
                "symbols until the first error (mean of the test streams)",
                "networks, in ascending order",
            ),
            *(list(range(1, settings.nets + 1)), lengths),
            log_x=False,
        ),
        Panel("largest absolute cell state (mean of the networks)", "symbols read", places, cells),
    ]
    return sweep_plot.plot_sweep(f"{title}\n{answer}", panels)


def headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours": the two cells with the first number of units."""
    with_gates, without = list(statistics.values())[:2]
    return f"{with_gates.text(0)} % perfect with forget gates, {without.text(0)} % without"


CONTINUAL_REBER = Experiment(
    name="continual-reber",
    summary="the embedded Reber grammar as an endless stream, with and without forget gates (2000)",
    shows=(
        "Without a forget gate a cell can only accumulate, so its state grows without bound in an "
        "endless stream. With a forget gate, the network learns when to reset it."
    ),
    published=Published(
        "62 % perfect with forget gates, 0 % without",
        "Felix Gers, Jürgen Schmidhuber and Fred Cummins, "
        '"Learning to Forget: Continual Prediction with LSTM", '
        "Neural Computation 12(10) (2000), table 2",
    ),
    settings=Settings(),
    headline=headline,
    run=run_continual,
    group="later",
    takes=600,
)
