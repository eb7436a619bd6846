"""Tools for forecasts of a series: windows, a scaler, a split, two errors.

Legend: N values in a series, L look-back (values before each target), P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Series = NDArray[np.float64]


def as_series(values: ArrayLike, name: str = "series") -> Series:
    """Returns a copy of the values as a float64 series [N].

    Raises:
        ValueError: if the values do not have one axis, or contain NaN or infinity.
    """
    series = np.array(values, dtype=np.float64)
    if series.ndim != 1:
        raise ValueError(f"{name}: expected one axis [N], received shape {series.shape}")
    if not np.all(np.isfinite(series)):
        where = int(np.flatnonzero(~np.isfinite(series))[0])
        raise ValueError(f"{name}: expected finite numbers, received {series[where]} at {where}")
    return series


@dataclass(frozen=True)
class MinMaxScaler:
    """The affine map from `low` to 0 and from `high` to 1.

    For a constant series, the scale is 1.
    """

    low: float
    high: float

    @classmethod
    def fit(cls, values: ArrayLike) -> MinMaxScaler:
        """Returns the scaler for the minimum and the maximum of `values` [N], N > 0."""
        series = as_series(values, "values to fit the scaler on")
        if series.size == 0:
            raise ValueError("values to fit the scaler on: expected at least 1, received 0")
        return cls(float(series.min()), float(series.max()))

    @property
    def scale(self) -> float:
        """The units of the series per unit of the scaled series; never 0."""
        return (self.high - self.low) or 1.0

    def transform(self, values: ArrayLike) -> Series:
        """Returns values of the series, of any shape, scaled."""
        return (np.asarray(values, dtype=np.float64) - self.low) / self.scale

    def inverse(self, scaled: ArrayLike) -> Series:
        """Returns scaled values, of any shape, in units of the series."""
        return np.asarray(scaled, dtype=np.float64) * self.scale + self.low


def split(values: ArrayLike, share: float) -> tuple[Series, Series]:
    """Splits a series [N] into the first int(N * share) values and the rest."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"share: expected a number between 0 and 1, received {share}")
    series = as_series(values)
    cut = int(series.size * share)
    return series[:cut], series[cut:]


def look_back_pairs(
    values: ArrayLike, look_back: int, *, drop_last: bool = False
) -> tuple[Series, Series, NDArray[np.int64]]:
    """Returns every window of `look_back` values with the next value.

    Args:
        values: the series [N].
        look_back: L, at least 1.
        drop_last: omit the last pair, as the published recipe does, which loops over
            `range(N - L - 1)`. Default: every pair, `range(N - L)`.

    Returns:
        Windows [P, L], oldest value first; targets [P]; the indices of the targets in the series
        [P]. P is 0 if the series is too short.
    """
    if look_back < 1:
        raise ValueError(f"look_back: expected at least 1, received {look_back}")
    series = as_series(values)
    count = max(0, series.size - look_back - int(drop_last))
    places = np.arange(look_back, look_back + count, dtype=np.int64)
    if count == 0:
        return np.empty((0, look_back)), np.empty(0), places
    windows = np.lib.stride_tricks.sliding_window_view(series, look_back)[:count]
    return windows.copy(), series[places], places


def rmse(targets: ArrayLike, forecast: ArrayLike) -> float:
    """Returns the root mean squared error over the targets with a forecast that is not NaN."""
    errors = _errors(targets, forecast)
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")


def mae(targets: ArrayLike, forecast: ArrayLike) -> float:
    """Returns the mean absolute error over the targets with a forecast that is not NaN."""
    errors = _errors(targets, forecast)
    return float(np.mean(np.abs(errors))) if errors.size else float("nan")


def _errors(targets: ArrayLike, forecast: ArrayLike) -> Series:
    wanted = np.asarray(targets, dtype=np.float64)
    got = np.asarray(forecast, dtype=np.float64)
    if wanted.shape != got.shape:
        raise ValueError(f"forecast: expected shape {wanted.shape}, received {got.shape}")
    errors = got - wanted
    return errors[np.isfinite(errors)]
