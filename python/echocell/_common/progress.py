"""The progress display of fit and evaluate: a bar (verbose=1) or Keras's lines (verbose=2)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from echocell._common.terminal import shows_bars

if TYPE_CHECKING:
    from tqdm import tqdm


def verbosity(value: Any) -> int:
    """Converts Keras's `verbose` to 0, 1 or 2; "auto" and True are 1."""
    if value == "auto":
        return 1
    if isinstance(value, (bool, int)) and int(value) in (0, 1, 2):
        return int(value)
    raise ValueError(f"verbose: expected 0, 1, 2 or 'auto', received {value!r}")


def logs_text(logs: Mapping[str, float]) -> str:
    """Formats logs as Keras does: "loss: 0.1234 - accuracy: 0.5000"."""
    return " - ".join(
        f"{name}: {value:.4f}" if abs(value) > 1e-3 else f"{name}: {value:.4e}"
        for name, value in logs.items()
    )


def step_time(seconds: float) -> str:
    """Formats the mean time of a step as Keras does: "5ms/step"."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


def progress_bar(**options: Any) -> tqdm[Any]:
    """Returns a tqdm bar as wide as the terminal: a widget in a notebook, text elsewhere."""
    with warnings.catch_warnings():
        # In a notebook without ipywidgets tqdm warns once and falls back to text.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm  # imported here: most calls draw no bar
    return tqdm(dynamic_ncols=True, **options)


def complete(bar: tqdm[Any]) -> None:
    """Fills a bar whose work ended before its total was reached."""
    bar.total = bar.n
    widget = getattr(bar, "container", None)
    if widget is not None:
        _, progress, _ = widget.children
        progress.max = bar.n
    bar.refresh()


class Display:
    """Base class of the displays; shows nothing.

    Args:
        batches: number of batches in an epoch.
        epochs: number of the last epoch, counted from 1.
        first: number of the first epoch, counted from 0.
    """

    watches_batches = False  # whether progress() is to be called
    watches_epochs = False  # whether epoch_begin() and epoch_end() are to be called

    def __init__(self, batches: int, epochs: int = 1, first: int = 0) -> None:
        self.batches = batches
        self.epochs = epochs
        self.first = first

    def epoch_begin(self, epoch: int) -> None:
        """Called before an epoch, counted from 0."""

    def progress(self, epoch: int, done: int, logs: Mapping[str, float]) -> None:
        """Called after `done` batches of an epoch; `logs` holds the means so far."""

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Called after an epoch and its validation."""

    def complete(self) -> None:
        """Called when the work has ended, also if it was stopped early; not after an error."""

    def close(self) -> None:
        """Called last, also after an error."""


class Lines(Display):
    """Displays Keras's two lines per epoch."""

    watches_epochs = True

    def epoch_begin(self, epoch: int) -> None:
        self._start = time.perf_counter()
        if self.epochs > 1:
            print(f"Epoch {epoch + 1}/{self.epochs}")

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        seconds = time.perf_counter() - self._start
        each = step_time(seconds / max(1, self.batches))
        print(f"{self.batches}/{self.batches} - {seconds:.0f}s - {each} - {logs_text(logs)}")


class Bar(Display):
    """Displays one tqdm bar over all batches of all epochs."""

    watches_batches = True
    watches_epochs = True

    def __init__(self, batches: int, epochs: int = 1, first: int = 0) -> None:
        super().__init__(batches, epochs, first)
        self._bar = progress_bar(total=batches * max(0, epochs - first), unit="batch")

    def progress(self, epoch: int, done: int, logs: Mapping[str, float]) -> None:
        self._move((epoch - self.first) * self.batches + done, epoch, logs)

    def epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self._move((epoch - self.first + 1) * self.batches, epoch, logs)

    def _move(self, done: int, epoch: int, logs: Mapping[str, float]) -> None:
        if self.epochs > 1:
            self._bar.set_description(f"Epoch {epoch + 1}/{self.epochs}", refresh=False)
        self._bar.set_postfix_str(logs_text(logs), refresh=False)
        self._bar.update(done - self._bar.n)

    def complete(self) -> None:
        complete(self._bar)

    def close(self) -> None:
        self._bar.close()


def display(verbose: Any, batches: int, epochs: int = 1, first: int = 0) -> Display:
    """Returns the display for a value of `verbose`.

    There is no bar if stderr is neither a terminal nor a notebook.
    """
    bar = Bar if shows_bars() else Display
    kinds: tuple[type[Display], ...] = (Display, bar, Lines)
    return kinds[verbosity(verbose)](batches, epochs, first)
