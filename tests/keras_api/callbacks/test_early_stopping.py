"""EarlyStopping, ReduceLROnPlateau and LearningRateScheduler."""

from __future__ import annotations

import math

import numpy as np
import pytest

from echocell import metrics
from echocell.callbacks import (
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from support import scripted_training
from support.scripted_training import Model, losses, train

# ---- EarlyStopping -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "values", "epochs", "best"),
    [
        ({}, [3, 2, 1], 3, 2),
        ({}, [3, 2, 2, 1], 3, 1),
        ({}, [1, 2], 2, 0),
        ({"patience": 2}, [3, 2, 2, 2, 1], 4, 1),
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 0], 6, 3),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.75, 2.5, 2], 2, 0),
        ({"patience": 1, "min_delta": -0.5}, [3, 2.75, 2.5, 2], 2, 0),  # the sign has no effect
        ({"patience": 2, "baseline": 1.5}, [3, 2.5, 2], 3, 2),
        ({"patience": 2, "baseline": 2.5}, [3, 2, 1, 1, 1, 0], 5, 2),
        ({"start_from_epoch": 2}, [1, 2, 3, 4, 5], 4, 2),
        ({"mode": "max"}, [1, 2, 1, 3], 3, 1),
        ({"patience": 1}, [math.nan, 1, 1, 1], 2, 0),
    ],
)
def test_early_stopping(options: dict, values: list[float], epochs: int, best: int) -> None:
    stopper = EarlyStopping("loss", **options)
    model = train(stopper, losses(*values))
    assert model.weight == epochs
    assert stopper.best_epoch == best
    assert stopper.stopped_epoch == (epochs - 1 if model.stop_training else 0)


@pytest.mark.parametrize(
    ("options", "values", "weight"),
    [
        ({}, [3, 2, 2], 2),
        ({"patience": 1}, [3, 2, 2, 4], 2),
        ({"patience": 5}, [3, 1, 2], 2),  # restored without stopping
        ({"patience": 5}, [3, 2, 1], 3),
        ({"patience": 1, "mode": "max"}, [1, 5, 2, 2], 2),
    ],
)
def test_early_stopping_restores_the_best(options: dict, values: list, weight: int) -> None:
    model = train(EarlyStopping("loss", restore_best_weights=True, **options), losses(*values))
    assert model.weight == weight


def test_early_stopping_starts_anew_with_each_fit(capsys: pytest.CaptureFixture[str]) -> None:
    stopper = EarlyStopping("loss", patience=1, verbose=1, restore_best_weights=True)
    train(stopper, losses(1, 2))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring model weights from the end of the best epoch: 1.\n"
    )
    assert train(stopper, losses(9, 8, 7, 7, 7)).weight == 3


def test_a_number_that_is_not_there_warns() -> None:
    with pytest.warns(UserWarning, match="expected 'val_loss' among .* received loss") as caught:
        assert not train(EarlyStopping(), losses(1, 1)[:1]).stop_training
    assert caught[0].filename == scripted_training.__file__


def test_auto_mode_knows_the_metrics() -> None:
    def stopped(monitor: str, values: list[float], *known: metrics.Metric) -> int:
        model = Model()
        model.metrics = list(known)
        return int(
            train(EarlyStopping(monitor), [{monitor: value} for value in values], model).weight
        )

    assert stopped("val_loss", [3, 2, 1]) == 3
    assert stopped("val_acc", [0.1, 0.2, 0.3]) == 3
    assert stopped("accuracy", [0.3, 0.2, 0.1]) == 2
    assert stopped("mse", [3, 2, 1]) == 3
    assert stopped("val_hits", [1, 2, 3]) == 2
    assert stopped("val_hits", [1, 2, 3], metrics.BinaryAccuracy(name="hits")) == 3
    assert stopped("acc_error", [3, 2, 1], metrics.MeanSquaredError(name="acc_error")) == 3


# ---- ReduceLROnPlateau, LearningRateScheduler --------------------------------------------------


@pytest.mark.parametrize(
    ("options", "values", "rates"),
    [
        ({"patience": 1}, [3, 2, 2, 2, 1], [1, 1, 0.5, 0.25, 0.25]),
        ({"patience": 2}, [3, 3, 3, 3, 3], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 0}, [3, 3], [1, 0.5]),
        ({"patience": 1, "cooldown": 1}, [3, 3, 3, 3], [1, 0.5, 0.25, 0.125]),
        ({"patience": 1, "cooldown": 2}, [3, 3, 3, 3, 3], [1, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 1, "min_lr": 0.4}, [3, 3, 3, 3], [1, 0.5, 0.4, 0.4]),
        ({"patience": 1, "min_delta": 1}, [3, 2.5, 1.5], [1, 0.5, 0.5]),
        ({"patience": 1, "epsilon": 1}, [3, 2.5, 1.5], [1, 0.5, 0.5]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2], [1, 1, 0.5]),
    ],
)
def test_reduce_lr_on_plateau(options: dict, values: list, rates: list) -> None:
    seen: list[float] = []
    watch = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(float(model.optimizer.lr))
    )
    model = Model()
    history = History()
    reducer = ReduceLROnPlateau("loss", factor=0.5, **options)
    train([reducer, watch, history], losses(*values), model)
    assert [*seen[1:], float(model.optimizer.lr)] == rates
    assert history.history["learning_rate"] == [1, *rates[:-1]]  # the rate during the epoch


def test_reduce_lr_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    train(ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1), losses(1, 1))
    assert "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.5." in capsys.readouterr().out


def test_learning_rate_scheduler(capsys: pytest.CaptureFixture[str]) -> None:
    history = History()
    model = train([LearningRateScheduler(lambda epoch: 0.5**epoch), history], losses(1, 1, 1))
    assert model.optimizer.lr == 0.25
    assert history.history["learning_rate"] == history.history["lr"] == [1, 0.5, 0.25]
    model = train(LearningRateScheduler(lambda epoch, lr: lr / 2, verbose=1), losses(1, 1))
    assert model.optimizer.lr == 0.25
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.25" in capsys.readouterr().out
    assert train(LearningRateScheduler(lambda e: np.float32(0.5)), losses(1)).optimizer.lr == 0.5


def test_an_error_inside_a_schedule_is_not_hidden() -> None:
    def schedule(epoch: int, lr: float) -> float:
        return lr + None  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand"):
        train(LearningRateScheduler(schedule), losses(1))
