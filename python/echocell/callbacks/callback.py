"""The base of all callbacks: the hooks, none of which does anything yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias


class Callback:
    """The base of all callbacks; a subclass overrides the hooks that it needs.

    Attributes:
        model: the model that is trained.
        params: "epochs", "steps", "verbose" and what else fit tells.
    """

    model: Any = None
    params: Mapping[str, Any] = MappingProxyType({})

    def set_model(self, model: Any) -> None:
        """Called once by fit, evaluate or predict, before anything else."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Called once by fit, evaluate or predict, before anything else."""
        self.params = params

    def listens_to(self, hook: str) -> bool:
        """Whether that hook does anything; fit leaves out the calls that do not."""
        return hook in vars(self) or getattr(type(self), hook) is not getattr(Callback, hook)

    def on_train_begin(self, logs: Any = None) -> None:
        """Before fit's first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After fit's last epoch. logs: those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch. epoch: counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation. logs: "loss", metrics, "val_loss", ..."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of fit. batch: counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of fit. logs: means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before the first batch of evaluate, or of a validation in fit."""

    def on_test_end(self, logs: Any = None) -> None:
        """After the last batch of evaluate, or of a validation in fit. logs: "loss", metrics."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of evaluate or of a validation. batch: counted from 0."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of evaluate or of a validation. logs: means so far."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before predict's first batch."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After predict's last batch."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of predict. batch: counted from 0."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of predict. logs: "outputs", those of the batch."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))

#: One callback, or several.
Callbacks: TypeAlias = Callback | Sequence[Callback]
