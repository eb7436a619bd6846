"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

from echocell._common.scalars import check_number, whole
from echocell.callbacks.callback import Callback
from echocell.callbacks.monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a monitored quantity no longer improves.

    Args:
        monitor: its name in the logs. Default "val_loss".
        factor: new rate = rate * factor, 0 <= factor < 1. Default 0.1.
        patience: number of epochs without improvement before the rate is lowered. Default 10.
        verbose: 1 prints a message when the rate is lowered. Default 0.
        mode: "min", "max", or "auto" (default), which derives it from the metric.
        min_delta: minimum change that counts as an improvement. Default 1e-4.
        cooldown: number of epochs to wait after the rate was lowered. Default 0.
        min_lr: lower bound of the rate. Default 0.
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
        """Resets the best value and the counters."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Lowers the learning rate if the quantity has not improved for `patience` epochs.

        Args:
            epoch: the number of the epoch, from 0.
            logs: the numbers of the epoch by name; "learning_rate" is added.
        """
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
        schedule: a function of the epoch (from 0), or of the epoch and the current rate, that
            returns the new rate.
        verbose: 1 prints the rate of every epoch. Default 0.
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
        """Sets the learning rate of an epoch.

        Args:
            epoch: the number of the epoch, from 0.
            logs: not used.

        Raises:
            TypeError: the schedule does not return a number.
        """
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
        """Adds "learning_rate" to the logs of an epoch."""
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
