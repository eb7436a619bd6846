"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from echocell.callbacks.callback import HOOKS, Callback
from echocell.callbacks.logs import Logs

_EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
_BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_batch_begin",
    "on_batch_end",
)


class CallbackList(Callback):
    """Several callbacks as one.

    Args:
        callbacks: one callback, or any number of them in lists; None for none.
        model: passed to each callback.
        params: passed to each callback.

    Raises:
        TypeError: an entry is not a `Callback`.
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
        """Whether a callback other than the model's own history overrides a hook of epochs."""
        return self._any_listens(_EPOCH_HOOKS)

    @property
    def listens_to_batches(self) -> bool:
        """Whether a callback overrides a hook of training batches."""
        return self._any_listens(_BATCH_HOOKS)

    def _any_listens(self, hooks: Iterable[str]) -> bool:
        # The model fills its own history from the core's results after all epochs.
        own = getattr(self.model, "history", None)
        others = [callback for callback in self.callbacks if callback is not own]
        return any(callback.listens_to(hook) for callback in others for hook in hooks)

    def set_model(self, model: Any) -> None:
        """Passes the model to each callback."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Passes the parameters to each callback."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def listens_to(self, hook: str) -> bool:
        """Whether a callback overrides that hook."""
        return any(callback.listens_to(hook) for callback in self.callbacks)

    def append(self, callback: Callback) -> None:
        """Appends a callback."""
        for new in _flatten(callback):
            new.set_model(self.model)
            new.set_params(self.params)
            self.callbacks.append(new)

    def _call(self, hook: str, *position: int, logs: dict[str, Any] | None) -> None:
        """Calls a hook of each callback.

        All callbacks share the logs, so entries that one adds are seen by the following ones and by
        the caller.
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
    """Returns the method of `CallbackList` that calls this hook of each callback."""
    if "batch" in hook or "epoch" in hook:

        def numbered(self: CallbackList, number: int, logs: Any = None) -> None:
            self._call(hook, number, logs=logs)

        return numbered

    def plain(self: CallbackList, logs: Any = None) -> None:
        self._call(hook, logs=logs)

    return plain


for _hook in HOOKS:
    setattr(CallbackList, _hook, _forward(_hook))
