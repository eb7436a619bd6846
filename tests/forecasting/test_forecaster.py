"""The forecaster: training, saving, prediction, its recipes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from echocell.forecasting.model import ForecastConfig, Forecaster, TooShortError, train
from echocell.forecasting.report import Score, verdict
from echocell.tasks.airline import passengers
from echocell.tasks.series import MinMaxScaler
from support.wave import WAVE

# -- the functions beneath


def test_scaler_and_split_of_a_training() -> None:
    values = passengers()
    trained = train(values, ForecastConfig(look_back=6, epochs=2, units=2, seed=1), column="n")
    forecaster = trained.forecaster
    assert trained.cut == 100
    assert forecaster.scaler == MinMaxScaler(values[:100].min(), values[:100].max())
    assert list(trained.train_places) == list(range(6, 100))
    assert list(trained.test_places) == list(range(100, 144))
    assert trained.validated == int(94 * 0.2)
    assert (trained.epochs, forecaster.look_back, forecaster.column) == (2, 6, "n")
    assert forecaster.model.input_shape == (None, 6, 1)


def test_later_values_change_nothing_in_a_training() -> None:
    values = passengers()
    changed = np.concatenate([values[:100], 1000.0 - values[100:]])
    config = ForecastConfig(look_back=3, epochs=2, units=2, seed=1)
    one, other = (train(series, config).forecaster.model for series in (values, changed))
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_early_stopping_keeps_the_best_epoch() -> None:
    """The end of the series differs from the rest, so that further training increases its loss."""
    values = np.concatenate([np.tile([0.0, 1.0], 40), np.tile([0.0, 0.0, 1.0], 7)])
    trained = train(
        values, ForecastConfig(look_back=4, epochs=300, units=8, test_share=0.01, seed=1)
    )
    assert trained.epochs < 300
    assert 1 <= trained.best_epoch < trained.epochs


def test_one_step_and_ahead() -> None:
    forecaster = train(WAVE, ForecastConfig(look_back=4, epochs=5, units=4, seed=1)).forecaster
    ahead = forecaster.ahead(WAVE, 3)
    longer = [*WAVE, *ahead]
    places = np.array([120, 121, 122])
    np.testing.assert_allclose(forecaster.one_step(longer, places), ahead, rtol=1e-5)
    assert forecaster.one_step(WAVE, np.array([], dtype=np.int64)).shape == (0,)
    with pytest.raises(TooShortError, match="3 values, but the model looks back on 4"):
        forecaster.ahead(WAVE[:3], 1)


def test_saving_keeps_everything(tmp_path: Path) -> None:
    forecaster = train(
        WAVE, ForecastConfig(epochs=2, units=4, seed=1), column='a, "b" ü'
    ).forecaster
    forecaster.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model")
    assert (loaded.scaler, loaded.look_back, loaded.column) == (
        forecaster.scaler,
        forecaster.look_back,
        forecaster.column,
    )
    np.testing.assert_array_equal(loaded.ahead(WAVE, 5), forecaster.ahead(WAVE, 5))


@pytest.mark.parametrize(
    ("count", "config"),
    [
        (7, ForecastConfig()),
        (22, ForecastConfig(look_back=12)),
        (50, ForecastConfig(look_back=50)),
        (10, ForecastConfig(test_share=0.9)),
        (5, ForecastConfig(test_share=0.01)),
        (0, ForecastConfig()),
    ],
)
def test_too_short(count: int, config: ForecastConfig) -> None:
    """The message states how many values are enough, and that number suffices."""
    with pytest.raises(TooShortError) as caught:
        train([float(i % 5) for i in range(count)], config)
    needed = int(str(caught.value).split()[-1])
    assert needed > count
    values = [float(i % 5) for i in range(needed)]
    quick = ForecastConfig(config.look_back, 2, 1, config.test_share)
    train(values, quick)
    with pytest.raises(TooShortError):
        train(values[:-1], quick)


@pytest.mark.parametrize(
    "arguments", [{"look_back": 0}, {"units": 0}, {"epochs": 0}, {"test_share": 0.0}]
)
def test_recipes_that_are_none(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(arguments))}: expected"):
        ForecastConfig(**arguments)  # type: ignore[arg-type]


def test_verdict() -> None:
    ours = Score("LSTM", 1, 1, 5, 1)
    better, worse = Score("better", 1, 1, 4, 1), Score("worse", 1, 1, 6, 1)
    none = Score("none", math.nan, math.nan, math.nan, math.nan)
    assert verdict([ours, worse, none]) == "On the test part the LSTM beats every baseline by RMSE."
    lost = 'On the test part the LSTM does not beat "better" by RMSE.'
    assert verdict([ours, better, worse]) == lost
    assert verdict([ours, Score("same", 1, 1, 5, 1)]).endswith('beat "same" by RMSE.')
