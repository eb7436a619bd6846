"""alphabet-letter, -window and -steps: the letter that follows one letter, three letters given as
features, three letters given as steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from echocell import plotting
from echocell.experiments.run.base import (
    Experiment,
    Outcome,
    Published,
    Run,
    share_right,
    trace_first,
)
from echocell.experiments.run.settings import check_counts
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
class AlphabetSettings:
    """letters: how many are given; epochs: passes over all samples, shuffled, one update each."""

    letters: int = 1
    units: int = 32
    epochs: int = 500

    def __post_init__(self) -> None:
        check_counts(self)
        if self.letters >= len(alphabet.ALPHABET):
            raise ValueError(f"letters: expected 1..25, received {self.letters}")


def build(steps: int, features: int, units: int) -> Sequential:
    """Places / 26 [B, steps, features] in, the probability of each letter [B, 26] out."""
    model = Sequential()
    model.add(LSTM(units, input_shape=(steps, features)))
    model.add(Dense(len(alphabet.ALPHABET), activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def run_features(settings: AlphabetSettings, run: Run) -> Outcome:
    """The letters as features of one step."""
    return _run(settings, run, alphabet.as_features)


def run_steps(settings: AlphabetSettings, run: Run) -> Outcome:
    """The letters as steps of one feature."""
    return _run(settings, run, alphabet.as_steps)


def _run(settings: AlphabetSettings, run: Run, given: Callable[[Integers], Floats]) -> Outcome:
    """Trains on every window of the alphabet; figure: accuracy on the same, as published."""
    windows, expected = alphabet.generate_windows(settings.letters)
    x, y = given(windows), alphabet.one_hot_encode(expected, len(alphabet.ALPHABET))
    model = build(x.shape[1], x.shape[2], settings.units)
    with run.training(settings.epochs * len(x)) as training:
        training.fit(model, x, y, batch_size=1, epochs=settings.epochs)
    predicted = alphabet.one_hot_decode(model.predict(x, verbose=0))
    accuracy = share_right(expected, predicted)

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
    shows=(
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
    shows=(
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
    shows=(
        "When the same letters are read one after another, the cell builds up its state over the "
        "time steps, which makes neighbouring letters easier to distinguish."
    ),
    published=Published("100 %", SOURCE),
    settings=AlphabetSettings(letters=3),
    run=run_steps,
)
