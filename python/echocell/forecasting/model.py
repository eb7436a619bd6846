"""A forecaster of one series: an LSTM over the last values, with a fitted scaler.

Each window is scaled, and its mean is subtracted; the network predicts the difference between the
next value and the last. A level that the training part never reached, as in a growing series, thus
looks like any other, and an output of 0 repeats the last value.

Legend: N values in a series, L look-back (time steps), P targets, K horizon.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.callbacks import EarlyStopping
from echocell.layers import LSTM, Dense
from echocell.models import Sequential, load_model
from echocell.optimizers import Adam
from echocell.tasks.series import MinMaxScaler, Series, as_series, look_back_pairs
from echocell.utils import set_random_seed

# The metadata key of a saved model that holds scaler and look-back.
METADATA = "forecast"
_LEAST_PAIRS = 4  # for training
_LEAST_TO_VALIDATE = 10  # with fewer, all pairs are used for training, without early stopping
_VALIDATION_SHARE = 0.2
_BATCH = 16  # minimum; larger if an epoch would take more updates than this:
_MOST_UPDATES = 500
_LEARNING_RATE = 0.003
_PATIENCE = 30


class TooShortError(ValueError):
    """Raised if a series has too few values; the message says how many are needed."""


@dataclass(frozen=True)
class ForecastConfig:
    """Settings of a forecaster and of its training.

    Attributes:
        look_back: L. Default None: 12, or fewer if the series is short.
        units: units of the LSTM. Default 32.
        epochs: maximum number of epochs. Default 300.
        test_share: fraction of the series, at its end, that is used for testing. Default 0.3.
        seed: seed of initial weights and shuffling. Default None: from NumPy's global generator.
    """

    look_back: int | None = None
    units: int = 32
    epochs: int = 300
    test_share: float = 0.3
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("look_back", "units", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}: expected at least 1, received {value}")
        if not 0.0 < self.test_share < 1.0:
            raise ValueError(
                f"test_share: expected a number between 0 and 1, received {self.test_share}"
            )


@dataclass(frozen=True)
class Forecaster:
    """A model with its scaler.

    The model takes scaled windows minus their means, [B, L, 1], and returns the scaled difference
    between the next value and the last, [B, 1].

    Attributes:
        model: the trained model.
        scaler: fitted to the training part.
        look_back: L.
        column: the name of the series.
    """

    model: Sequential
    scaler: MinMaxScaler
    look_back: int
    column: str

    def one_step(self, values: ArrayLike, places: NDArray[np.int64]) -> Series:
        """Returns the forecast of each target [P] from the true values before it.

        Args:
            values: [N].
            places: indices of the targets in `values`, at least L and at most N.
        """
        series = as_series(values)
        if places.size == 0:
            return np.empty(0)
        rows = np.stack([series[place - self.look_back : place] for place in places])
        return self._predict(rows)

    def ahead(self, values: ArrayLike, horizon: int) -> Series:
        """Returns the next K values [K]; each forecast is an input of the next.

        Raises:
            TooShortError: there are fewer than L values.
        """
        series = as_series(values)
        if series.size < self.look_back:
            raise TooShortError(
                f"{series.size} values, but the model looks back on {self.look_back}"
            )
        window = list(series[-self.look_back :])
        for _ in range(horizon):
            row = np.array([window[-self.look_back :]])
            window.append(float(self._predict(row)[0]))
        return np.array(window[self.look_back :])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes model and scaler to one safetensors file, which `load` reads."""
        self.model.metadata[METADATA] = {
            "column": self.column,
            "look_back": self.look_back,
            "low": self.scaler.low,
            "high": self.scaler.high,
        }
        self.model.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Forecaster:
        """Reads a file that `save` wrote.

        Raises:
            ValueError: the file is not a model, or was not written by `save`.
            OSError: the file cannot be read.
        """
        model = load_model(path)
        kept: Any = model.metadata.get(METADATA)
        if not isinstance(kept, dict):
            raise ValueError("is a model, but not one that `echocell forecast` saved")
        try:
            scaler = MinMaxScaler(float(kept["low"]), float(kept["high"]))
            return cls(model, scaler, int(kept["look_back"]), str(kept["column"]))
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"holds no scaler and look-back, but {kept!r}") from None

    def _predict(self, rows: Series) -> Series:
        """Maps windows [P, L] to forecasts [P], both in units of the series."""
        scaled = self.scaler.transform(rows)
        change = self.model.predict(_inputs(scaled), verbose=0)[:, 0]
        return self.scaler.inverse(scaled[:, -1] + change)


@dataclass(frozen=True)
class Trained:
    """A forecaster with a summary of its training.

    Attributes:
        forecaster: the forecaster.
        cut: index in the series at which the test part begins.
        train_places: indices of the training targets.
        test_places: indices of the test targets.
        validated: number of the last training targets that were used for validation; 0: none.
        epochs: number of epochs that were run.
        best_epoch: the epoch whose weights were kept, from 1.
    """

    forecaster: Forecaster
    cut: int
    train_places: NDArray[np.int64]
    test_places: NDArray[np.int64]
    validated: int
    epochs: int
    best_epoch: int


def train(
    values: ArrayLike, config: ForecastConfig, *, column: str = "", verbose: int = 0
) -> Trained:
    """Trains a forecaster on the first part of a series.

    The scaler is fitted to the training part only. The last fifth of the training targets is used
    for validation: training stops when its loss has not decreased for 30 epochs, and the weights of
    the best epoch are kept. With fewer than ten targets, all are used for training, in all epochs.

    Args:
        values: the series [N], finite.
        config: look-back, units, epochs, test share and seed.
        column: the name of the series.
        verbose: as in `Sequential.fit`.

    Raises:
        TooShortError: there are too few values for the look-back and the test share.
    """
    series = as_series(values)
    cut = int(series.size * (1.0 - config.test_share))
    look_back = _look_back(series.size, cut, config)
    if config.seed is not None:
        set_random_seed(config.seed)
    scaler = MinMaxScaler.fit(series[:cut])
    windows, targets, places = look_back_pairs(scaler.transform(series[:cut]), look_back)
    x = _inputs(windows)
    y = (targets - windows[:, -1])[:, np.newaxis]
    validated = int(len(x) * _VALIDATION_SHARE) if len(x) >= _LEAST_TO_VALIDATE else 0
    model = _build(look_back, config.units)
    epochs, best = _fit(model, x, y, validated, config.epochs, verbose)
    return Trained(
        forecaster=Forecaster(model, scaler, look_back, column),
        cut=cut,
        train_places=places,
        test_places=np.arange(cut, series.size, dtype=np.int64),
        validated=validated,
        epochs=epochs,
        best_epoch=best,
    )


def _inputs(windows: Series) -> Series:
    """Returns windows [P, L] minus their means, as time steps [P, L, 1]."""
    measured: Series = windows - windows.mean(axis=1, keepdims=True)
    return measured[:, :, np.newaxis]


def _look_back(count: int, cut: int, config: ForecastConfig) -> int:
    longest = cut - _LEAST_PAIRS
    if longest >= (config.look_back or 1) and cut < count:
        return config.look_back or min(12, max(1, longest // 2))
    wanted = config.look_back or 1
    raise TooShortError(
        f"{count} values are too few: a look-back of {wanted} and a test share of "
        f"{config.test_share:g} need {_needed(wanted, config.test_share)}"
    )


def _needed(look_back: int, test_share: float) -> int:
    """Returns the minimum number of values: enough pairs before the cut, and one value after it."""
    count = look_back + _LEAST_PAIRS + 1
    while not look_back + _LEAST_PAIRS <= int(count * (1.0 - test_share)) < count:
        count += 1
    return count


def _build(look_back: int, units: int) -> Sequential:
    model = Sequential()
    model.add(LSTM(units, input_shape=(look_back, 1)))
    model.add(Dense(1))
    model.compile(loss="mean_squared_error", optimizer=Adam(learning_rate=_LEARNING_RATE))
    return model


def _fit(
    model: Sequential, x: Series, y: Series, validated: int, epochs: int, verbose: int
) -> tuple[int, int]:
    """Trains the model. Returns the number of epochs run, and the epoch whose weights were kept."""
    batch = max(_BATCH, math.ceil((len(x) - validated) / _MOST_UPDATES))
    if not validated:
        model.fit(x, y, batch_size=batch, epochs=epochs, verbose=verbose)
        return epochs, epochs
    stop = EarlyStopping(monitor="val_loss", patience=_PATIENCE, restore_best_weights=True)
    history = model.fit(
        x[:-validated],
        y[:-validated],
        batch_size=batch,
        epochs=epochs,
        validation_data=(x[-validated:], y[-validated:]),
        callbacks=[stop],
        verbose=verbose,
    ).history
    losses = history["val_loss"]
    return len(losses), int(np.argmin(losses)) + 1
