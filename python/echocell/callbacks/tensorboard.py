"""Writes the logs of the epochs for TensorBoard."""

from __future__ import annotations

import os
from typing import Any

from echocell._common.keras_arguments import TENSORBOARD
from echocell._common.warning import warn
from echocell.callbacks.callback import Callback
from echocell.callbacks.event_file import EventFile


class TensorBoard(Callback):
    """Writes the numbers of each epoch for TensorBoard, as `epoch_loss` and so on.

    Those of the training go to the subfolder `train` of log_dir, those of the validation to
    `validation`. Graphs, histograms and images are not written.

    Args:
        log_dir: the folder. Default "logs".
        **others: further arguments of Keras; a warning tells if one has no effect.
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", **others: Any) -> None:
        unmet = {name for name, value in others.items() if TENSORBOARD.asks(name, value)}
        accepted = {name: value for name, value in others.items() if name not in unmet}
        TENSORBOARD.check("TensorBoard", accepted, type(self))
        for name in unmet:
            warn(
                f"TensorBoard: {name}={others[name]!r} has no effect: only the numbers of each "
                "epoch are written"
            )
        self.log_dir = os.fspath(log_dir)
        self._files: dict[str, EventFile] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Closes the files of a previous training, so that new ones are opened."""
        self._close()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the numbers of an epoch.

        Args:
            epoch: the number of the epoch, from 0.
            logs: the numbers by name; those that begin with "val_" are written to the folder
                "validation", all others to "train".

        Raises:
            OSError: a file cannot be written.
        """
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
        """Closes the files."""
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}
