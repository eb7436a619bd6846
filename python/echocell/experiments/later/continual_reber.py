"""continual-reber: strings of the embedded Reber grammar joined to endless streams, without resets.

After Gers, Schmidhuber and Cummins, "Learning to Forget: Continual Prediction with LSTM", Neural
Computation 12(10), 2000. A network reads a symbol at a time and predicts the legal next symbols; an
output that is off by 0.49 or more is an error. A network is perfect if it processes ten test
streams to their ends without an error.

The experiment compares cells with and without forget gates, at two sizes; the first size is that of
the comparison with the paper, whose networks have 4 blocks of 2 cells. docs/experiments.md
describes how training and test differ from the paper.

Legend: B parallel streams, T symbols of a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell.experiments.later.reber_streams import (
    FULL,
    Streams,
    cell_growth,
    correct_symbols,
    marks,
    predict_ahead,
    wrong,
)
from echocell.experiments.run import falling_rate
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Panel, plot_sweep
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELLS = {"with forget gates": "ifo", "without forget gates": "io"}
# The share of perfect networks among 100 in the paper, in percent.
PAPER = {
    "standard LSTM": 0,
    "with forget gates": 18,
    "with forget gates, decaying rate": 62,
}
BEST = max(PAPER.values())


@dataclass(frozen=True)
class ContinualSettings(Settings):
    """Settings of continual-reber.

    Attributes:
        nets: networks of each cell and size.
        units: the varied numbers of units.
        learning_rate: initial learning rate of Adam, which decreases exponentially.
        streams: B, the parallel training streams.
        most_streams: training streams after which a training ends.
        chunk: T, the symbols of a chunk.
        updates: updates after which a training ends.
        symbols: the length of a whole stream.
        tests: test streams.
    """

    POSITIVE = ("learning_rate",)

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
        super().__post_init__()
        check_each("units", self.units, 1)


@dataclass(frozen=True)
class Net:
    """A trained network and its test.

    Attributes:
        lengths: symbols of each test stream before the first error.
        streams: training streams that were started.
        symbols: training symbols.
        weights: number of weights.
        cells: the largest absolute cell state in a stream at each of the `marks`.
        full: the percentage of cells beyond FULL at the last mark.
        seconds: the time of the training.
    """

    lengths: list[int]
    streams: int
    symbols: int
    weights: int
    cells: list[float]
    full: float
    seconds: float


def build(units: int, gates: str, learning_rate: float) -> Sequential:
    """Returns a compiled stateful network: [B, T, 7] -> an output in [0, 1] for each symbol."""
    model = Sequential()
    model.add(LSTM(units, gates=gates, return_sequences=True, stateful=True, input_shape=(None, 7)))
    model.add(Dense(7, activation="sigmoid"))
    optimizer = Adam(learning_rate, global_clipnorm=1.0)
    model.compile(loss="binary_crossentropy", optimizer=optimizer)
    return model


def train(
    gates: str,
    units: int,
    settings: ContinualSettings,
    run: Run,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains and tests a network; returns the fields of a Net."""
    before = run.seconds
    model = build(units, gates, settings.learning_rate)
    layer: Any = model.layers[0]
    optimizer: Any = model.optimizer
    streams = Streams(settings.streams, settings.chunk, rng)
    read = np.zeros(settings.streams, np.int64)
    with run.training(settings.updates, label) as training:
        while training.updates < settings.updates and streams.begun < settings.most_streams:
            x, y = streams.read()
            outputs = predict_ahead(model, x)
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
    lengths = correct_symbols(model, settings.tests, settings.symbols, rng)
    cells, full = cell_growth(model, marks(settings.symbols), rng)
    return {
        "lengths": lengths.tolist(),
        "streams": streams.begun,
        "symbols": training.updates * settings.streams * settings.chunk,
        "weights": model.count_params(),
        "cells": cells,
        "full": full,
        "seconds": run.seconds - before,
    }


@dataclass(frozen=True)
class Row:
    """The networks of one cell and size."""

    cell: str
    units: int
    nets: Sequence[Net]
    symbols: int

    @property
    def name(self) -> str:
        """The cell and its size."""
        return f"{self.cell}, {self.units} units"

    @property
    def perfect(self) -> int:
        """The number of networks without an error in any test stream."""
        return sum(min(net.lengths) >= self.symbols for net in self.nets)

    @property
    def share(self) -> float:
        """The share of these networks in percent."""
        return 100.0 * self.perfect / len(self.nets)

    @property
    def short(self) -> bool:
        """Whether the share is below the best result of the paper."""
        return self.share < BEST

    def mean(self, name: str) -> float:
        """Returns the mean of a field over the networks, and over its entries if it is a list."""
        return float(np.mean([getattr(net, name) for net in self.nets]))


def run_continual(settings: ContinualSettings, run: Run) -> Outcome:
    """Trains both cells with each number of units."""
    rows = []
    for units in settings.units:
        for cell, gates in CELLS.items():
            labels = [f"{cell}, {units} units, net {k + 1}" for k in range(settings.nets)]
            results = run.each_once(labels, partial(train, gates, units, settings, run))
            nets = [Net(**result) for result in results]
            rows.append(Row(cell, units, nets, settings.symbols))
    answer = _answer(rows, settings)
    return Outcome.with_answer(
        answer,
        run.seed,
        {
            **{f"perfect, {row.name}": row.share for row in rows},
            **{f"symbols until an error, {row.name}": row.mean("lengths") for row in rows},
        },
        lambda title: _draw(title, rows, settings),
        perfect=all(row.perfect == settings.nets for row in rows),
        notes=(_growth(rows[:2], settings),),
        table=_table(rows),
    )


def _answer(rows: Sequence[Row], settings: ContinualSettings) -> str:
    texts = [f"{row.perfect} of {len(row.nets)} ({row.name})" for row in rows]
    met = [row.cell for row in rows[:2] if row.share >= BEST]
    return (
        f"This many networks processed {settings.tests} streams of {settings.symbols:,} symbols "
        f"without an error: {', '.join(texts)}. The paper's best result, {BEST} %, was "
        f"{'reached' if met else 'not reached'} by networks of {settings.units[0]} units"
        f"{' ' * bool(met)}{' and '.join(met)}."
    )


def _growth(rows: Sequence[Row], settings: ContinualSettings) -> str:
    """Returns sentences on the cell states at the end of a stream."""
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
    headings = ["cell", "weights", "networks", "perfect", "symbols until an error", "worst stream"]
    headings += ["training symbols", "training streams", "largest cell state", "seconds"]
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
    return [headings, *ours, *paper]


def _draw(title: str, rows: Sequence[Row], settings: ContinualSettings) -> Figure:
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
    return plot_sweep(title, panels)


def headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": both cells with the first number of units."""
    with_gates, without = list(statistics.values())[:2]
    return f"{with_gates.text(0)} % perfect with forget gates, {without.text(0)} % without"


CONTINUAL_REBER = Experiment(
    name="continual-reber",
    summary="the embedded Reber grammar as an endless stream, with and without forget gates (2000)",
    takeaway=(
        "Without a forget gate a cell can only accumulate, so its state grows without bound in an "
        "endless stream. With a forget gate, the network learns when to reset it."
    ),
    published=Published(
        "62 % perfect with forget gates, 0 % without",
        "Felix Gers, Jürgen Schmidhuber and Fred Cummins, "
        '"Learning to Forget: Continual Prediction with LSTM", '
        "Neural Computation 12(10) (2000), table 2",
    ),
    settings=ContinualSettings(),
    headline=headline,
    run=run_continual,
    group="later",
    takes=600,
)
