"""memory: predict the values of two sequences that only their first value distinguishes.

The sequences (`echocell.tasks.memory`) are task 2a of Hochreiter and Schmidhuber, "Long Short-Term
Memory" (1997), with p = 4, which RTRL learned in 78 % of the trials in that paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published, percent_headline
from echocell.experiments.run.measures import percent_correct, trace_carried
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import memory
from echocell.tasks.encoding import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class MemorySettings(Settings):
    """Settings of memory.

    Attributes:
        units: units of the LSTM.
        epochs: passes over both sequences, one update per value.
    """

    units: int = 20
    epochs: int = 250


def build(settings: MemorySettings) -> Sequential:
    """Returns a compiled stateful model: one value [1, 1, 5] -> the next one [1, 5]."""
    model = Sequential()
    model.add(LSTM(settings.units, batch_input_shape=(1, 1, memory.N_VALUES), stateful=True))
    model.add(Dense(memory.N_VALUES, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def run_memory(settings: MemorySettings, run: Run) -> Outcome:
    """Trains on both sequences in turn and measures the share of correct next values."""
    pairs = [memory.to_pairs(sequence) for sequence in memory.SEQUENCES]
    model = build(settings)
    with run.training(settings.epochs * sum(len(x) for x, _ in pairs)) as training:
        for _ in range(settings.epochs):
            for x, y in pairs:
                training.fit(model, x, y, batch_size=1, shuffle=False)
                model.reset_states()
    expected = np.concatenate([memory.one_hot_decode(y) for _, y in pairs])
    predicted = np.concatenate([_predict(model, x) for x, _ in pairs])
    accuracy = percent_correct(expected, predicted)

    def draw(title: str) -> Figure:
        inputs = [value for sequence in memory.SEQUENCES for value in sequence[:-1]]
        traces = [trace_carried(model, x, 1) for x, _ in pairs]
        return plotting.plot_experiment(
            title,
            curve=training.curve,
            example="both sequences",
            sequence=inputs,
            expected=expected,
            predicted=predicted,
            trace={name: np.concatenate([trace[name] for trace in traces]) for name in traces[0]},
            labels=inputs,
            time="time step (its input value); a line separates the two sequences",
            breaks=[len(pairs[0][0])],
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


def _predict(model: Sequential, x: Floats) -> NDArray[np.int64]:
    """Returns the next value for each value of a sequence, from a state of zeros."""
    model.reset_states()
    predicted = memory.one_hot_decode(model.predict(x, batch_size=1, verbose=0))
    model.reset_states()
    return predicted


MEMORY = Experiment(
    name="memory",
    summary="predict the next value of 3 0 1 2 3 and 4 0 1 2 4 (memory in the carried state)",
    takeaway=(
        "Each update sees a single time step, and no gradient reaches further back. Nevertheless "
        "the carried state often distinguishes the two sequences at their end, because it still "
        "holds a trace of the first value. The sequences are task 2a of Hochreiter & Schmidhuber "
        "(1997) with p = 4, which RTRL learned in 78 % of the trials in that paper."
    ),
    published=Published(
        "both sequences correct",
        'Jason Brownlee, "Demonstration of Memory with a Long Short-Term Memory Network in Python" '
        "(2017)",
    ),
    settings=MemorySettings(),
    headline=lambda statistics: f"{percent_headline(statistics)} of 8 values",
    run=run_memory,
)
