"""The airline task and its tools: series, pairs, scaler, baselines; the experiment in short."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.experiments import find, run_experiment
from echocell.experiments.run import settings as settings_of
from echocell.experiments.tutorials.airline import AirlineSettings, Forecast
from echocell.tasks import airline as task
from echocell.tasks.baselines import baselines, repeat_last, same_season, season_growth
from echocell.tasks.series import MinMaxScaler, look_back_pairs, mae, rmse, split

numbers = st.floats(-1e6, 1e6, allow_nan=False)
series_of = st.lists(numbers, min_size=1, max_size=60)


def test_series() -> None:
    values, months = task.passengers(), task.months()
    assert values.shape == months.shape == (144,)
    assert values.dtype == np.float64
    assert (values[0], values[-1], values.sum()) == (112, 432, 40363)
    assert (values.min(), values.max()) == (104, 622)
    assert str(months[0]) == "1949-01"
    assert str(months[-1]) == "1960-12"
    assert str(months[values.argmax()]) == "1960-07"


def test_passengers_returns_a_copy() -> None:
    task.passengers()[:] = 0
    assert task.passengers()[0] == 112


@pytest.mark.parametrize(
    ("look_back", "share", "train", "test"),
    [(1, 0.70, 98, 42), (3, 0.70, 96, 40), (10, 0.70, 89, 33), (1, 0.67, 94, 46)],
)
def test_pairs_match_the_recipe(look_back: int, share: float, train: int, test: int) -> None:
    made = task.airline(look_back, share)
    cut = int(144 * share)
    scaled = (task.passengers() - 104) / (622 - 104)
    for part, values, count in ((made.train, scaled[:cut], train), (made.test, scaled[cut:], test)):
        assert part.windows.shape == (count, look_back)
        assert part.targets.shape == part.places.shape == (count,)
        assert count == len(range(len(values) - look_back - 1))
        for i in range(len(values) - look_back - 1):
            np.testing.assert_allclose(part.windows[i], values[i : i + look_back], rtol=1e-12)
            assert part.targets[i] == pytest.approx(values[i + look_back], rel=1e-12)
        np.testing.assert_allclose(scaled[part.places], part.targets, rtol=1e-12)


def test_recipe_fits_the_scaler_to_the_whole_series() -> None:
    assert task.airline().scaler == MinMaxScaler(104, 622)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.7), "look_back: expected at least 1, received 0"),
        ((1, 0.0), "share: expected a number between 0 and 1, received 0.0"),
        ((1, 1.0), "share: expected a number between 0 and 1, received 1.0"),
        ((50, 0.7), "look_back 50: expected a part of at least 52 months, received one of 44"),
    ],
)
def test_task_refuses_invalid_arguments(arguments: tuple[int, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        task.airline(*arguments)


@given(values=series_of, look_back=st.integers(1, 12), drop_last=st.booleans())
def test_every_window_is_followed_by_its_target(
    values: list[float], look_back: int, drop_last: bool
) -> None:
    windows, targets, places = look_back_pairs(values, look_back, drop_last=drop_last)
    count = max(0, len(values) - look_back - drop_last)
    assert windows.shape == (count, look_back)
    assert targets.shape == places.shape == (count,)
    for row, (window, target, place) in enumerate(zip(windows, targets, places, strict=True)):
        assert place == row + look_back
        assert target == values[place]
        assert list(window) == values[place - look_back : place]


def test_windows_are_copies() -> None:
    values = np.arange(5.0)
    look_back_pairs(values, 2)[0][:] = -1
    assert list(values) == [0, 1, 2, 3, 4]


@given(values=series_of, others=series_of)
def test_scaler(values: list[float], others: list[float]) -> None:
    scaler = MinMaxScaler.fit(values)
    scaled = scaler.transform(values)
    assert scaled.min() == 0
    assert scaled.max() <= 1
    if max(values) > min(values):
        assert scaled.max() == 1
    # Scaling and its inverse err by at most the last bit of the scaled value.
    size = max(abs(scaler.transform(others)).max() * scaler.scale, abs(scaler.low), 1e-300)
    back = scaler.inverse(scaler.transform(others))
    np.testing.assert_allclose(back, others, rtol=0, atol=1e-15 * 4 * size + 1e-300)


def test_scaler_of_a_constant_series() -> None:
    scaler = MinMaxScaler.fit([5.0, 5.0])
    assert list(scaler.transform([5.0, 6.0])) == [0, 1]
    assert list(scaler.inverse([0, 1])) == [5, 6]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "expected at least 1, received 0"),
        ([1.0, math.nan], "expected finite numbers, received nan at 1"),
        ([[1.0]], r"expected one axis \[N\], received shape \(1, 1\)"),
    ],
)
def test_scaler_refuses_invalid_arguments(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MinMaxScaler.fit(values)  # type: ignore[arg-type]


@given(values=series_of, share=st.floats(0.01, 0.99))
def test_split_keeps_every_value(values: list[float], share: float) -> None:
    before, after = split(values, share)
    assert [*before, *after] == values
    assert len(before) == int(len(values) * share)


def test_errors() -> None:
    assert rmse([1, 2, 3], [1, 2, 6]) == pytest.approx(math.sqrt(3))
    assert mae([1, 2, 3], [1, 2, 6]) == pytest.approx(1)
    assert rmse([1, 2], [math.nan, 4]) == 2
    assert math.isnan(rmse([1], [math.nan]))
    assert math.isnan(mae([], []))
    with pytest.raises(ValueError, match=r"forecast: expected shape \(2,\), received \(1,\)"):
        rmse([1, 2], [1])


@given(values=series_of, season=st.integers(1, 13))
def test_baselines_see_only_the_past(values: list[float], season: int) -> None:
    """The values at and after a target do not change its forecast."""
    place = len(values) - 1
    changed = [*values[:-1], values[-1] + 1000.0]
    for forecast in (repeat_last, same_season):
        extra = (season,) if forecast is same_season else ()
        np.testing.assert_array_equal(
            forecast(values, [place], *extra), forecast(changed, [place], *extra)
        )


def test_baselines_by_hand() -> None:
    values = [1.0, 2.0, 4.0, 3.0, 8.0]
    places = [0, 1, 2, 3, 4, 5]
    nan = math.nan
    np.testing.assert_array_equal(repeat_last(values, places), [nan, 1, 2, 4, 3, 8])
    np.testing.assert_array_equal(same_season(values, places, 3), [nan, nan, nan, 1, 2, 4])
    # 3 * 2 / 1, and 8 * 4 / 2
    np.testing.assert_array_equal(season_growth(values, places, 3), [nan] * 4 + [6, 16])
    # With a zero the growth is a difference: 3 + (2 - 0), and 8 + (4 - 2).
    np.testing.assert_array_equal(season_growth([0.0, *values[1:]], places, 3), [nan] * 4 + [5, 10])


def test_baselines_by_name() -> None:
    values = task.passengers()
    table = baselines(values, [100], 12)
    assert list(table) == ["repeat last month", "same month last year", "last year's growth"]
    assert list(baselines(values, [100], 7, step="day", era="week")) == [
        "repeat last day",
        "same day last week",
        "last week's growth",
    ]
    assert list(baselines(values, [100], 1)) == ["repeat last month"]


@pytest.mark.parametrize("places", [[-1], [6], [[1]]])
def test_baselines_refuse_places_outside_the_series(places: list[int]) -> None:
    with pytest.raises(ValueError, match="places: expected one axis of integers 0 to 5"):
        repeat_last([1.0, 2.0, 3.0, 4.0, 5.0], places)


def test_season_must_be_positive() -> None:
    with pytest.raises(ValueError, match="season: expected at least 1, received 0"):
        same_season([1.0], [0], 0)


@pytest.mark.parametrize(
    ("look_back", "share", "expected"),
    [
        (1, 0.70, [(23.70, 50.14), (32.71, 43.01), (10.82, 16.55)]),
        (3, 0.70, [(23.89, 49.82), (32.71, 42.63), (10.82, 16.94)]),
        (10, 0.70, [(24.61, 51.88), (32.71, 43.27), (10.82, 18.40)]),
        (1, 0.67, [(23.18, 48.66), (32.79, 42.32), (10.91, 15.94)]),
    ],
)
def test_errors_of_the_baselines(
    look_back: int, share: float, expected: list[tuple[float, float]]
) -> None:
    """Compares with independent loops, on the targets of the recipe."""
    s = [float(value) for value in task.passengers()]
    made = task.airline(look_back, share)
    forecasts: list[Callable[[int], float]] = [
        lambda t: s[t - 1],
        lambda t: s[t - 12],
        lambda t: s[t - 1] * s[t - 12] / s[t - 13],
    ]
    for part, column in ((made.train, 0), (made.test, 1)):
        table = baselines(task.passengers(), part.places, 12)
        for forecast, values, reach, known in zip(
            forecasts, table.values(), (1, 12, 13), expected, strict=True
        ):
            places = [int(t) for t in part.places if t >= reach]
            squares = [(forecast(t) - s[t]) ** 2 for t in places]
            by_hand = math.sqrt(sum(squares) / len(squares))
            assert rmse(task.passengers()[part.places], values) == pytest.approx(by_hand, rel=1e-12)
            assert by_hand == pytest.approx(known[column], abs=0.005)


# -- the experiment


def test_experiment_in_short() -> None:
    experiment = find("airline")
    settings = settings_of.changed(
        experiment.settings, {"epochs": "3", "look_back": "1,2", "batch_size": "8"}
    )
    report = run_experiment(experiment, settings=settings, seed=3)
    names = ["test_rmse_1", "train_rmse_1", "test_rmse_2", "train_rmse_2"]
    assert list(report.records[0].figures) == names
    assert all(value > 0 for value in report.records[0].figures.values())
    assert report.updates == 3 * (13 + 13)
    assert report.ours.count("/") == 2
    text = "\n".join(report.notes)
    assert "repeat last month 23.70/50.14" in text
    assert "last year's growth 10.82/16.55" in text
    # Three epochs are too few to beat a baseline.
    assert text.count('does not beat "repeat last month"') == 2


def test_experiment_of_the_first_split() -> None:
    experiment = find("airline")
    settings = settings_of.changed(
        experiment.settings, {"epochs": "1", "look_back": "1", "share": "0.67"}
    )
    report = run_experiment(experiment, settings=settings, seed=3)
    assert report.updates == 94
    assert "repeat last month 23.18/48.66" in report.notes[0]


def test_one_month_learns_to_repeat_the_last() -> None:
    """The published figures of look-back 1, within the variation over seeds."""
    report = run_experiment(find("airline"), settings=AirlineSettings(look_back=(1,)), seed=11)
    figures = report.records[0].figures
    assert figures["train_rmse_1"] == pytest.approx(23.7, abs=2.0)
    assert figures["test_rmse_1"] == pytest.approx(50.1, abs=6.0)


@pytest.mark.parametrize(
    "changes",
    [{"look_back": "0"}, {"look_back": "1,-2"}, {"share": "0"}, {"share": "1"}, {"units": "0"}],
)
def test_experiment_refuses_invalid_settings(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        settings_of.changed(find("airline").settings, changes)


def test_report_states_when_the_network_beats_the_baselines() -> None:
    made = task.airline(1)
    series = made.series
    perfect = Forecast(1, made, series[made.train.places], series[made.test.places])
    assert perfect.errors()["LSTM"] == (0, 0)
    assert len(perfect.notes()) == 1
