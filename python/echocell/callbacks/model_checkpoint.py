"""Saves the model or its weights during training."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from echocell._common.scalars import whole
from echocell._common.warning import warn
from echocell.callbacks.logs import Logs
from echocell.callbacks.monitor import Monitor


class ModelCheckpoint(Monitor):
    """Saves the model during training.

    Args:
        filepath: path of the file; may contain `{epoch}` (from 1), `{batch}` and names of the logs
            with formats, as in "weights-{epoch:02d}-{val_loss:.3f}.h5". Folders are created.
            Whatever the suffix, the file is written by `Model.save` or `Model.save_weights`. A
            model that has diverged never replaces an existing file, which is kept with a warning.
        monitor: the quantity that determines the best model. Default "val_loss".
        verbose: 1 prints a message when a file is written. Default 0.
        save_best_only: whether to save only if the quantity improved. Default False.
        save_weights_only: whether to save only the weights. Default False.
        mode: "min", "max", or "auto" (default), which derives it from the metric.
        save_freq: "epoch" (default), or the number of batches between files.
        initial_value_threshold: a value that must be exceeded. Default None.
        period: Keras 2's number of epochs between files. Default 1.
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

    def listens_to(self, hook: str) -> bool:
        """Listens to batches only if save_freq is a number of batches."""
        if "batch" in hook and self.save_freq == "epoch":
            return False
        return super().listens_to(hook)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Stores the number of the epoch, which names the files of its batches."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves the model if it is due after this epoch; see the class.

        Args:
            epoch: the number of the epoch, from 0.
            logs: the numbers of the epoch by name.

        Raises:
            ValueError: filepath contains a name that is not in the logs.
            OSError: the file cannot be written.
        """
        if self.save_freq != "epoch":
            return
        self._epochs_since_saving += 1
        if self._epochs_since_saving >= self.period:
            self._epochs_since_saving = 0
            self._save_if_wanted(epoch, logs, None)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves the model if it is due after this batch; see the class.

        Args:
            batch: the number of the batch in its epoch, from 0.
            logs: means over the epoch so far, by name.

        Raises:
            ValueError: filepath contains a name that is not in the logs.
            OSError: the file cannot be written.
        """
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
            self._save(path, logs)
            return
        current = self._read(logs)
        if current is None:
            self._save(path, logs)  # as in Keras: saves rather than risk losing a model
            return
        before = "None" if self.best is None else f"{self.best:.5f}"
        if math.isnan(current) or not self._improves(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return
        self._say(
            epoch,
            f"{self.monitor} improved from {before} to {current:.5f}, saving model to {path}",
        )
        self.best = current
        self._save(path, logs)

    def _save(self, path: str, logs: Mapping[str, Any] | None) -> None:
        if os.path.exists(path) and self._diverged(logs):
            warn(
                f"ModelCheckpoint: {path} is kept: the model that would replace it has diverged, "
                "its loss or its weights are no longer finite",
                RuntimeWarning,
            )
            return
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _diverged(self, logs: Mapping[str, Any] | None) -> bool:
        """Whether the loss or the monitored number is NaN, or a weight is not finite."""
        known = Logs(logs or {})
        if any(math.isnan(known.get(name, 0.0)) for name in ("loss", self.monitor)):
            return True
        return not all(np.isfinite(weight).all() for weight in self.model.get_weights())
