"""The logs of every epoch."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from echocell.callbacks.callback import Callback
from echocell.callbacks.logs import Logs


def no_model() -> None:
    """Stands for the weak reference of a history without a model."""


class History(Callback):
    """The result of fit: the logs of every epoch.

    Attributes:
        history: maps a name ("loss", metrics, "val_loss", ...) to a list of one number per epoch.
            Older and newer names of Keras both work, as in `Logs`.
        epoch: the numbers of the epochs, from 0.
    """

    _model_reference: Callable[[], Any] = staticmethod(no_model)

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = Logs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Empties `epoch`. The logs in `history` stay, as in Keras."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Appends the logs of an epoch.

        Args:
            epoch: the number of the epoch, from 0.
            logs: one number per name.
        """
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def fill(self, names: Sequence[str], rows: Sequence[Sequence[float]], first: int) -> None:
        """Sets the logs of all epochs at once.

        Args:
            names: names of the numbers of a row.
            rows: one row per epoch.
            first: the number of the first epoch, from 0.
        """
        self.epoch = list(range(first, first + len(rows)))
        table = self.history
        for row in rows:
            for name, value in zip(names, row, strict=False):
                table.setdefault(name, []).append(value)

    # A weak reference: the model holds its last history, and a cycle of references would keep both
    # in memory until the cyclic garbage collector runs.

    @property
    def model(self) -> Any:
        """The model that was trained; None if it no longer exists."""
        return self._model_reference()

    @model.setter
    def model(self, model: Any) -> None:
        self._model_reference = no_model if model is None else weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        """Pickles the numbers without the model."""
        return {name: value for name, value in vars(self).items() if name != "_model_reference"}
