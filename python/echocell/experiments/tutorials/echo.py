"""echo and echo-current: return an integer of a sequence, with and without a need for memory.

Legend: B samples, V = n_values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.measures import percent_correct, trace_first
from echocell.experiments.run.running import Curve, Run
from echocell.experiments.run.settings import Settings
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import echo
from echocell.tasks.encoding import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class EchoSettings(Settings):
    """Settings of echo.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        out_index: position of the integer that is the answer.
        units: units of the LSTM.
        updates: training sequences, one update each.
        tests: test sequences.
    """

    FROM_ZERO = ("out_index",)

    length: int = 5
    n_values: int = 10
    out_index: int = 2
    units: int = 25
    updates: int = 10_000
    tests: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.out_index >= self.length:
            raise ValueError(f"out_index: expected 0..{self.length - 1}, received {self.out_index}")


@dataclass(frozen=True)
class EchoCurrentSettings(Settings):
    """Settings of echo-current.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        units: units of the LSTM.
        sequences: training sequences, `length` updates each.
        tests: test sequences.
    """

    length: int = 25
    n_values: int = 100
    units: int = 15
    sequences: int = 500
    tests: int = 100


def build(steps: int, n_values: int, units: int, bias: str = "zeros") -> Sequential:
    """Returns a compiled model: one-hot [B, steps, V] -> probabilities of the values [B, V].

    bias: the initializer of the LSTM's bias.
    """
    model = Sequential()
    model.add(LSTM(units, input_shape=(steps, n_values), bias_initializer=bias))
    model.add(Dense(n_values, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def run_echo(settings: EchoSettings, run: Run) -> Outcome:
    """Trains on new sequences, one update each, and tests on new ones."""
    shape = (settings.length, settings.n_values, settings.out_index)
    x, y = echo.generate_examples(settings.updates, *shape, rng=run.rng)
    model = build(settings.length, settings.n_values, settings.units)
    with run.training(settings.updates) as training:
        training.fit_once(model, x, y, batch_size=1)
    x, y = echo.generate_examples(settings.tests, *shape, rng=run.rng)
    expected = echo.one_hot_decode(y)
    predicted = echo.one_hot_decode(model.predict(x, verbose=0))
    accuracy = percent_correct(expected, predicted)

    def draw(title: str) -> Figure:
        silent = [None] * (settings.length - 1)
        sequence = echo.one_hot_decode(x[0])
        return plotting.plot_experiment(
            title,
            curve=training.curve,
            example="one test sequence",
            sequence=sequence,
            expected=[*silent, expected[0]],
            predicted=[*silent, predicted[0]],
            trace=plotting.first_sample(trace_first(model, x[:1])),
            labels=sequence,
            time="time step (its input value)",
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


def run_echo_current(settings: EchoCurrentSettings, run: Run) -> Outcome:
    """Trains on the integers of new sequences one by one, and tests on new sequences."""
    # Samples are independent of each other: several sequences make one long sequence.
    x, y = echo.generate_current_example(
        settings.sequences * settings.length, settings.n_values, run.rng
    )
    model = build(1, settings.n_values, settings.units)
    with run.training(len(x)) as training:
        training.fit_once(model, x, y, batch_size=1)
    x, y = echo.generate_current_example(
        settings.tests * settings.length, settings.n_values, run.rng
    )
    expected = echo.one_hot_decode(y)
    predicted = echo.one_hot_decode(model.predict(x, verbose=0))
    accuracy = percent_correct(expected, predicted)

    def draw(title: str) -> Figure:
        return _draw_current(
            title,
            training.curve,
            model,
            x[: settings.length],
            expected[: settings.length],
            predicted[: settings.length],
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


def _draw_current(
    title: str,
    curve: Curve,
    model: Sequential,
    x: Floats,
    expected: Integers,
    predicted: Integers,
) -> Figure:
    return plotting.plot_experiment(
        title,
        curve=curve,
        example="one test sequence",
        sequence=expected,
        expected=expected,
        predicted=predicted,
        trace=plotting.last_steps(trace_first(model, x)),
        labels=expected,
        time="sample (its input value)",
    )


ECHO = Experiment(
    name="echo",
    summary="return the integer at index 2 of five (memory within a sequence)",
    takeaway=(
        "An LSTM learns to keep the one value that it is asked for, regardless of the values "
        "around it."
    ),
    published=Published(
        "100 %", 'Jason Brownlee, "Long Short-Term Memory Networks With Python" (2017)'
    ),
    settings=EchoSettings(),
    run=run_echo,
)

ECHO_CURRENT = Experiment(
    name="echo-current",
    summary="return the integer just read, one time step per sample (no memory needed)",
    takeaway=(
        "The answer is the input itself, so a network without recurrence solves this task as well."
    ),
    published=Published(
        "100 %",
        'Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017)',
    ),
    settings=EchoCurrentSettings(),
    run=run_echo_current,
)
