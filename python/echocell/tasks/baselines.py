"""Three forecasts that need no training. One that loses to them has learned nothing of use.

Each takes a whole series s [N] and the places t [P] of the targets, and looks only at values
before its target: what was known at time t. Where the series does not reach back far enough the
forecast is NaN, and `series.rmse` and `series.mae` leave that target out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.tasks.series import Series, as_series


def repeat_last(values: ArrayLike, places: ArrayLike) -> Series:
    """The value just before: s(t-1). For months: "repeat last month"."""
    return _lagged(as_series(values), _as_places(values, places), 1)


def same_season(values: ArrayLike, places: ArrayLike, season: int = 12) -> Series:
    """The value one season before: s(t-season). For months: "same month last year".

    season: values in a season, at least 1; default 12.
    """
    _check_season(season)
    return _lagged(as_series(values), _as_places(values, places), season)


def season_growth(values: ArrayLike, places: ArrayLike, season: int = 12) -> Series:
    """The last value, grown as it grew one season before. For months: "last year's growth".

    s(t-1) * s(t-season) / s(t-season-1): the step from last month to this month, a year ago, as a
    ratio. It is also the same month last year times the growth of last month over a year. A
    series with a value of 0 or below has no such ratio; there the step is a difference,
    s(t-1) + s(t-season) - s(t-season-1).

    season: values in a season, at least 1; default 12. With 1 it continues the last step.
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
    """All three for the same targets, by name.

    Arguments:
        values: the whole series [N].
        places: where the targets stand in it [P].
        season: values in a season; 1 (or less than 1) means no season: the first alone.
        step: what a value is called in the names.
        era: what a season is called in the names.

    Returns:
        forecasts [P] by name, such as "repeat last month", "same month last year" and
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
    # A target may stand one past the end: the next value, which nobody knows yet.
    if where.ndim != 1 or np.any(where < 0) or np.any(where > count):
        raise ValueError(f"places: expected one axis of integers 0 to {count}, received {places!r}")
    return where


def _check_season(season: int) -> None:
    if season < 1:
        raise ValueError(f"season: expected at least 1, received {season}")
