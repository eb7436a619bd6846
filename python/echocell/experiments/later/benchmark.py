"""Benchmarks of later papers over hundreds of steps, for LSTM and GRU with two initial biases.

A network without memory cannot solve the tasks, and its best score is known. The published losses
are those of Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
Networks for Sequence Modeling" (2018), table 1, whose networks are larger (about 70,000 and 16,000
weights).

The initial bias is either the usual one (0, and 1 for the forget gate of the LSTM) or the chrono
bias of Tallec and Ollivier, "Can recurrent neural networks warp time?" (2018), for up to T steps.
All other settings are the same for every row of a task; docs/experiments.md describes their choice.

Legend: T the number of steps that the task bridges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run import falling_rate
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings, check_each
from echocell.experiments.run.statistics import Statistic
from echocell.initializers import Chrono
from echocell.layers import GRU, LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.plotting.style import GREY, INK, SERIES_COLOURS, legend_above, log_axis, style_axes
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS: dict[str, type[LSTM] | type[GRU]] = {"LSTM": LSTM, "GRU": GRU}
BIASES = ("usual", "chrono")
# A row counts as remembering if its test loss is below this share of the score without memory.
REMEMBERS = 0.9
TABLE_1 = (
    "Shaojie Bai, J. Zico Kolter and Vladlen Koltun, "
    '"An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence '
    'Modeling" (2018), table 1'
)


@dataclass(frozen=True)
class BenchmarkSettings(Settings):
    """Settings of adding-later and copy-memory.

    Attributes:
        lengths: the varied T.
        updates: updates of every training.
        batch_size: sequences per update.
        tests: sequences of the test at the end.
        units: units of the cells.
        learning_rate: initial learning rate of Adam, which decreases linearly.
        clipnorm: the largest norm of the gradient of a weight array.
    """

    POSITIVE = ("learning_rate", "clipnorm")

    lengths: tuple[int, ...]
    updates: int
    batch_size: int
    tests: int
    units: int = 32
    learning_rate: float = 0.01
    clipnorm: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_each("lengths", self.lengths, 2)


@dataclass(frozen=True)
class Benchmark:
    """A task with a known score without memory.

    Attributes:
        draw: draw(count, T, rng) -> x and y.
        no_memory: the score without memory at a given T.
        features: features of a time step.
        outputs: units of the output layer.
        loss: the loss; with categorical_crossentropy there is an output per step.
        published_length: the T of table 1.
        published: the loss of each cell in table 1.
    """

    draw: Callable[[int, int, np.random.Generator], tuple[Floats, Floats]]
    no_memory: Callable[[int], float]
    features: int
    outputs: int
    loss: str
    published_length: int
    published: Mapping[str, float]

    def build(self, settings: BenchmarkSettings, cell: str, bias: str, length: int) -> Sequential:
        """Returns the compiled network of a row, with an output per step if targets are one-hot."""
        every_step = self.loss == "categorical_crossentropy"
        layer = CELLS[cell](
            settings.units,
            return_sequences=every_step,
            input_shape=(None, self.features),
            bias_initializer=Chrono(length) if bias == "chrono" else "zeros",
        )
        head = Dense(self.outputs, activation="softmax" if every_step else "linear")
        model = Sequential([layer, head])
        optimizer = Adam(settings.learning_rate, clipnorm=settings.clipnorm)
        model.compile(loss=self.loss, optimizer=optimizer)
        return model


@dataclass(frozen=True)
class Row:
    """The result for a cell, a bias and a T.

    Attributes:
        cell: the cell.
        bias: the initial bias.
        length: T.
        no_memory: the score without memory.
        loss: the loss of the test.
        losses: the mean training loss of each part of the training.
        updates_at: the updates at the end of each part.
        seconds: the time of the training.
    """

    cell: str
    bias: str
    length: int
    no_memory: float
    loss: float
    losses: Sequence[float]
    updates_at: Sequence[int]
    seconds: float

    @property
    def name(self) -> str:
        """The cell and the bias."""
        return f"{self.cell}, {self.bias}"

    @property
    def share(self) -> float:
        """The test loss divided by the score without memory."""
        return self.loss / self.no_memory

    @property
    def remembers(self) -> bool:
        """Whether the test loss is not possible without memory."""
        return self.share < REMEMBERS

    @property
    def verdict(self) -> str:
        """The meaning of the test loss."""
        if not math.isfinite(self.loss):
            return "diverged"
        return "remembers" if self.remembers else "no memory"

    @property
    def figure(self) -> str:
        """The test loss, as text for a sentence."""
        return f"{self.loss:.3g}" if math.isfinite(self.loss) else "none (diverged)"


def train(
    task: Benchmark,
    settings: BenchmarkSettings,
    run: Run,
    cell: str,
    bias: str,
    length: int,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains and tests the network of a row; returns the measured fields of a Row."""
    model = task.build(settings, cell, bias, length)
    before, batch = run.seconds, settings.batch_size
    with run.training(settings.updates, label) as training:
        for updates in falling_rate.linear(model, settings.updates):
            x, y = task.draw(updates * batch, length, rng)
            training.fit(model, x, y, batch_size=batch, shuffle=False)
    x, y = task.draw(settings.tests, length, rng)
    return {
        "loss": float(model.evaluate(x, y, batch_size=64, verbose=0)),
        "losses": training.curve.history["loss"],
        "updates_at": training.curve.updates,
        "seconds": run.seconds - before,
    }


def run_benchmark(task: Benchmark, settings: BenchmarkSettings, run: Run) -> Outcome:
    """Trains every cell with every bias at every T."""
    places = {
        f"{cell}, {bias}, T = {length}": (cell, bias, length)
        for length in settings.lengths
        for cell in CELLS
        for bias in BIASES
    }
    results = run.each_once(
        list(places),
        lambda label, rng: train(task, settings, run, *places[label], label, rng),
    )
    rows = [
        Row(cell, bias, length, task.no_memory(length), **result)
        for (cell, bias, length), result in zip(places.values(), results, strict=True)
    ]
    answer = _answer(task, rows)
    remembered = 100.0 * sum(row.remembers for row in rows) / len(rows)
    figures = {f"loss, {row.name}, T = {row.length}": row.loss for row in rows}
    return Outcome.with_answer(
        answer,
        run.seed,
        {"remembered": remembered, **figures},
        lambda title: _draw(title, rows),
        table=_table(task, rows),
    )


def _answer(task: Benchmark, rows: Sequence[Row]) -> str:
    """Returns the T over which each cell and bias remembers, and a comparison with table 1."""
    parts = []
    for name in dict.fromkeys(row.name for row in rows):
        mine = [row for row in rows if row.name == name]
        good = [str(row.length) for row in mine if row.remembers]
        parts.append(f"{name}: {'T = ' + ', '.join(good) if good else 'no T'}")
    text = (
        f"A test loss below {100 * REMEMBERS:.0f} % of the score without memory was reached as "
        f"follows: {'; '.join(parts)}."
    )
    for cell, published in task.published.items():
        at = [r for r in rows if r.cell == cell and r.length == task.published_length]
        if at:
            ours = " and ".join(f"{row.figure} with {row.bias} bias" for row in at)
            text += (
                f" At T = {task.published_length}, Bai et al. (2018) report {published:.3g} for "
                f"the {cell}; the test loss of ours is {ours}."
            )
    return text


def _table(task: Benchmark, rows: Sequence[Row]) -> list[list[str]]:
    """Returns the headings, our rows, and the rows of table 1."""
    headings = [
        "cell",
        "bias",
        "T",
        "test loss",
        "without memory",
        "ratio",
        "verdict",
        "updates",
        "seconds",
    ]
    table = [headings]
    for row in rows:
        table.append(
            [
                *(row.cell, row.bias, str(row.length)),
                f"{row.loss:.3g}",
                f"{row.no_memory:.3g}",
                f"{100 * row.share:.3g} %",
                row.verdict,
                f"{row.updates_at[-1]:,}",
                f"{row.seconds:.1f}",
            ]
        )
    length = task.published_length
    for cell, loss in task.published.items():
        score = task.no_memory(length)
        verdict = "remembers" if loss < REMEMBERS * score else "no memory"
        table.append(
            [
                *(f"{cell}, Bai et al. 2018", "", str(length), f"{loss:.3g}", f"{score:.3g}"),
                *(f"{100 * loss / score:.3g} %", verdict, "", ""),
            ]
        )
    return table


# ---- the picture -------------------------------------------------------------------------------


def _draw(title: str, rows: Sequence[Row]) -> Figure:
    """Draws the training loss over the updates, in a diagram for every T."""
    figure, body = plotting.titled_figure(title, 5.2)
    lengths = list(dict.fromkeys(row.length for row in rows))
    grid: Sequence[Axes] = body.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    for axes, length in zip(grid, lengths, strict=True):
        _draw_length(axes, [row for row in rows if row.length == length])
    log_axis(grid[0])
    grid[0].set_ylabel("training loss / score without memory", fontsize=10.5, color=INK)
    legend_above(body, grid)
    return figure


def _draw_length(axes: Axes, rows: Sequence[Row]) -> None:
    """Draws one T; the usual bias is dashed; the last mark is the test, hollow without memory."""
    style_axes(axes, title=f"T = {rows[0].length}", xlabel="updates")
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    for colour, row in zip(SERIES_COLOURS, rows, strict=False):
        style = "--" if row.bias == "usual" else "-"
        relative = [loss / row.no_memory for loss in row.losses]
        label = f"{row.cell}, {row.bias} bias"
        axes.plot(row.updates_at, relative, style, color=colour, linewidth=1.5, label=label)
        axes.plot(
            row.updates_at[-1],
            row.share,
            marker="o",
            color=colour,
            markerfacecolor=colour if row.remembers else "white",
            clip_on=False,
        )
    axes.axhline(1, color=INK, linestyle=":", linewidth=1.2, label="score without memory")
    test: dict[str, Any] = {"linestyle": "", "marker": "o", "color": GREY}
    axes.plot([], [], **test, label="test: below 90 % of it")
    axes.plot([], [], **test, markerfacecolor="white", label="test: no better")


# ---- the experiments ---------------------------------------------------------------------------


def loss_headline(length: int, statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": the loss of the chrono LSTM at the published T if that was run."""
    name = f"loss, LSTM, chrono, T = {length}"
    if name not in statistics:
        return f"{statistics['remembered'].text(0)} % of the networks remember"
    return f"LSTM {statistics[name].mean:.3g} with chrono bias"
