"""What callbacks are made of: the hooks, the numbers they see, and a list of them as one."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

#: What Keras called the same number at other times.
_OTHER_NAMES = {
    "acc": "accuracy",
    "accuracy": "acc",
    "lr": "learning_rate",
    "learning_rate": "lr",
}


def other_name(key: object) -> str | None:
    """`val_acc` for `val_accuracy` and the other way round; None where there is no other name."""
    if not isinstance(key, str):
        return None
    prefix = "val_" if key.startswith("val_") else ""
    other = _OTHER_NAMES.get(key[len(prefix) :])
    return None if other is None else prefix + other


class Logs(dict[str, Any]):
    """Numbers by name. A number is found under its older or newer Keras name as well:
    `logs["acc"]` where the metric was asked for as "accuracy", `logs["lr"]` for the learning rate.

    Only the names that were asked for are listed.
    """

    def __missing__(self, key: str) -> Any:
        other = other_name(key)
        if other is not None and dict.__contains__(self, other):
            return dict.__getitem__(self, other)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or dict.__contains__(self, other_name(key))

    def get(self, key: str, default: Any = None) -> Any:
        """The number under either of its names, or the default."""
        try:
            return self[key]
        except KeyError:
            return default


class Callback:
    """Base of callbacks: override the hooks you need.

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

    def _listens_to(self, hook: str) -> bool:
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


_EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
_BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_batch_begin",
    "on_batch_end",
)
HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class CallbackList(Callback):
    """Several callbacks as one.

    Args:
        callbacks: one callback, or any number of them in lists; None for none.
        model: given to each.
        params: given to each.

    Raises:
        TypeError: for what is no `Callback`.
    """

    def __init__(
        self,
        callbacks: Any = None,
        model: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.callbacks = list(_flatten(callbacks))
        self.set_model(model)
        self.set_params({} if params is None else params)

    @property
    def listens_to_epochs(self) -> bool:
        """Whether any of them, but for the model's own history, overrides a hook of epochs."""
        return self._any_listens(_EPOCH_HOOKS)

    @property
    def listens_to_batches(self) -> bool:
        """Whether any of them overrides a hook of training batches."""
        return self._any_listens(_BATCH_HOOKS)

    def _any_listens(self, hooks: Iterable[str]) -> bool:
        # The model fills its own history from what the core gives back after all epochs.
        own = getattr(self.model, "history", None)
        others = [callback for callback in self.callbacks if callback is not own]
        return any(callback._listens_to(hook) for callback in others for hook in hooks)

    def set_model(self, model: Any) -> None:
        """Gives the model to each."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Gives the parameters to each."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def listens_to(self, hook: str) -> bool:
        """Whether any of them does something in that hook."""
        return any(callback._listens_to(hook) for callback in self.callbacks)

    def _listens_to(self, hook: str) -> bool:
        return self.listens_to(hook)

    def append(self, callback: Callback) -> None:
        """Adds one at the end."""
        for new in _flatten(callback):
            new.set_model(self.model)
            new.set_params(self.params)
            self.callbacks.append(new)

    def _call(self, hook: str, *position: int, logs: dict[str, Any] | None) -> None:
        """Calls a hook of each.

        What a callback adds to the logs, the next ones see, and in the end who called.
        """
        shared = logs if isinstance(logs, Logs) else Logs(logs or {})
        for callback in self.callbacks:
            getattr(callback, hook)(*position, shared)
        if logs is not None and shared is not logs:
            logs.update(shared)


def _flatten(callbacks: Any) -> Iterable[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, Callback):
        yield callbacks
        return
    if not isinstance(callbacks, (list, tuple)):
        raise TypeError(
            f"callbacks: expected objects of Callback, received {callbacks!r}"
            + (" (the class, not an object of it)" if isinstance(callbacks, type) else "")
        )
    for item in callbacks:
        yield from _flatten(item)


def _forward(hook: str) -> Callable[..., None]:
    """The method of `CallbackList` that calls that hook of each callback."""
    if "batch" in hook or "epoch" in hook:

        def numbered(self: CallbackList, number: int, logs: Any = None) -> None:
            self._call(hook, number, logs=logs)

        return numbered

    def plain(self: CallbackList, logs: Any = None) -> None:
        self._call(hook, logs=logs)

    return plain


for _hook in HOOKS:
    setattr(CallbackList, _hook, _forward(_hook))


def no_model() -> None:
    """The weak reference of a history to no model."""


class History(Callback):
    """What fit gives back.

    Attributes:
        history: name -> list of one number per epoch: "loss", metrics, "val_loss", ...; found
            under older and newer Keras names alike, as in `Logs`.
        epoch: the epochs' numbers, from 0.
    """

    def __init__(self) -> None:
        self._model_reference: Callable[[], Any] = no_model
        self.history: dict[str, list[float]] = Logs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

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
        return {**vars(self), "_model_reference": no_model}
