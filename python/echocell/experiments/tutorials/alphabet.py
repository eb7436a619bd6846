"""alphabet-letter, -window and -steps: predict the next letter of the alphabet.

The letters before it are one letter, three letters as features, or three letters as time steps.

Legend: B samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.measures import percent_correct, trace_first
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import alphabet
from echocell.tasks.encoding import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = (
    'Jason Brownlee, "Understanding Stateful LSTM Recurrent Neural Networks in Python with Keras" '
    "(2016)"
)


@dataclass(frozen=True)
class AlphabetSettings(Settings):
    """Settings of the three experiments.

    Attributes:
        letters: number of letters before the predicted one.
        units: units of the LSTM.
        epochs: passes over all samples, shuffled, one update per sample.
    """

    letters: int = 1
    units: int = 32
    epochs: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.letters >= len(alphabet.ALPHABET):
            raise ValueError(f"letters: expected 1..25, received {self.letters}")


def build(steps: int, features: int, units: int) -> Sequential:
    """Returns a compiled model: positions / 26 [B, steps, features] -> probabilities [B, 26]."""
    model = Sequential()
    model.add(LSTM(units, input_shape=(steps, features)))
    model.add(Dense(len(alphabet.ALPHABET), activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def run_features(settings: AlphabetSettings, run: Run) -> Outcome:
    """Trains and tests with the letters as features of one time step."""
    return _run(settings, run, alphabet.as_features)


def run_steps(settings: AlphabetSettings, run: Run) -> Outcome:
    """Trains and tests with the letters as time steps of one feature."""
    return _run(settings, run, alphabet.as_steps)


def _run(settings: AlphabetSettings, run: Run, given: Callable[[Integers], Floats]) -> Outcome:
    """Trains on every window of the alphabet and measures the accuracy on the same windows."""
    windows, expected = alphabet.generate_windows(settings.letters)
    x, y = given(windows), alphabet.one_hot_encode(expected, len(alphabet.ALPHABET))
    model = build(x.shape[1], x.shape[2], settings.units)
    with run.training(settings.epochs * len(x)) as training:
        training.fit(model, x, y, batch_size=1, epochs=settings.epochs)
    predicted = alphabet.one_hot_decode(model.predict(x, verbose=0))
    accuracy = percent_correct(expected, predicted)

    def draw(title: str) -> Figure:
        texts = [alphabet.to_letters(window) for window in windows]
        return plotting.plot_experiment(
            title,
            curve=training.curve,
            example="all samples",
            sequence=texts,
            expected=list(alphabet.to_letters(expected)),
            predicted=list(alphabet.to_letters(predicted)),
            trace=plotting.last_steps(trace_first(model, x)),
            labels=texts,
            time="sample (its letters), after the last time step",
        )

    return Outcome({"accuracy": accuracy}, draw, perfect=accuracy == 100)


ALPHABET_LETTER = Experiment(
    name="alphabet-letter",
    summary="predict the letter that follows one letter (no memory needed)",
    takeaway=(
        "No memory is needed: the network fits a curve from one number to 26 classes, and this "
        "training ends before the fit is complete."
    ),
    published=Published("88.00 %", SOURCE),
    settings=AlphabetSettings(),
    run=run_features,
)

ALPHABET_WINDOW = Experiment(
    name="alphabet-window",
    summary="predict the letter that follows three letters, given as features of one time step",
    takeaway=(
        "A window of features is not memory: all three letters arrive in a single time step that "
        "starts from a state of zeros, so the recurrent weights are never used, and the three "
        "numbers carry no more information than one."
    ),
    published=Published("82.61 %", SOURCE),
    settings=AlphabetSettings(letters=3),
    run=run_features,
)

ALPHABET_STEPS = Experiment(
    name="alphabet-steps",
    summary="predict the letter that follows three letters, given as three time steps (memory)",
    takeaway=(
        "When the same letters are read one after another, the cell builds up its state over the "
        "time steps, which makes neighbouring letters easier to distinguish."
    ),
    published=Published("100 %", SOURCE),
    settings=AlphabetSettings(letters=3),
    run=run_steps,
)
