"""Hooks through which the core reports to callbacks and the progress display.

The core calls only the hooks that it is given, so a hook that is not overridden costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from echocell._common.progress import Display
from echocell.callbacks import CallbackList

Array = NDArray[Any]
Listeners = dict[str, Callable[..., Any]]


class Hooks:
    """Forwards the reports of fit and evaluate to callbacks and display.

    Args:
        names: names of the logs: loss, metrics, then the same with val_.
        callbacks: the callbacks.
        display: the progress display.
        stopped: returns whether training is to stop.

    Attributes:
        last: the logs of the last epoch.
    """

    def __init__(
        self,
        names: Sequence[str],
        callbacks: CallbackList,
        display: Display,
        stopped: Callable[[], bool],
    ) -> None:
        self._names = names
        self._callbacks = callbacks
        self._display = display
        self._stopped = stopped
        self.last: dict[str, float] = {}

    def of_fit(self) -> Listeners:
        """Returns the hooks of the core's fit that a callback or the display uses."""
        listeners = self._of_tests()
        if self._callbacks.listens_to("on_test_begin"):
            listeners["test_begin"] = self._test_begin
        if self._callbacks.listens_to("on_test_end"):
            listeners["test_end"] = self._test_end
        if self._callbacks.listens_to_epochs or self._display.watches_epochs:
            listeners.update(epoch_begin=self._epoch_begin, epoch_end=self._epoch_end)
        if self._callbacks.listens_to_batches:
            listeners.update(batch_begin=self._batch_begin, batch_end=self._batch_end)
        return listeners

    def of_evaluate(self) -> Listeners:
        """Returns the hooks of the core's evaluate that a callback or the display uses."""
        return self._of_tests()

    def _of_tests(self) -> Listeners:
        listeners: Listeners = {}
        if self._callbacks.listens_to("on_test_batch_begin"):
            listeners["test_batch_begin"] = self._test_batch_begin
        if self._callbacks.listens_to("on_test_batch_end"):
            listeners["test_batch_end"] = self._test_batch_end
        if self._display.watches_batches:
            listeners["progress"] = self._progress
        return listeners

    def evaluated(self, values: Sequence[float]) -> None:
        """Called after evaluate's last batch."""
        self._display.epoch_end(0, self._logs(values))
        self._test_end(values)

    def _logs(self, values: Sequence[float]) -> dict[str, float]:
        return dict(zip(self._names, values, strict=False))

    def _epoch_begin(self, epoch: int) -> None:
        self._display.epoch_begin(epoch)
        self._callbacks.on_epoch_begin(epoch, {})

    def _epoch_end(self, epoch: int, values: list[float]) -> bool:
        """Returns whether training is to stop."""
        logs = self._logs(values)
        self._callbacks.on_epoch_end(epoch, logs)
        self._display.epoch_end(epoch, logs)
        self.last = logs
        return self._stopped()

    def _batch_begin(self, batch: int) -> None:
        self._callbacks.on_train_batch_begin(batch, {})

    def _batch_end(self, batch: int, values: list[float]) -> bool:
        """Returns whether training is to stop."""
        self._callbacks.on_train_batch_end(batch, self._logs(values))
        return self._stopped()

    def _test_begin(self) -> None:
        self._callbacks.on_test_begin({})

    def _test_end(self, values: Sequence[float]) -> None:
        self._callbacks.on_test_end(self._logs(values))

    def _test_batch_begin(self, batch: int) -> None:
        self._callbacks.on_test_batch_begin(batch, {})

    def _test_batch_end(self, batch: int, values: list[float]) -> bool:
        """Returns False: a test always runs to its end."""
        self._callbacks.on_test_batch_end(batch, self._logs(values))
        return False

    def _progress(self, epoch: int, done: int, values: list[float]) -> None:
        self._display.progress(epoch, done, self._logs(values))


def of_predict(callbacks: CallbackList, outputs_of: Callable[[Array, int], Any]) -> Listeners:
    """Returns the hooks of the core's predict that a callback uses.

    Args:
        callbacks: the callbacks.
        outputs_of: extracts a batch from all outputs, given its number.
    """

    def begin(batch: int) -> None:
        callbacks.on_predict_batch_begin(batch, {})

    def end(batch: int, outputs: Array) -> None:
        callbacks.on_predict_batch_end(batch, {"outputs": outputs_of(outputs, batch)})

    hooks: Listeners = {"predict_batch_begin": begin, "predict_batch_end": end}
    return {name: hook for name, hook in hooks.items() if callbacks.listens_to(f"on_{name}")}
