"""The base class of all callbacks; its hooks do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias


class Callback:
    """The base class of all callbacks; subclasses override the hooks that they need.

    Attributes:
        model: the model.
        params: "epochs", "steps", "verbose" and further settings of fit.
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
        """Whether the hook is overridden; fit skips the calls of hooks that are not."""
        return hook in vars(self) or getattr(type(self), hook) is not getattr(Callback, hook)

    def on_train_begin(self, logs: Any = None) -> None:
        """Called before fit's first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called after fit's last epoch, with its logs."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called after an epoch and its validation; logs: "loss", metrics, "val_loss", ..."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of fit, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of fit; logs: means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Called before the first batch of evaluate, or of a validation in fit."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called after the last batch of evaluate, or of a validation; logs: "loss", metrics."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of evaluate or of a validation, counted from 0."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of evaluate or of a validation; logs: means so far."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called before predict's first batch."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called after predict's last batch."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of predict, counted from 0."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of predict; logs: "outputs" of the batch."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))

#: One callback, or several.
Callbacks: TypeAlias = Callback | Sequence[Callback]
