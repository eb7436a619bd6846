"""The numbers of every epoch."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from echocell.callbacks.callback import Callback
from echocell.callbacks.logs import Logs


def no_model() -> None:
    """The weak reference of a history to no model."""


class History(Callback):
    """The result of fit: the numbers of every epoch.

    Attributes:
        history: name -> list of one number per epoch: "loss", metrics, "val_loss", ...; found
            under older and newer Keras names alike, as in `Logs`.
        epoch: the epochs' numbers, from 0.
    """

    _model_reference: Callable[[], Any] = staticmethod(no_model)

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = Logs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def fill(self, names: Sequence[str], rows: Sequence[Sequence[float]], first: int) -> None:
        """Writes the logs of all epochs at once.

        Args:
            names: of the numbers of a row.
            rows: a row per epoch.
            first: the number of the first epoch, from 0.
        """
        self.epoch = list(range(first, first + len(rows)))
        table = self.history
        for row in rows:
            for name, value in zip(names, row, strict=False):
                table.setdefault(name, []).append(value)

    # The model keeps its last history: with a reference back it would stay in memory until the
    # cyclic garbage collector runs.

    @property
    def model(self) -> Any:
        """The model that was trained; None where it does not exist any more."""
        return self._model_reference()

    @model.setter
    def model(self, model: Any) -> None:
        self._model_reference = no_model if model is None else weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        """A copy has the numbers, and no model."""
        return {name: value for name, value in vars(self).items() if name != "_model_reference"}
