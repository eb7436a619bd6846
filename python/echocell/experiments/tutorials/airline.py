"""airline: forecast next month's passengers from the previous months, the features of one step.

Legend: L look-back, P pairs of window and target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.running import Run, Training
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.statistics import Statistic
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks.airline import SEASON, AirlineTask, Part, airline, months
from echocell.tasks.baselines import baselines
from echocell.tasks.series import Series, rmse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAST_MONTH = "repeat last month"


@dataclass(frozen=True)
class AirlineSettings(Settings):
    """Settings of airline.

    Attributes:
        look_back: months in a window; one model is trained for each number.
        share: the training part of the series. share=0.67 with look_back=1 is the split of the
            first publication.
        units: units of the LSTM.
        epochs: passes over the training part.
        batch_size: samples per update.
    """

    look_back: tuple[int, ...] = (1, 3, 10)
    share: float = 0.70
    units: int = 4
    epochs: int = 100
    batch_size: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for look_back in self.look_back:
            airline(look_back, self.share)  # raises ValueError


@dataclass(frozen=True)
class Forecast:
    """The forecasts of one model, in thousands of passengers: train [P], test [P]."""

    look_back: int
    task: AirlineTask
    train: Series
    test: Series

    def errors(self) -> dict[str, tuple[float, float]]:
        """Returns the RMSE on the training and test targets, of the LSTM and of each baseline."""
        train = self._errors_on(self.task.train, self.train)
        test = self._errors_on(self.task.test, self.test)
        return {name: (train[name], test[name]) for name in train}

    def _errors_on(self, part: Part, forecast: Series) -> dict[str, float]:
        series = self.task.series
        table = {"LSTM": forecast, **baselines(series, part.places, SEASON)}
        return {name: rmse(series[part.places], values) for name, values in table.items()}

    def notes(self) -> list[str]:
        """Returns sentences on the errors and on the baselines that the LSTM does not beat."""
        errors = self.errors()
        table = ", ".join(
            f"{name} {train:.2f}/{test:.2f}" for name, (train, test) in errors.items()
        )
        notes = [f"Look-back {self.look_back}, RMSE on the training/test part: {table}."]
        ours, last = errors["LSTM"][1], errors[LAST_MONTH][1]
        if ours >= last:
            notes.append(
                f"Look-back {self.look_back}: on the test part the LSTM does not beat "
                f'"{LAST_MONTH}" (RMSE {ours:.2f} versus {last:.2f}).'
            )
        better = [
            f'"{name}"' for name, (_, test) in errors.items() if test < ours and name != LAST_MONTH
        ]
        if better:
            notes.append(
                f"Look-back {self.look_back}: smaller test error without training: "
                f"{' and '.join(better)}."
            )
        return notes


def build(settings: AirlineSettings, look_back: int) -> Sequential:
    """Returns a compiled model: one step of `look_back` features -> one scaled value."""
    model = Sequential()
    model.add(LSTM(settings.units, input_shape=(1, look_back)))
    model.add(Dense(1))
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


def run_airline(settings: AirlineSettings, run: Run) -> Outcome:
    """Trains one model for each look-back; errors are in thousands of passengers."""
    tasks = {lags: airline(lags, settings.share) for lags in settings.look_back}
    batches = [-(-len(task.train.targets) // settings.batch_size) for task in tasks.values()]
    with run.training(settings.epochs * sum(batches)) as training:
        forecasts = [_forecast(settings, lags, task, training) for lags, task in tasks.items()]
    figures: dict[str, float] = {}
    for forecast in forecasts:
        train, test = forecast.errors()["LSTM"]
        figures[f"test_rmse_{forecast.look_back}"] = test
        figures[f"train_rmse_{forecast.look_back}"] = train
    notes = tuple(sentence for forecast in forecasts for sentence in forecast.notes())
    return Outcome(figures, lambda title: draw(forecasts, title), notes=notes)


def _forecast(
    settings: AirlineSettings, look_back: int, task: AirlineTask, training: Training
) -> Forecast:
    model = build(settings, look_back)
    x, y = _inputs(task.train), task.train.targets[:, np.newaxis]
    training.fit(model, x, y, batch_size=settings.batch_size, epochs=settings.epochs)
    train, test = (
        task.scaler.inverse(model.predict(_inputs(part), verbose=0)[:, 0])
        for part in (task.train, task.test)
    )
    return Forecast(look_back, task, train, test)


def _inputs(part: Part) -> Series:
    """Returns the windows as features of one step: [P, L] -> [P, 1, L]."""
    return part.windows[:, np.newaxis, :]


def draw(forecasts: Sequence[Forecast], title: str) -> Figure:
    """Draws a panel for each look-back: series, forecasts, and baselines on the test part."""
    return plotting.plot_forecast(
        title,
        [_panel(forecast) for forecast in forecasts],
        xlabel="month",
        ylabel="passengers (thousands)",
    )


def _panel(forecast: Forecast) -> plotting.ForecastPanel:
    task, times = forecast.task, months().astype("datetime64[D]")
    train, test = times[task.train.places], times[task.test.places]
    lines = {
        "LSTM, training part": (train, forecast.train),
        "LSTM, test part": (test, forecast.test),
    }
    for name, values in baselines(task.series, task.test.places, SEASON).items():
        lines[name] = (test, values)
    scores = ", ".join(f"{name} {score:.1f}" for name, (_, score) in forecast.errors().items())
    return plotting.ForecastPanel(
        f"look-back {forecast.look_back}: RMSE on the test part: {scores}",
        times,
        task.series,
        lines,
        split=times[task.test.places[0] - forecast.look_back],
    )


def headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the train/test RMSE of each look-back, in the order of the settings."""
    tests = [name for name in statistics if name.startswith("test_rmse_")]
    return "; ".join(
        f"{statistics[name.replace('test', 'train')].text(2)}/{statistics[name].text(2)}"
        for name in tests
    )


AIRLINE = Experiment(
    name="airline",
    summary="predict next month's passengers from 1, 3 and 10 months (features of one time step)",
    takeaway=(
        "With a look-back of one month the network learns to repeat the last value, and has the "
        'error of that baseline. The untrained baseline "last year\'s growth" has a smaller error '
        "than all three networks on the same targets. As published, the scaler is fitted to the "
        "whole series, which leaks the range of the test part into the training."
    ),
    published=Published(
        "23.52/49.96; 24.01/49.91; 19.49/39.10",
        'Jason Brownlee, "Time Series Prediction with LSTM Recurrent Neural Networks in '
        'Python with Keras" (2016), trained on 70 % of the series; RMSE on the training/test part',
    ),
    settings=AirlineSettings(),
    run=run_airline,
    headline=headline,
)
