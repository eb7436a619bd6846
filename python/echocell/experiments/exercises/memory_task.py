"""The networks of the memory exercises, and functions for their answers and pictures.

From Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python"
(2017), section "Extensions": two sequences that end with their first value. The sequences are in
`echocell.tasks.middles`.

Legend: B samples, T time steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echocell.experiments.run.experiment import Published
from echocell.experiments.run.point import Rows
from echocell.experiments.run.sweep_plot import Panel
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam

EXERCISE = Published(
    "none (open exercise)",
    'Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python" '
    '(2017), "Extensions"',
)


@dataclass(frozen=True)
class Way:
    """A way to train a network on both sequences.

    Attributes:
        name: the name in tables.
        every_step: whether the next value is predicted at every step, or only the last value at the
            end.
        one_step: whether there is an update for each step and gradients go back no further, as in
            the experiment `memory`, with the state carried from step to step; otherwise there is
            one update per pass over both sequences, with the gradient through all steps.
        gates: the gates of the LSTM; "io" is the cell of 1997 without a forget gate.
        open_forget: whether the bias of the forget gate starts at ln m for m values in the middle,
            so that the cell initially keeps a share of m / (m + 1) from step to step; otherwise at
            1.
    """

    name: str
    every_step: bool = True
    one_step: bool = False
    gates: str = "ifo"
    open_forget: bool = False


def build(n_values: int, units: int, learning_rate: float, way: Way) -> Sequential:
    """Returns a compiled model: one-hot [B, T, n_values] -> the next values, or the last one."""
    model = Sequential()
    model.add(
        LSTM(
            units,
            gates=way.gates,
            return_sequences=way.every_step,
            input_shape=(None, n_values),
        )
    )
    model.add(Dense(n_values, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate))
    return model


def reach(rows: Rows, counts: Sequence[int]) -> str:
    """Returns the shortest middle at which each row failed, and the longer ones that it learned."""
    texts = []
    for name, points in rows.items():
        ordered = sorted(zip(counts, points, strict=True), key=lambda pair: pair[0])
        failed = [count for count, point in ordered if not point.solved]
        beyond = [count for count, p in ordered if failed and p.solved and count > failed[0]]
        text = f"{failed[0] if failed else 'none'} for {name}"
        if beyond:
            text += f" ({', '.join(map(str, beyond))} learned again)"
        texts.append(text)
    return "; ".join(texts)


def steps_panel(rows: Rows, counts: Sequence[int]) -> Panel:
    """Returns the panel of the time steps read until learned, by the values in the middle."""
    series = {
        name: [((m + 1.0) * p.samples, p.solved) for m, p in zip(counts, row, strict=True)]
        for name, row in rows.items()
    }
    axis = "values between the first and the last one"
    return Panel("time steps read until the task was learned", axis, counts, series)
