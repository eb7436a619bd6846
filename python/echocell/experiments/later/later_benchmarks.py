"""Adding and copying over hundreds of steps: the benchmarks of later papers, by initial bias.

Two tasks that a network without memory cannot do, whose score without memory is known:

- adding (`tasks.adding.generate_adding_benchmark`): the sum of two marked numbers among T, mean
  squared error; always answering 1 scores 1/6.
- copy memory (`tasks.copying`): ten symbols of eight, given back T steps later, crossentropy as the
  mean over all T + 20 steps; who knows the time but no symbol scores 10 ln 8 / (T + 20).

The published figures are those of Bai, Kolter and Koltun, "An Empirical Evaluation of Generic
Convolutional and Recurrent Networks for Sequence Modeling" (2018), table 1; their networks are
larger (about 70,000 and 16,000 weights). The two tasks are older: Hochreiter and Schmidhuber (1997)
and, in this form, Arjovsky, Shah and Bengio, "Unitary Evolution Recurrent Neural Networks" (2016).

LSTM and GRU begin either with the usual bias (zeros, but 1 for the forget gate of the LSTM) or with
the chrono bias of Tallec and Ollivier, "Can recurrent neural networks warp time?" (2018), for up to
T steps. All else is the same for every row of a task.

Decided here, once for all rows of a task, after trials with a few other seeds: one layer of 32
units; Adam with a learning rate that falls in 50 equal steps towards 0; small batches, since for as
many sequences, and about as many seconds, more updates learned more; gradients clipped to a norm of
1 for each weight array. Even so a training leaps back at times, as the curves show; over a thousand
steps what an LSTM learns to copy in this budget differs from seed to seed. A gradient may even
leave the numbers of single precision, which no clipping mends: that row says "diverged", without a
second try. Every sequence of the training is new; the test is on sequences of its own. A row counts
as remembering where its test loss is below 90 % of the score without memory: on 2000 tests of the
adding task that is almost four standard deviations below what always answering 1 scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run import falling_rate
from echocell.experiments.run.base import Experiment, Outcome, Published, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts, check_positive
from echocell.initializers import Chrono
from echocell.layers import GRU, LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.plotting.style import GREY, INK, SERIES_COLOURS, legend_above, log_axis, style_axes
from echocell.tasks import adding, copying
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic

CELLS: dict[str, type[LSTM] | type[GRU]] = {"LSTM": LSTM, "GRU": GRU}
BIASES = ("usual", "chrono")
# The share of the score without memory below which a row counts as remembering.
REMEMBERS = 0.9
TABLE_1 = (
    "Shaojie Bai, J. Zico Kolter and Vladlen Koltun, "
    '"An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence '
    'Modeling" (2018), table 1'
)


@dataclass(frozen=True)
class Settings:
    """lengths: T, each trained anew; updates: of every training, no more and no less; tests: fresh
    sequences of the final test; learning_rate: at the start; clipnorm: the longest that the
    gradient of a weight array may be.
    """

    lengths: tuple[int, ...]
    updates: int
    batch_size: int
    tests: int
    units: int = 32
    learning_rate: float = 0.01
    clipnorm: float = 1.0

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.lengths) < 2:
            raise ValueError(f"lengths: expected at least 2, received {min(self.lengths)}")
        check_positive(self, "learning_rate", "clipnorm")


@dataclass(frozen=True)
class Task:
    """What is learned: `draw(count, T, rng)` gives x and y; `no_memory(T)` the score without
    memory; published: the loss that table 1 prints for each cell, at published_length.
    """

    draw: Callable[[int, int, np.random.Generator], tuple[Floats, Floats]]
    no_memory: Callable[[int], float]
    features: int
    outputs: int
    loss: str
    published_length: int
    published: Mapping[str, float]

    def build(self, settings: Settings, cell: str, bias: str, length: int) -> Sequential:
        """The network of a row. An answer at every step where the targets are one-hot."""
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
    """What came out for a cell, a bias and a T. losses: the mean over each part of the training, at
    updates_at; loss: of the test.
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
        """Cell and bias."""
        return f"{self.cell}, {self.bias}"

    @property
    def share(self) -> float:
        """The test loss, of that without memory."""
        return self.loss / self.no_memory

    @property
    def remembers(self) -> bool:
        """Whether the test loss needs a memory."""
        return self.share < REMEMBERS

    @property
    def verdict(self) -> str:
        """What the test loss says, in two words at most."""
        if not math.isfinite(self.loss):
            return "diverged"
        return "remembers" if self.remembers else "no memory"

    @property
    def figure(self) -> str:
        """The test loss, for a sentence."""
        return f"{self.loss:.3g}" if math.isfinite(self.loss) else "none (diverged)"


def train(
    task: Task,
    settings: Settings,
    run: Run,
    cell: str,
    bias: str,
    length: int,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains a row and tests it; gives the fields of a Row that are measured."""
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


def run_task(task: Task, settings: Settings, run: Run) -> Outcome:
    """Every cell with every bias at every T."""
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

    def draw(title: str) -> Figure:
        return _draw(f"{title}\n{answer}", rows)

    return Outcome(
        {
            "remembered": remembered,
            **{f"loss, {row.name}, T = {row.length}": row.loss for row in rows},
        },
        draw,
        notes=(f"Answer (seed {run.seed}): {answer}",),
        table=_table(task, rows),
    )


def _answer(task: Task, rows: Sequence[Row]) -> str:
    """Which T each cell and bias remembers over, and how ours compares with table 1."""
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


def _table(task: Task, rows: Sequence[Row]) -> list[list[str]]:
    """Heads, rows of ours, and those of table 1."""
    heads = [
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
    table = [heads]
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
    """The training loss over the updates, a diagram for every T."""
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
    """The usual bias is dashed; the mark at the end is the test, hollow without memory."""
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


def _headline(length: int, statistics: Mapping[str, Statistic]) -> str:
    """The column "ours": the chrono LSTM at the published T, where that was run."""
    name = f"loss, LSTM, chrono, T = {length}"
    if name not in statistics:
        return f"{statistics['remembered'].text(0)} % of the networks remember"
    return f"LSTM {statistics[name].mean:.3g} with chrono bias"


_ADDING = Task(
    draw=adding.generate_adding_benchmark,
    no_memory=lambda length: 1 / 6,
    features=2,
    outputs=1,
    loss="mean_squared_error",
    published_length=600,
    published={"LSTM": 0.164, "GRU": 5.3e-5},
)
_COPYING = Task(
    draw=lambda count, length, rng: copying.generate_examples(count, length, rng=rng),
    no_memory=copying.memoryless_score,
    features=copying.SYMBOLS + 2,
    outputs=copying.SYMBOLS + 2,
    loss="categorical_crossentropy",
    published_length=1000,
    published={"LSTM": 0.0204, "GRU": 0.0197},
)
ADDING_LATER = Experiment(
    name="adding-later",
    summary="add two marked numbers among 200 to 1000, LSTM and GRU, usual and chrono bias",
    shows="The gradient has to reach back over all time steps, as far as the gates let it.",
    published=Published("LSTM 0.164 at T = 600", TABLE_1),
    settings=Settings(lengths=(200, 400, 600, 1000), updates=5000, batch_size=8, tests=2000),
    headline=partial(_headline, 600),
    run=partial(run_task, _ADDING),
    group="later",
    takes=110,
)
COPY_MEMORY = Experiment(
    name="copy-memory",
    summary="return ten symbols after 100 to 1000 steps, LSTM and GRU, usual and chrono bias",
    shows="Ten symbols have to be kept in their order while the input gives no hint of them.",
    published=Published("LSTM 0.0204 at T = 1000", TABLE_1),
    settings=Settings(lengths=(100, 300, 1000), updates=50_000, batch_size=1, tests=500),
    headline=partial(_headline, 1000),
    run=partial(run_task, _COPYING),
    group="later",
    takes=170,
)
LATER_BENCHMARKS = (ADDING_LATER, COPY_MEMORY)
