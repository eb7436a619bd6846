"""Three forecasts without training, which a trained model has to beat.

Each takes a whole series s [N] and the places t [P] of the targets, and uses only the values before
a target. Where the series does not reach back far enough, the forecast is NaN, and `series.rmse`
and `series.mae` omit that target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.tasks.series import Series, as_series


def repeat_last(values: ArrayLike, places: ArrayLike) -> Series:
    """Returns the previous value, s(t-1). For months: "repeat last month"."""
    return _lagged(as_series(values), _as_places(values, places), 1)


def same_season(values: ArrayLike, places: ArrayLike, season: int = 12) -> Series:
    """Returns the value one season earlier, s(t-season). For months: "same month last year".

    Args:
        values: the whole series [N].
        places: the places of the targets [P].
        season: values in a season, at least 1; default 12.
    """
    _check_season(season)
    return _lagged(as_series(values), _as_places(values, places), season)


def season_growth(values: ArrayLike, places: ArrayLike, season: int = 12) -> Series:
    """Returns the previous value with the growth of a season ago. For months: "last year's growth".

    The forecast is s(t-1) * s(t-season) / s(t-season-1). If the series has a value of 0 or below,
    differences replace ratios: s(t-1) + s(t-season) - s(t-season-1).

    Args:
        values: the whole series [N].
        places: the places of the targets [P].
        season: values in a season, at least 1; default 12. With 1, the last step is continued.
    """
    _check_season(season)
    series = as_series(values)
    where = _as_places(values, places)
    last = _lagged(series, where, 1)
    then = _lagged(series, where, season)
    before = _lagged(series, where, season + 1)
    if series.size and series.min() > 0.0:
        return last * (then / before)
    return last + (then - before)


def baselines(
    values: ArrayLike,
    places: ArrayLike,
    season: int = 12,
    *,
    step: str = "month",
    era: str = "year",
) -> dict[str, Series]:
    """Returns all three forecasts of the same targets, by name.

    Args:
        values: the whole series [N].
        places: the places of the targets [P].
        season: values in a season; 1 or less for no season, which leaves the first forecast.
        step: the noun for a value in the names.
        era: the noun for a season in the names.

    Returns:
        Forecasts [P] by name, such as "repeat last month", "same month last year" and
        "last year's growth".
    """
    table = {f"repeat last {step}": repeat_last(values, places)}
    if season > 1:
        table[f"same {step} last {era}"] = same_season(values, places, season)
        table[f"last {era}'s growth"] = season_growth(values, places, season)
    return table


def _lagged(series: Series, places: NDArray[np.int64], lag: int) -> Series:
    forecast = np.full(places.size, np.nan)
    known = places >= lag
    forecast[known] = series[places[known] - lag]
    return forecast


def _as_places(values: ArrayLike, places: ArrayLike) -> NDArray[np.int64]:
    where = np.asarray(places, dtype=np.int64)
    count = np.asarray(values).size
    # A target may be one past the end: the next, unknown value.
    if where.ndim != 1 or np.any(where < 0) or np.any(where > count):
        raise ValueError(f"places: expected one axis of integers 0 to {count}, received {places!r}")
    return where


def _check_season(season: int) -> None:
    if season < 1:
        raise ValueError(f"season: expected at least 1, received {season}")
