"""gates: the gates and the cell of one unit at every step of the memory task.

A small LSTM reads the sequences of the experiment `memory` and predicts every next value, trained
with the gradient through whole sequences. The experiment then examines one unit, the carrier: the
unit that contributes most to the difference between the scores of the two possible last values, by
its output at the last step times the weights of the output layer. At each step the state of its
cell, c(t) = f(t) c(t-1) + i(t) g(t), is the sum of a kept and a written part.

Legend: T time steps, H units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published, percent_headline
from echocell.experiments.run.measures import Array, percent_correct, trace_first
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.plotting.style import legend_above
from echocell.tasks import memory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (plotting.BLUE, plotting.RED)
_NAMES = {
    "i": "input gate i: how much is written",
    "g": "candidate g: what would be written",
    "f": "forget gate f: how much is kept",
    "c": "cell c = f c(t-1) + i g",
    "o": "output gate o: how much is shown",
    "h": "output h = o tanh(c)",
}


@dataclass(frozen=True)
class GatesSettings(Settings):
    """Settings of gates; docs/experiments.md describes their choice.

    Attributes:
        length: values of a sequence, including the first and the last one.
        units: units of the LSTM.
        epochs: passes over both sequences, one update each.
        rate: learning rate of Adam.
    """

    POSITIVE = ("rate",)

    length: int = 5
    units: int = 6
    epochs: int = 1000
    rate: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length < 3:
            raise ValueError(f"length: expected at least 3, received {self.length}")


@dataclass(frozen=True)
class UnitTrace:
    """The trace of the trained network and the choice of the carrier.

    Attributes:
        sequences: both sequences [2, T + 1].
        predicted: the predicted values [2, T].
        unit: the index of the carrier.
        trace: name -> gates and states [2, T, H].
        lead: the contribution of each unit to the score of its sequence's own last value minus that
            of the other one [2, T, H].
    """

    sequences: Array
    predicted: Array
    unit: int
    trace: dict[str, Array]
    lead: Array

    def of(self, name: str) -> Array:
        """Returns a quantity of the carrier, [2, T]."""
        values: Array = self.trace[name][:, :, self.unit]
        return values

    @property
    def kept(self) -> Array:
        """The kept part of the carrier's cell, f(t) c(t-1), [2, T]."""
        cell = self.of("c")
        before = np.concatenate([np.zeros((2, 1)), cell[:, :-1]], axis=1)
        return np.asarray(self.of("f") * before)

    @property
    def written(self) -> Array:
        """The written part of the carrier's cell, i(t) g(t), [2, T]."""
        return np.asarray(self.of("i") * self.of("g"))


def run_gates(settings: GatesSettings, run: Run) -> Outcome:
    """Trains on both sequences and traces the carrier."""
    firsts = (settings.length - 2, settings.length - 1)
    sequences = np.array([memory.generate_sequence(first, settings.length) for first in firsts])
    encoded = np.stack([memory.one_hot_encode(s, settings.length) for s in sequences])
    x, y = encoded[:, :-1], encoded[:, 1:]
    model = Sequential(
        [
            LSTM(settings.units, return_sequences=True, input_shape=x.shape[1:]),
            Dense(settings.length, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=Adam(settings.rate))
    with run.training(settings.epochs) as training:
        training.fit(model, x, y, batch_size=2, epochs=settings.epochs, shuffle=False)
    carrier = _trace_carrier(model, sequences, x)
    accuracy = percent_correct(sequences[:, 1:], carrier.predicted)
    answer = _answer(carrier)
    return Outcome.with_answer(
        answer,
        run.seed,
        {"accuracy": accuracy, "left": 100 * _left(carrier)},
        lambda title: _draw(title, carrier),
        perfect=accuracy == 100,
        table=_table(carrier),
    )


def _trace_carrier(model: Sequential, sequences: Array, x: Array) -> UnitTrace:
    trace = {name: np.asarray(v, np.float64) for name, v in trace_first(model, x).items()}
    head = np.asarray(model.get_weights()[-2], np.float64)
    direction = head[:, sequences[0, -1]] - head[:, sequences[1, -1]]  # [H]
    lead = trace["h"] * direction * np.array([1.0, -1.0])[:, np.newaxis, np.newaxis]
    unit = int(np.argmax(lead[:, -1].sum(axis=0)))
    predicted = np.asarray(model.predict(x, verbose=0)).argmax(axis=-1)
    return UnitTrace(sequences, predicted, unit, trace, lead)


def _left(carrier: UnitTrace) -> float:
    """Returns the share of the first step's writing that the later forget gates keep.

    This is the product of the means of the carrier's forget gate over the two sequences.
    """
    return float(np.prod(carrier.of("f")[:, 1:].mean(axis=0)))


def _answer(carrier: UnitTrace) -> str:
    """Returns sentences on the carrier: its state, its gates, the origin of the difference."""
    cell, forget, inward, outward = (carrier.of(name) for name in "cfio")
    first, last = carrier.sequences[:, 0], carrier.sequences[:, -1]
    right = bool((carrier.predicted[:, -1] == last).all())
    share = carrier.lead[:, -1].sum(axis=0)
    part = 100 * share[carrier.unit] / max(float(np.abs(share).sum()), 1e-12)
    return (
        f"{'The last values are correct' if right else 'Not learned: a last value is wrong'}. "
        f"Unit {carrier.unit + 1} distinguishes the sequences most ({part:.0f} % of the "
        f"contributions of all units). On reading {first[0]} it stores {cell[0, 0]:+.2f} in its "
        f"cell, on reading {first[1]} {cell[1, 0]:+.2f} (input gate {inward[0, 0]:.2f} and "
        f"{inward[1, 0]:.2f}); at the last step the cell states are {cell[0, -1]:+.2f} and "
        f"{cell[1, -1]:+.2f}. After the first step the forget gate is between "
        f"{forget[:, 1:].min():.2f} and {forget[:, 1:].max():.2f}, which keeps "
        f"{100 * _left(carrier):.0f} % of what was stored first. {_origin(carrier)} The output "
        f"gate is {outward[:, :-1].mean():.2f} on average before the last step and "
        f"{outward[:, -1].mean():.2f} at the last step."
    )


def _origin(carrier: UnitTrace) -> str:
    """Returns the part of the final difference between the cells that the first step wrote.

    c(T) is the sum over the steps of the written part times the later forget gates.
    """
    cell, since = carrier.of("c"), np.prod(carrier.of("f")[:, 1:], axis=1)
    first = cell[:, 0] * since
    return (
        f"Of the final difference between the two cell states, {cell[0, -1] - cell[1, -1]:+.2f}, "
        f"{first[0] - first[1]:+.2f} was stored at the first step and kept in this cell; the rest "
        "was stored later, when only the recurrent input distinguished the sequences."
    )


def _description(carrier: UnitTrace, t: int) -> str:
    """Returns a description of the carrier's gates at a step, over both sequences."""
    parts = []
    if t > 0:
        forget = float(carrier.of("f")[:, t].mean())
        parts.append("keeps" if forget > 0.8 else "forgets" if forget < 0.2 else "keeps a part")
    strength = float(np.abs(carrier.written[:, t]).max())
    parts.append("writes" if strength > 0.2 else "writes little")
    shown = float(carrier.of("o")[:, t].mean())
    parts.append("shows" if shown > 0.8 else "hides" if shown < 0.2 else "shows a part")
    return ", ".join(parts)


def _table(carrier: UnitTrace) -> list[list[str]]:
    """Returns the headings and a row for each step of both sequences."""
    headings = ["sequence", "reads", "i", "g", "written: i g", "f", "kept: f c", "c", "o", "h"]
    headings += ["predicted", "expected"]
    columns = [carrier.of("i"), carrier.of("g"), carrier.written, carrier.of("f"), carrier.kept]
    columns += [carrier.of("c"), carrier.of("o"), carrier.of("h")]
    rows = [
        [
            " ".join(map(str, sequence)),
            str(sequence[t]),
            *(f"{column[row, t]:+.2f}" for column in columns),
            str(carrier.predicted[row, t]),
            str(sequence[t + 1]),
        ]
        for row, sequence in enumerate(carrier.sequences)
        for t in range(len(sequence) - 1)
    ]
    return [headings, *rows]


# ---- the picture -------------------------------------------------------------------------------


def _draw(title: str, carrier: UnitTrace) -> Figure:
    figure, body = plotting.titled_figure(title, 9)
    grid = body.subplots(4, 2, sharex=True)
    for axes, (name, label) in zip(grid.flat, _NAMES.items(), strict=False):
        _draw_values(axes, carrier, carrier.of(name), label)
        axes.set_ylim((-0.15, 1.25) if name in "ifo" else _around(carrier.of(name)))
    low, _ = grid[1, 1].get_ylim()
    for t in range(carrier.kept.shape[1]):
        grid[1, 1].text(t, low, _description(carrier, t), ha="center", va="bottom", fontsize=9)
    _draw_values(grid[3, 0], carrier, carrier.kept, "kept, f c(t-1)")
    grid[3, 0].set_ylim(_around(carrier.kept))
    lead = carrier.lead.sum(axis=0).T  # [H, T]
    _draw_units(grid[3, 1], carrier, lead)
    for axes in grid[3]:
        axes.set_xlabel("step: value read, and the next value to be predicted", fontsize=10.5)
    legend_above(body, [grid[0, 0]])
    return figure


def _around(values: Array) -> tuple[float, float]:
    """Returns limits that leave space for the numbers above and below the lines."""
    high = max(0.3, float(np.abs(values).max()))
    return -2.0 * high, 1.45 * high


def _draw_values(axes: Axes, carrier: UnitTrace, values: Array, title: str) -> None:
    """Draws a line for each sequence, with each value next to its mark."""
    plotting.style_axes(axes, title=f"unit {carrier.unit + 1}, {title}")
    above = values[0] >= values[1]
    for row, colour in enumerate(_COLOURS):
        name = "sequence " + " ".join(map(str, carrier.sequences[row]))
        axes.plot(values[row], "os"[row] + "-", color=colour, linewidth=1.6, label=name)
        for t, value in enumerate(values[row]):
            up = bool(above[t]) == (row == 0)
            axes.annotate(
                f"{value:.2f}",
                (t, value),
                (0, 8 if up else -8),
                textcoords="offset points",
                ha="center",
                va="bottom" if up else "top",
                fontsize=9,
                color=colour,
            )
    steps = values.shape[1]
    axes.set_xlim(-0.4, steps - 0.6)
    axes.set_xticks(range(steps), _steps(carrier))


def _steps(carrier: UnitTrace) -> list[str]:
    """Returns for each step the value read and the value to be predicted."""
    texts = []
    for t in range(carrier.sequences.shape[1] - 1):
        read, due = (
            " or ".join(map(str, dict.fromkeys(carrier.sequences[:, place].tolist())))
            for place in (t, t + 1)
        )
        texts.append(f"reads {read}\nnext {due}")
    return texts


def _draw_units(axes: Axes, carrier: UnitTrace, lead: Array) -> None:
    """Draws the contribution of each unit to the score of the correct last value."""
    plotting.style_axes(axes, title="all units: contribution of h to the correct last value")
    high = max(float(np.abs(lead).max()), 1e-6)
    axes.imshow(lead, aspect="auto", cmap="RdBu_r", vmin=-high, vmax=high)
    axes.grid(False)
    for (unit, t), value in np.ndenumerate(lead):
        colour = "white" if abs(value) > 0.6 * high else plotting.INK
        axes.text(t, unit, f"{value:+.1f}", ha="center", va="center", fontsize=9, color=colour)
    units: list[Any] = list(range(len(lead)))
    axes.set_yticks(units, [f"unit {unit + 1}" for unit in units])


GATES = Experiment(
    name="gates",
    summary="what each gate and the cell do at every step of the memory task",
    takeaway=(
        "The first value has to survive the steps in between. The gates of one unit show how: "
        "what its cell keeps, what is stored again from the recurrent input, and what it outputs."
    ),
    published=Published(
        "the gates write, protect and read the cell",
        'S. Hochreiter & J. Schmidhuber, "Long Short-Term Memory" (1997); the forget gate: Gers, '
        "Schmidhuber & Cummins (2000)",
    ),
    settings=GatesSettings(),
    headline=lambda statistics: f"{percent_headline(statistics)} of the next values",
    run=run_gates,
    group="exercises",
    takes=1,
)
