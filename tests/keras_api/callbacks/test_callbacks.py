"""History, Logs, LambdaCallback, hooks and their cost, errors, callbacks in a real fit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    Logs,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
)
from support.scripted_training import Model, losses, train


def test_other_names_of_a_lambda_callback_are_attributes() -> None:
    seen = []
    callback = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(callback.tag), tag="mine", limit=None
    )
    callback.on_epoch_end(0, {})
    assert (seen, callback.limit) == (["mine"], None)


# ---- History, Logs, TerminateOnNaN, LambdaCallback ---------------------------------------------


def test_history() -> None:
    history = History()
    train(history, [{"loss": 1.0, "accuracy": 0.5}, {"loss": 0.5, "accuracy": 0.75}])
    assert history.history == {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75]}
    assert history.epoch == [0, 1]
    assert history.params["epochs"] == 2
    assert list(history.history) == ["loss", "accuracy"]
    assert json.loads(json.dumps(history.history)) == history.history


def test_logs_answer_to_both_generations() -> None:
    logs = Logs({"accuracy": 0.5, "val_acc": 0.25, "learning_rate": 0.1, "loss": 1.0})
    assert (logs["acc"], logs["val_accuracy"], logs["lr"]) == (0.5, 0.25, 0.1)
    assert (logs.get("acc"), logs.get("nothing"), logs.get("nothing", 3)) == (0.5, None, 3)
    assert "acc" in logs
    assert "val_lr" not in logs
    assert 3 not in logs
    with pytest.raises(KeyError, match="f1"):
        logs["f1"]
    assert Logs({"acc": 1, "accuracy": 2})["acc"] == 1


def test_terminate_on_nan(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(TerminateOnNaN(), losses(1, math.nan, 1)).weight == 2
    assert "Batch 0: Invalid loss, terminating training" in capsys.readouterr().out
    assert train(TerminateOnNaN(), losses(1, -math.inf, 1)).weight == 2
    assert train(TerminateOnNaN(), losses(1, 2, 3)).weight == 3
    with pytest.raises(RuntimeError, match="nan at batch 0"):
        train(TerminateOnNaN(raise_error=True), losses(math.nan))


def test_lambda_callback() -> None:
    calls: list[Any] = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: calls.append("begin"),
        on_epoch_end=lambda epoch, _: calls.append(epoch),
        on_batch_end=lambda batch, logs: calls.append(logs["loss"]),
        on_train_end=lambda logs: calls.append("end"),
        on_epoch_begin=None,
    )
    train(callback, losses(0.5))
    assert calls == ["begin", 0.5, 0.5, 0, "end"]


# ---- hooks -------------------------------------------------------------------------------------


class Recorder(Callback):
    """Older style: other argument names, no call of Callback.__init__, defaults of {}."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_train_begin(self, logs={}) -> None:  # noqa: B006
        self.calls.append("train")

    def on_epoch_end(self, number, *rest) -> None:
        self.calls.append(f"epoch {number} of {self.params['epochs']}")

    def on_batch_end(self, batch, logs={}) -> None:  # noqa: B006
        self.calls.append(f"batch {batch} {logs.get('loss')}")


def test_older_hooks() -> None:
    recorder = Recorder()
    model = train(recorder, losses(0.5))
    assert recorder.calls == ["train", "batch 0 0.5", "batch 1 0.5", "epoch 0 of 1"]
    assert recorder.model is model


class OnlyEpochs(Callback):
    def on_epoch_begin(self, epoch, logs=None) -> None:
        pass


@pytest.mark.parametrize(
    ("callback", "batches", "epochs"),
    [
        (None, False, False),
        ([], False, False),
        (History(), False, True),
        (Callback(), False, False),
        (OnlyEpochs(), False, True),
        (EarlyStopping(), False, True),
        (ModelCheckpoint("m"), False, True),
        (ModelCheckpoint("m", save_freq=10), True, True),
        (CSVLogger("log"), False, True),
        (Recorder(), True, True),
        (TerminateOnNaN(), True, False),
        (LambdaCallback(on_train_end=print), False, False),
        (LambdaCallback(on_epoch_end=print), False, True),
        (LambdaCallback(on_train_batch_end=print), True, False),
        (LambdaCallback(on_batch_begin=print), True, False),
        ([EarlyStopping(), [Recorder()]], True, True),
        (CallbackList([Recorder()]), True, True),
    ],
)
def test_who_listens(callback: Any, batches: bool, epochs: bool) -> None:
    each = CallbackList(callback)
    assert (each.listens_to_batches, each.listens_to_epochs) == (batches, epochs)


def test_the_models_own_history_costs_nothing() -> None:
    model: Any = Model()
    model.history = History()
    assert not CallbackList([model.history], model).listens_to_epochs
    assert CallbackList([History(), model.history], model).listens_to_epochs


def test_what_one_adds_the_next_sees() -> None:
    def add(epoch: int, logs: dict[str, Any]) -> None:
        logs["mine"] = 3.0

    history = History()
    each = CallbackList([LambdaCallback(on_epoch_end=add)], Model(), {})
    each.append(history)
    logs = {"loss": 1.0}
    each.on_epoch_end(0, logs)
    assert history.history["mine"] == [3.0]
    assert logs == {"loss": 1.0, "mine": 3.0}


def test_every_hook_is_forwarded() -> None:
    calls: list[str] = []

    class Everything(Callback):
        pass

    for hook in vars(Callback):
        if hook.startswith("on_"):
            setattr(Everything, hook, lambda self, *arguments, hook=hook: calls.append(hook))
    each = CallbackList([Everything()])
    hooks = [hook for hook in vars(Callback) if hook.startswith("on_")]
    for hook in hooks:
        getattr(each, hook)(*([0] if "batch" in hook or "epoch" in hook else []))
    assert calls == hooks


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CallbackList(EarlyStopping), TypeError, "the class, not an object of it"),
        (lambda: CallbackList([print]), TypeError, "expected objects of Callback, received <built"),
        (lambda: EarlyStopping(mode="best"), ValueError, "received 'best'"),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience"),
        (lambda: EarlyStopping(min_delta="a"), TypeError, "a number for min_delta"),
        (lambda: ReduceLROnPlateau(factor=1.0), ValueError, "0 <= factor < 1"),
        (lambda: ReduceLROnPlateau(cooldown=-1), ValueError, "cooldown"),
        (lambda: ModelCheckpoint("m", save_freq="batch"), ValueError, "received 'batch'"),
        (lambda: ModelCheckpoint("m", save_freq=0), ValueError, "save_freq"),
        (lambda: ModelCheckpoint("m", period=0), ValueError, "period"),
        (lambda: LearningRateScheduler(0.1), TypeError, "expected a function for schedule"),
        (lambda: LambdaCallback(on_epoch_ende=print), TypeError, "Did you mean 'on_epoch_end'"),
        (lambda: LambdaCallback(on_epoch_end=3), TypeError, "expected a function for on_epoch_end"),
        (lambda: TensorBoard(logdir="x"), TypeError, "Did you mean 'log_dir'"),
        (
            lambda: train(LearningRateScheduler(lambda epoch: None), losses(1)),
            TypeError,
            "expected a number from schedule",
        ),
        (
            lambda: train(LearningRateScheduler(lambda epoch: -1.0), losses(1)),
            ValueError,
            "0 <= learning_rate",
        ),
    ],
)
def test_errors(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---- in a real fit -----------------------------------------------------------------------------


def fit(callback: Any, **options: Any) -> Any:
    from echocell import Sequential, layers

    np.random.seed(0)
    model = Sequential([layers.LSTM(3, input_shape=(4, 1)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.random.rand(12, 4, 1)
    options = {"epochs": 4, "batch_size": 5, "verbose": 0, "validation_split": 0.25, **options}
    model.fit(x, x.mean(axis=(1, 2)), callbacks=callback, **options)
    return model


def test_a_history_of_ones_own() -> None:
    mine = History()
    model = fit([mine])
    assert mine.history == model.history.history
    assert mine.epoch == [0, 1, 2, 3]
    assert list(mine.history) == ["loss", "mae", "val_loss", "val_mae"]


def test_the_schedule_reaches_the_core() -> None:
    frozen = fit(LearningRateScheduler(lambda epoch: 0.0))
    assert len(set(frozen.history.history["val_loss"])) == 1
    trained = fit(LearningRateScheduler(lambda epoch: 0.1 if epoch == 2 else 0.0))
    values = trained.history.history["val_loss"]
    assert values[0] == values[1] != values[2] == values[3]
    assert trained.optimizer.iterations == 4 * 2


def test_stopping_within_an_epoch() -> None:
    seen: list[int] = []

    def stop(batch: int, logs: dict[str, float]) -> None:
        seen.append(batch)
        stopper.model.stop_training = len(seen) == 3

    stopper = LambdaCallback(on_batch_end=stop)
    fit(stopper, validation_split=0.0)
    assert seen == [0, 1, 2]


def test_the_best_weights_come_back() -> None:
    weights: list[Any] = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(stop.model.get_weights()))
    stop = EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    model = fit([keep, stop])
    assert stop.best_epoch == 0
    assert len(weights) == 3
    for now, best in zip(model.get_weights(), weights[0], strict=True):
        assert np.array_equal(now, best)


def test_a_checkpoint_is_a_whole_model(tmp_path: Path) -> None:
    from echocell import load_model

    model = fit(ModelCheckpoint(tmp_path / "{epoch}.h5", period=4))
    again = load_model(tmp_path / "4.h5")
    x = np.ones((2, 4, 1))
    assert np.array_equal(again.predict(x), model.predict(x))
