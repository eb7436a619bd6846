"""Callbacks: Keras's semantics, which hooks cost something, files they write, errors."""

from __future__ import annotations

import csv
import json
import math
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import metrics, optimizers
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
from echocell.callbacks.event_file import masked_checksum
from echocell.layers import Dense
from echocell.models import Sequential


class Model:
    """What callbacks see of a model. Its only weight is the number of epochs it was trained."""

    def __init__(self) -> None:
        self.optimizer = optimizers.SGD(1.0)
        self.metrics: list[Any] = []
        self.stop_training = False
        self.weight = 0.0
        self.saved: list[str] = []

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(self.weight)]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight = float(weights[0])

    def save(self, path: str) -> None:
        self.saved.append(path)

    def save_weights(self, path: str) -> None:
        self.saved.append(f"weights:{path}")


def train(
    callback: Any, epochs: list[dict[str, float]], model: Model | None = None, batches: int = 2
) -> Model:
    """Goes through fit's hooks with these logs."""
    model = Model() if model is None else model
    model.stop_training = False
    each = CallbackList(callback, model, {"epochs": len(epochs), "steps": batches, "verbose": 0})
    each.on_train_begin()
    for epoch, logs in enumerate(epochs):
        each.on_epoch_begin(epoch)
        for batch in range(batches):
            each.on_train_batch_begin(batch)
            each.on_train_batch_end(batch, dict(logs))
        model.weight = epoch + 1
        each.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    each.on_train_end()
    return model


def losses(*values: float) -> list[dict[str, float]]:
    return [{"loss": value} for value in values]


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
        ({"patience": 1, "min_delta": -0.5}, [3, 2.75, 2.5, 2], 2, 0),  # its sign does not matter
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
        ({"patience": 5}, [3, 1, 2], 2),  # put back although it did not stop
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
    assert caught[0].filename == __file__


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
    assert history.history["learning_rate"] == [1, *rates[:-1]]  # as it was in the epoch


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


# ---- ModelCheckpoint ---------------------------------------------------------------------------


def test_checkpoint_every_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = train(
        ModelCheckpoint(tmp_path / "deep" / "m-{epoch:02d}-{loss:.2f}.h5", verbose=1), losses(2, 1)
    )
    names = [str(tmp_path / "deep" / name) for name in ("m-01-2.00.h5", "m-02-1.00.h5")]
    assert model.saved == names
    assert (tmp_path / "deep").is_dir()
    assert f"Epoch 2: saving model to {names[1]}" in capsys.readouterr().out


def test_checkpoint_of_the_best(capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = ModelCheckpoint("{epoch}", "loss", save_best_only=True, verbose=1)
    model = train(checkpoint, losses(3, 2, 2, 4, 1))
    assert model.saved == ["1", "2", "5"]
    printed = capsys.readouterr().out
    assert "Epoch 1: loss improved from None to 3.00000, saving model to 1" in printed
    assert "Epoch 3: loss did not improve from 2.00000" in printed
    assert train(checkpoint, losses(2, 0)).saved == ["2"]  # it remembers across calls of fit


@pytest.mark.parametrize(
    ("options", "saved"),
    [
        ({"save_weights_only": True}, ["weights:1", "weights:2", "weights:3", "weights:4"]),
        ({"save_best_only": True, "mode": "max"}, ["1", "4"]),
        ({"save_best_only": True, "initial_value_threshold": 1.5}, ["3"]),
        ({"period": 2}, ["2", "4"]),
    ],
)
def test_checkpoint_options(options: dict, saved: list[str]) -> None:
    assert train(ModelCheckpoint("{epoch}", "loss", **options), losses(3, 2, 1, 5)).saved == saved


def test_checkpoint_every_few_batches() -> None:
    model = train(ModelCheckpoint("{epoch}-{batch}", save_freq=3), losses(1, 1, 1), batches=4)
    assert model.saved == ["1-3", "2-2", "3-1", "3-4"]


def test_checkpoint_under_the_older_name() -> None:
    assert train(ModelCheckpoint("{acc:.1f}"), [{"accuracy": 0.25}]).saved == ["0.2"]


def test_checkpoint_of_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="asks for 'val_loss'; expected names out of loss, epoch"):
        train(ModelCheckpoint("{val_loss}"), losses(1))
    with pytest.warns(UserWarning, match="expected 'val_loss'"):
        assert train(ModelCheckpoint("m", save_best_only=True), losses(1)).saved == ["m"]


def test_a_loss_that_is_nan_is_not_the_best() -> None:
    checkpoint = ModelCheckpoint("{epoch}", "loss", save_best_only=True)
    assert train(checkpoint, losses(math.nan, 3, math.nan, 2)).saved == ["2", "4"]


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("save_freq", ["epoch", 1])
def test_a_good_file_is_not_replaced_by_a_model_that_diverged(
    tmp_path: Path, weights_only: bool, save_freq: str | int
) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(optimizers.SGD(0.1), "mse")
    path = tmp_path / "model"
    each = ModelCheckpoint(path, save_weights_only=weights_only, save_freq=save_freq)
    new = ModelCheckpoint(tmp_path / "{epoch}", save_weights_only=weights_only)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, verbose=0, callbacks=[each])
    good = path.read_bytes()
    model.optimizer.learning_rate = 1e300
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, epochs=3, verbose=0, callbacks=[each, new])
    assert path.read_bytes() == good
    kept = [str(warning.message) for warning in caught if "is kept" in str(warning.message)]
    assert kept
    assert all(f"{path} is kept: the model" in words for words in kept)
    assert (tmp_path / "3").exists()  # nothing is lost by a file under a new name


# ---- CSVLogger ---------------------------------------------------------------------------------


def rows(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logs = [{"val_loss": 3.0, "loss": 2.0, "acc": 0.5}, {"val_loss": 2.0, "loss": 1.0, "acc": 1.0}]
    train(CSVLogger(path), logs)
    assert path.read_text().splitlines() == [
        "epoch,acc,loss,val_loss",
        "0,0.5,2.0,3.0",
        "1,1.0,1.0,2.0",
    ]


def test_csv_logger_appends(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for append in (False, True, True):
        train(CSVLogger(path, ";", append=append), [{"loss": 1.0, "val_loss": 2.0}])
    assert [row["loss"] for row in rows(path, ";")] == ["1.0"] * 3
    train(CSVLogger(path), losses(5))
    assert [row["loss"] for row in rows(path)] == ["5"]


def test_csv_logger_with_validation_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"loss": 1.0}, {"loss": 0.5, "val_loss": 2.0}])
    assert [row["val_loss"] for row in rows(path)] == ["NA", "2.0"]


# ---- TensorBoard -------------------------------------------------------------------------------


def events(folder: Path) -> list[bytes]:
    """The records of the only file in a folder; their checksums must be right."""
    (path,) = folder.iterdir()
    assert "tfevents" in path.name
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        record = data[12 : 12 + length]
        sums = struct.unpack("<I", data[8:12]) + struct.unpack(
            "<I", data[12 + length : 16 + length]
        )
        assert sums == (masked_checksum(data[:8]), masked_checksum(record))
        found.append(record)
        data = data[16 + length :]
    return found


def test_checksum() -> None:
    # CRC-32C of these nine digits is e3069283 (RFC 3720 and others), here turned and shifted.
    crc = 0xE3069283
    assert masked_checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_tensorboard(tmp_path: Path) -> None:
    logs = [{"loss": 1.5, "val_loss": 2.5, "acc": 0.5}, {"loss": 0.5, "val_loss": 3.5, "acc": 1.0}]
    train(TensorBoard(tmp_path / "logs", write_graph=True, histogram_freq=0), logs)
    version, first, second = events(tmp_path / "logs" / "train")
    assert version.endswith(b"\x1a\x0dbrain.Event:2")
    # After the time (9 bytes): the step, and the numbers as float32 behind their names.
    assert first[9:11] == b"\x10\x00"
    assert second[9:11] == b"\x10\x01"
    assert b"epoch_loss\x15" + struct.pack("<f", 1.5) in first
    assert b"epoch_acc\x15" + struct.pack("<f", 1.0) in second
    validation = events(tmp_path / "logs" / "validation")
    assert b"epoch_loss\x15" + struct.pack("<f", 3.5) in validation[2]
    assert b"acc" not in validation[2]


def test_tensorboard_says_what_it_does_not_write() -> None:
    with pytest.warns(UserWarning, match="histogram_freq=1 has no effect"):
        TensorBoard("logs", histogram_freq=1)
    for name, value in {"update_freq": "batch", "write_grads": True, "profile_batch": 2}.items():
        with pytest.warns(UserWarning, match=f"{name}={value!r} has no effect"):
            TensorBoard("logs", **{name: value})


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
    """Older style: other names of arguments, no call of Callback.__init__, defaults of {}."""

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
