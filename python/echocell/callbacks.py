"""Callbacks: what happens around epochs and batches of fit, evaluate and predict.

Hooks that nobody overrides cost nothing: fit stays in the core for a whole epoch unless some
callback listens to batches, and for all epochs unless some callback listens to epochs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

from echocell._callback import HOOKS, Callback, CallbackList, History, Logs
from echocell._checks import check_number, real, whole
from echocell._file_callbacks import CSVLogger, ModelCheckpoint, TensorBoard
from echocell._missing_names import module_getattr
from echocell._monitor import Monitor
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

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


class EarlyStopping(Monitor):
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
        self.baseline = None if baseline is None else real(baseline, "EarlyStopping: baseline")
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


class ReduceLROnPlateau(Monitor):
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
        **others: `on_epoch_end=function` and the like: any hook of `Callback`, with its arguments
            (epoch or batch, then logs) given by position. Other names become attributes, which the
            functions may use.

    Raises:
        TypeError: for a name that begins with "on_" and is no hook, or what is no function.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Any,
    ) -> None:
        others.update(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
            on_train_batch_begin=on_train_batch_begin,
            on_train_batch_end=on_train_batch_end,
        )
        for name, value in others.items():
            if name.startswith("on_"):
                self._check_hook(name, value)
            if value is not None or name not in HOOKS:
                setattr(self, name, value)

    @staticmethod
    def _check_hook(name: str, function: Any) -> None:
        if name not in HOOKS:
            raise TypeError(f"LambdaCallback: unknown hook {name!r}.{suggest(name, HOOKS)}")
        if function is not None and not callable(function):
            raise TypeError(
                f"LambdaCallback: expected a function for {name}, received {function!r}"
            )
