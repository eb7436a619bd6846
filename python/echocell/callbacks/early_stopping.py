"""Stops training when a monitored quantity no longer improves."""

from __future__ import annotations

from typing import Any

from echocell._common.scalars import real, whole
from echocell.callbacks.monitor import Monitor


class EarlyStopping(Monitor):
    """Stops training when a monitored quantity no longer improves.

    Args:
        monitor: its name in the logs. Default "val_loss".
        min_delta: minimum change that counts as an improvement. Default 0.
        patience: number of epochs without improvement before training stops. Default 0.
        verbose: 1 prints a message when training stops. Default 0.
        mode: "min", "max", or "auto" (default), which derives it from the metric.
        baseline: a value that must also be exceeded for the patience to be reset. Default None.
        restore_best_weights: whether to restore the weights of the best epoch. Default False.
        start_from_epoch: number of initial epochs that are not monitored. Default 0.

    Attributes:
        stopped_epoch: the epoch at which training stopped, from 0; 0 if it did not.
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
        """Resets the best value and its weights."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compares the monitored quantity with the best one, and stops training after the patience.

        Args:
            epoch: the number of the epoch, from 0.
            logs: the numbers of the epoch by name; without the monitored one there is a warning.
        """
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
        """Prints the message, and restores the weights of the best epoch if requested."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                print(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)
