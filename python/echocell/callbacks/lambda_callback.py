"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from echocell._common.suggest import suggest
from echocell.callbacks.callback import HOOKS, Callback


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        **others: hooks of `Callback`, such as `on_epoch_end=function`, called with the positional
            arguments of the hook (epoch or batch, then logs). Other names become attributes, which
            the functions may use.

    Raises:
        TypeError: a name begins with "on_" and is not a hook, or its value is not a function.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Any,
    ) -> None:
        others.update(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
            on_train_batch_begin=on_train_batch_begin,
            on_train_batch_end=on_train_batch_end,
        )
        for name, value in others.items():
            if name.startswith("on_"):
                self._check_hook(name, value)
            if value is not None or name not in HOOKS:
                setattr(self, name, value)

    @staticmethod
    def _check_hook(name: str, function: Any) -> None:
        if name not in HOOKS:
            raise TypeError(f"LambdaCallback: unknown hook {name!r}.{suggest(name, HOOKS)}")
        if function is not None and not callable(function):
            raise TypeError(
                f"LambdaCallback: expected a function for {name}, received {function!r}"
            )
