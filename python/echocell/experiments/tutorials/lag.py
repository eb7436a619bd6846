"""echo-lag-stateful and echo-lag-window: return the previous integer of a sequence.

The samples of the stateful form do not contain the previous integer, those of the window form do.

Legend: B samples of a batch, V = n_values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.measures import percent_correct, trace_carried, trace_first
from echocell.experiments.run.running import Run, Training
from echocell.experiments.run.settings import Settings
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import lag
from echocell.tasks.encoding import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Example = tuple[Floats, Floats]

SOURCE = 'Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017)'


@dataclass(frozen=True)
class LagStatefulSettings(Settings):
    """Settings of echo-lag-stateful.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        units: units of the LSTM.
        batch: samples per update, a divisor of the length - 1 samples of a sequence.
        sequences: training sequences.
        tests: test sequences.
    """

    length: int = 25
    n_values: int = 100
    units: int = 50
    batch: int = 6
    sequences: int = 2000
    tests: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_batch(self.batch, self.length - 1)


@dataclass(frozen=True)
class LagWindowSettings(Settings):
    """Settings of echo-lag-window.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        steps: integers in a window, the time steps of a sample.
        units: units of the LSTM.
        batch: samples per update, a divisor of the length - steps samples of a sequence.
        sequences: training sequences.
        tests: test sequences.
    """

    length: int = 25
    n_values: int = 100
    steps: int = 5
    units: int = 50
    batch: int = 5
    sequences: int = 2000
    tests: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_batch(self.batch, self.length - self.steps)


def build(batch: int, steps: int, n_values: int, units: int) -> Sequential:
    """Returns a compiled model: one-hot [B, steps, V] -> probabilities of the values [B, V].

    The state is carried from batch to batch until it is reset.
    """
    model = Sequential()
    model.add(LSTM(units, batch_input_shape=(batch, steps, n_values), stateful=True))
    model.add(Dense(n_values, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def run_stateful(settings: LagStatefulSettings, run: Run) -> Outcome:
    """Trains and tests with one step per sample and the state carried between batches."""
    model = build(settings.batch, 1, settings.n_values, settings.units)

    def example() -> Example:
        return lag.generate_pairs(settings.length, settings.n_values, run.rng)

    training = _train(model, example, settings.sequences, settings.batch, run)
    accuracy, x, expected, predicted = _test(model, example, settings.tests, settings.batch)

    def draw(title: str) -> Figure:
        inputs = lag.one_hot_decode(x[:, 0])
        return plotting.plot_experiment(
            title,
            curve=training.curve,
            example="one test sequence",
            sequence=inputs,
            expected=expected,
            predicted=predicted,
            trace=trace_carried(model, x, settings.batch),
            labels=inputs,
            time="sample (its input value); lines separate the batches",
            breaks=range(settings.batch, len(x), settings.batch),
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


def run_window(settings: LagWindowSettings, run: Run) -> Outcome:
    """Trains and tests with the last integers as the time steps of a sample."""
    model = build(settings.batch, settings.steps, settings.n_values, settings.units)

    def example() -> Example:
        return lag.generate_windows(settings.length, settings.n_values, settings.steps, run.rng)

    training = _train(model, example, settings.sequences, settings.batch, run)
    accuracy, x, expected, predicted = _test(model, example, settings.tests, settings.batch)

    def draw(title: str) -> Figure:
        # The first window of a sequence starts from a state of zeros, as `trace` does.
        window = lag.one_hot_decode(x[0])
        return plotting.plot_experiment(
            title,
            curve=training.curve,
            example="one test sequence, shown as the last value of each window",
            sequence=lag.one_hot_decode(x[:, -1]),
            expected=expected,
            predicted=predicted,
            trace=plotting.first_sample(trace_first(model, x[: settings.batch])),
            labels=window,
            time="time step of the first window (its input value)",
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


def _train(
    model: Sequential, example: Callable[[], Example], sequences: int, batch: int, run: Run
) -> Training:
    """Trains sequence by sequence; resets the state after each, as the published script does."""
    data = [example() for _ in range(sequences)]
    updates = sum(len(x) for x, _ in data) // batch
    with run.training(updates) as training:
        for x, y in data:
            training.fit(model, x, y, batch_size=batch, shuffle=False)
            model.reset_states()
    return training


def _test(
    model: Sequential, example: Callable[[], Example], tests: int, batch: int
) -> tuple[float, Floats, Integers, Integers]:
    """Returns the accuracy in percent; inputs, answers and predictions of the first test."""
    data = [example() for _ in range(tests)]
    expected = [lag.one_hot_decode(y) for _, y in data]
    predicted = []
    for x, _ in data:
        predicted.append(lag.one_hot_decode(model.predict(x, batch_size=batch, verbose=0)))
        model.reset_states()
    return percent_correct(expected, predicted), data[0][0], expected[0], predicted[0]


def _check_batch(batch: int, samples: int) -> None:
    if samples < 1 or samples % batch:
        raise ValueError(
            f"batch: expected a divisor of the {samples} samples of a sequence, received {batch}"
        )


ECHO_LAG_STATEFUL = Experiment(
    name="echo-lag-stateful",
    summary="return the previous integer, one time step per sample, state carried (fails)",
    takeaway=(
        "This cannot be learned: row i of a batch continues in row i of the next batch, six "
        "values later, and no gradient crosses the boundary between batches, so the previous "
        "value never reaches the row that needs it."
    ),
    published=Published("0 %", SOURCE),
    settings=LagStatefulSettings(),
    run=run_stateful,
)

ECHO_LAG_WINDOW = Experiment(
    name="echo-lag-window",
    summary="return the previous integer, given the last five as time steps (succeeds)",
    takeaway=(
        "The same network learns the task when the previous value is among the time steps of the "
        "sample, because gradients reach back over the steps of a sample, but no further."
    ),
    published=Published("100 %", SOURCE),
    settings=LagWindowSettings(),
    run=run_window,
)
