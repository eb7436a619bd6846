"""Callbacks: what happens around epochs and batches of fit, evaluate and predict.

Hooks that nobody overrides cost nothing: fit stays in the core for a whole epoch unless some
callback listens to batches, and for all epochs unless some callback listens to epochs.
"""

from __future__ import annotations

import csv
import inspect
import math
import os
from collections.abc import Callable, Mapping
from numbers import Real
from typing import IO, Any

import numpy as np

from echocell._callback import HOOKS, Callback, CallbackList, History, Logs, other_name
from echocell._checks import whole
from echocell._event_file import EventFile
from echocell._registry import check_number
from echocell._warning import warn
from echocell.utils import suggest

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]


class _Monitor(Callback):
    """What watches one number of the logs and knows whether it got better.

    Args:
        monitor: its name.
        mode: "min", "max", or "auto": by the metric's nature.
        min_delta: what a change must exceed to count.
        best: the value to beat; None takes the first one seen.
    """

    def __init__(
        self, monitor: str, mode: str, min_delta: float = 0.0, best: float | None = None
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', received {mode!r}"
            )
        self.monitor = monitor
        self.mode = mode
        # Keras takes the size of min_delta and lets the mode decide its sign.
        self.min_delta = abs(check_number(type(self).__name__, "min_delta", min_delta, low=-1e300))
        self.best = best

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", None) or ():
            if getattr(metric, "name", None) in (name, other_name(name)):
                return bool(getattr(metric, "direction", "down") == "up")
        return "acc" in name

    def _improves(self, value: float, best: float | None) -> bool:
        if best is None:
            return True
        if self._larger_is_better():
            return value - self.min_delta > best
        return value + self.min_delta < best

    def _read(self, logs: Mapping[str, Any] | None) -> float | None:
        """The monitored number, or None after a warning that says what there is."""
        known = Logs(logs or {})
        if self.monitor in known:
            return float(known[self.monitor])
        warn(
            f"{type(self).__name__}: expected {self.monitor!r} among the numbers of the epoch, "
            f"received {', '.join(known) or 'none'}"
        )
        return None


class EarlyStopping(_Monitor):
    """Stops training when a number has stopped getting better.

    Args:
        monitor: its name in the logs. Default "val_loss".
        min_delta: a smaller change counts as none. Default 0.
        patience: epochs without improvement before training stops. Default 0.
        verbose: 1 says when it stops. Default 0.
        mode: "min", "max", or "auto" (default): by the metric's nature.
        baseline: a value that must be beaten, too, for patience to start anew. Default None.
        restore_best_weights: put back the weights of the best epoch at the end. Default False.
        start_from_epoch: epochs before this one are not looked at. Default 0.

    Attributes:
        stopped_epoch: where it stopped, from 0; 0 if it did not.
        best_epoch: the best epoch, from 0.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = whole(patience, "EarlyStopping: patience", least=0)
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = whole(start_from_epoch, "EarlyStopping: start_from_epoch", least=0)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        current = self._read(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        improved = self._improves(current, self.best)
        if improved:
            self.best = current
            if self.baseline is None or self._improves(current, self.baseline):
                self.wait = 0
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        if not improved and self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                print(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Saves the model while it is trained.

    Args:
        filepath: where; may hold `{epoch}` (from 1), `{batch}` and names of the logs with formats,
            as in "weights-{epoch:02d}-{val_loss:.3f}.h5". Folders are made. Whatever the ending,
            the file is one of `Model.save` or `Model.save_weights`.
        monitor: the number that says what is best. Default "val_loss".
        verbose: 1 says what it does. Default 0.
        save_best_only: save only what is better than all before. Default False.
        save_weights_only: the weights alone. Default False.
        mode: "min", "max", or "auto" (default): by the metric's nature.
        save_freq: "epoch" (default), or every so many batches.
        initial_value_threshold: a value that must be beaten. Default None.
        period: Keras 2's: every so many epochs. Default 1.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode, best=initial_value_threshold)
        if isinstance(save_freq, str) and save_freq != "epoch":
            raise ValueError(
                f"ModelCheckpoint: expected save_freq 'epoch' or a number of batches, "
                f"received {save_freq!r}"
            )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = (
            save_freq
            if isinstance(save_freq, str)
            else whole(save_freq, "ModelCheckpoint: save_freq")
        )
        self.period = whole(period, "ModelCheckpoint: period")
        self._epochs_since_saving = 0
        self._batches_since_saving = 0
        self._epoch = 0

    def _listens_to(self, hook: str) -> bool:
        """Batches only where it saves after so many of them."""
        if "batch" in hook and self.save_freq == "epoch":
            return False
        return super()._listens_to(hook)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq != "epoch":
            return
        self._epochs_since_saving += 1
        if self._epochs_since_saving >= self.period:
            self._epochs_since_saving = 0
            self._save_if_wanted(epoch, logs, None)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches_since_saving += 1
        if self._batches_since_saving >= int(self.save_freq):
            self._batches_since_saving = 0
            self._save_if_wanted(self._epoch, logs, batch)

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {text}")

    def _path(self, epoch: int, logs: Mapping[str, Any] | None, batch: int | None) -> str:
        values = Logs(logs or {}, epoch=epoch + 1)
        if batch is not None:
            values["batch"] = batch + 1
        try:
            return self.filepath.format_map(values)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} asks for {error}; expected names out "
                f"of {', '.join(values)}"
            ) from None

    def _save_if_wanted(
        self, epoch: int, logs: Mapping[str, Any] | None, batch: int | None
    ) -> None:
        path = self._path(epoch, logs, batch)
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._save(path)
            return
        current = self._read(logs)
        if current is None:
            self._save(path)  # as Keras does: better a model too many than none
            return
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._improves(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return
        self._say(
            epoch,
            f"{self.monitor} improved from {before} to {current:.5f}, saving model to {path}",
        )
        self.best = current
        self._save(path)

    def _save(self, path: str) -> None:
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)


class ReduceLROnPlateau(_Monitor):
    """Lowers the learning rate when a number has stopped getting better.

    Args:
        monitor: its name in the logs. Default "val_loss".
        factor: new rate = rate * factor, 0 <= factor < 1. Default 0.1.
        patience: epochs without improvement before the rate is lowered. Default 10.
        verbose: 1 says when it does. Default 0.
        mode: "min", "max", or "auto" (default): by the metric's nature.
        min_delta: a smaller change counts as none. Default 1e-4.
        cooldown: epochs to wait after the rate was lowered. Default 0.
        min_lr: the rate never goes below. Default 0.
        epsilon: Keras 2's older name of min_delta.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        *,
        epsilon: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, min_delta if epsilon is None else epsilon)
        self.factor = check_number("ReduceLROnPlateau", "factor", factor, high=1.0)
        self.min_lr = check_number("ReduceLROnPlateau", "min_lr", min_lr)
        self.patience = whole(patience, "ReduceLROnPlateau: patience", least=0)
        self.cooldown = whole(cooldown, "ReduceLROnPlateau: cooldown", least=0)
        self.verbose = verbose
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether it is waiting after the rate was lowered."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        _log_learning_rate(self.model, logs)
        current = self._read(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0


def _log_learning_rate(model: Any, logs: Any) -> None:
    if logs is not None:
        logs["learning_rate"] = float(model.optimizer.learning_rate)


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Args:
        schedule: a function of the epoch (from 0), or of the epoch and the rate so far, that gives
            the new rate.
        verbose: 1 says what it does. Default 0.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(
                f"LearningRateScheduler: expected a function for schedule, received {schedule!r}"
            )
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes(schedule, 2)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        rate = self.schedule(*arguments)
        if not isinstance(rate, Real) or isinstance(rate, bool):
            raise TypeError(
                f"LearningRateScheduler: expected a number from schedule{arguments}, "
                f"received {rate!r}"
            )
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        _log_learning_rate(self.model, logs)


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with that many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except ValueError:
        return True  # a built-in without a signature
    except TypeError:
        return False
    return True


class CSVLogger(Callback):
    """Writes one line per epoch: the epoch from 0, and the numbers in alphabetical order.

    Args:
        filename: of the CSV file.
        separator: between the columns. Default ",".
        append: go on with a file that is there. Default False: start it anew.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._needs_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        self._close()
        self._needs_header = not (
            self.append and os.path.exists(self.filename) and os.path.getsize(self.filename)
        )
        mode = "a" if self.append else "w"
        self._file = open(self.filename, mode, newline="", encoding="utf-8")  # noqa: SIM115
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._file is None:
            raise ValueError("CSVLogger: on_epoch_end came before on_train_begin")
        values = {key: _csv_value(value) for key, value in (logs or {}).items()}
        if self._writer is None:
            self._start(sorted(values))
        self._writer.writerow({"epoch": epoch, **values})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._close()

    def _start(self, keys: list[str]) -> None:
        # Validation need not come with the first epoch: it gets its columns nevertheless.
        if not any(key.startswith("val_") for key in keys):
            keys += [f"val_{key}" for key in keys]
        self._writer = csv.DictWriter(
            self._file,  # type: ignore[arg-type]
            ["epoch", *keys],
            restval="NA",
            extrasaction="ignore",
            delimiter=self.sep,
        )
        if self._needs_header:
            self._writer.writeheader()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _csv_value(value: Any) -> Any:
    """A number as it is, several in brackets."""
    several = np.asarray(value)
    return f'"[{", ".join(map(str, several))}]"' if several.ndim else value


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is NaN or infinite.

    Args:
        raise_error: raise a RuntimeError instead. Default False.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}")
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback out of functions.

    Args:
        **hooks: `on_epoch_end=function` and the like: any hook of `Callback`, with its arguments
            (epoch or batch, then logs) given by position.

    Raises:
        TypeError: for a name that is no hook, or what is no function.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        hooks.update(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
            on_train_batch_begin=on_train_batch_begin,
            on_train_batch_end=on_train_batch_end,
        )
        for name, function in hooks.items():
            if name not in HOOKS:
                raise TypeError(f"LambdaCallback: unknown hook {name!r}.{suggest(name, HOOKS)}")
            if function is None:
                continue
            if not callable(function):
                raise TypeError(
                    f"LambdaCallback: expected a function for {name}, received {function!r}"
                )
            setattr(self, name, function)


class TensorBoard(Callback):
    """Writes the numbers of each epoch for TensorBoard, as `epoch_loss` and so on.

    Those of the training go to the folder `train` in log_dir, those of the validation to
    `validation`. Nothing else is written: no graphs, histograms or images.

    Args:
        log_dir: the folder. Default "logs".
        **others: Keras's further arguments; one that asks for more than numbers of epochs warns.
    """

    _arguments = (
        "batch_size",
        "embeddings_data",
        "embeddings_freq",
        "embeddings_layer_names",
        "embeddings_metadata",
        "histogram_freq",
        "profile_batch",
        "update_freq",
        "write_grads",
        "write_graph",
        "write_images",
        "write_steps_per_second",
    )
    #: Those that ask for files of their own where they are on.
    _unwritten = ("embeddings_freq", "histogram_freq", "write_images")

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", **others: Any) -> None:
        for name, value in others.items():
            if name not in self._arguments:
                known = ("log_dir", *self._arguments)
                raise TypeError(f"TensorBoard: unknown argument {name!r}.{suggest(name, known)}")
            if name in self._unwritten and value:
                warn(
                    f"TensorBoard: {name}={value!r} has no effect: only the numbers of each epoch "
                    "are written"
                )
        self.log_dir = os.fspath(log_dir)
        self._files: dict[str, EventFile] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        self._close()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        parts: dict[str, dict[str, float]] = {"train": {}, "validation": {}}
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            parts[part][f"epoch_{name.removeprefix('val_')}"] = float(value)
        for part, numbers in parts.items():
            if numbers:
                if part not in self._files:
                    self._files[part] = EventFile(os.path.join(self.log_dir, part))
                self._files[part].add(epoch, numbers)

    def on_train_end(self, logs: Any = None) -> None:
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}
