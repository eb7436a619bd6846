"""The settings, the recipe and the description that the tasks of 1997 share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from echocell.experiments.paper_1997.published import SOURCE
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.recipes import TrainingRecipe
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.trials import trials_headline
from echocell.initializers import Chrono
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.optimizers import Adam


@dataclass(frozen=True)
class TrialSettings(Settings):
    """Settings of trials.

    Attributes:
        units: units of our recipe.
        learning_rate: its learning rate.
        batch_size: its sequences per update.
        most_sequences: sequences after which a trial is stopped.
        check_every: sequences between tests.
        trials: trials, each with new weights and data.
    """

    POSITIVE = ("learning_rate",)

    units: int
    learning_rate: float
    batch_size: int
    most_sequences: int
    check_every: int
    trials: int = 10


@dataclass(frozen=True)
class TestedSettings(TrialSettings):
    """Settings of trials with random test sequences.

    Attributes:
        tests: sequences of a test.
    """

    tests: int = 2000


@dataclass(frozen=True)
class LongSettings(TestedSettings):
    """Settings of trials with sequences of variable length.

    Attributes:
        length: T, the minimum number of steps of a sequence.
    """

    length: int = 100


def paper_experiment(
    name: str,
    summary: str,
    *,
    takeaway: str,
    figure: str,
    where: str,
    settings: Any,
    run: Callable[[Any, Run], Outcome],
    takes: float,
    headline: Callable[[Mapping[str, Statistic]], str] = trials_headline,
) -> Experiment[Any]:
    """Returns an experiment of the group paper-1997.

    Args:
        name: as in `Experiment`, and so are the others not listed here.
        summary: task and model in one line.
        takeaway: what the experiment demonstrates.
        figure: the published result.
        where: section and table of the paper.
        settings: the defaults.
        run: trains and tests once.
        takes: the approximate time of a run, in seconds.
        headline: makes the text of the column "ours".
    """
    return Experiment(
        name=name,
        summary=summary,
        takeaway=takeaway,
        published=Published(figure, SOURCE + where),
        settings=settings,
        headline=headline,
        run=run,
        group="paper-1997",
        takes=takes,
    )


def chrono_lstm(
    settings: TrialSettings, length: int, features: int, outputs: int, activation: str
) -> TrainingRecipe:
    """Returns our recipe for tasks 4, 5 and 6, with one output at the end.

    The recipe is an LSTM whose gates initially keep values for up to `length` steps, trained by
    Adam.
    """

    def build() -> Sequential:
        model = Sequential()
        bias = Chrono(length)
        model.add(LSTM(settings.units, input_shape=(None, features), bias_initializer=bias))
        model.add(Dense(outputs, activation=activation))
        loss = "categorical_crossentropy" if activation == "softmax" else "mean_squared_error"
        model.compile(loss=loss, optimizer=Adam(settings.learning_rate))
        return model

    description = f"ours: LSTM({settings.units}), chrono, Adam, batches of {settings.batch_size}"
    return TrainingRecipe(description, build, settings.batch_size)
