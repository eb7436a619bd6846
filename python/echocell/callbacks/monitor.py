"""The base class of callbacks that monitor one number of the logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echocell._common.scalars import check_number, real
from echocell._common.warning import warn
from echocell.callbacks.callback import Callback
from echocell.callbacks.logs import Logs, other_name


class Monitor(Callback):
    """The base class of callbacks that monitor one number of the logs for improvement.

    Args:
        monitor: its name.
        mode: "min", "max", or "auto", which derives it from the metric.
        min_delta: minimum change that counts.
        best: the initial best value; None takes the first one.
    """

    def __init__(
        self, monitor: str, mode: str, min_delta: float = 0.0, best: float | None = None
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', received {mode!r}"
            )
        self.monitor = monitor
        self.mode = mode
        # As in Keras: the magnitude of min_delta counts, and the mode determines its sign.
        self.min_delta = abs(check_number(type(self).__name__, "min_delta", min_delta, low=-1e300))
        self.best = None if best is None else real(best, f"{type(self).__name__}: best")

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", None) or ():
            if getattr(metric, "name", None) in (name, other_name(name)):
                return bool(getattr(metric, "direction", "down") == "up")
        return "acc" in name

    def _improves(self, value: float, best: float | None) -> bool:
        if best is None:
            return True
        if self._larger_is_better():
            return value - self.min_delta > best
        return value + self.min_delta < best

    def _read(self, logs: Mapping[str, Any] | None) -> float | None:
        """Returns the monitored number, or None after a warning that lists the existing ones."""
        known = Logs(logs or {})
        if self.monitor in known:
            return float(known[self.monitor])
        warn(
            f"{type(self).__name__}: expected {self.monitor!r} among the numbers of the epoch, "
            f"received {', '.join(known) or 'none'}"
        )
        return None
