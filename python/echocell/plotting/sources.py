"""Extracts the data of plots from histories, traces and models.

Legend: B batch, T time steps, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Trace = Mapping[str, Any]
History = Mapping[str, Sequence[float]]


class Traceable(Protocol):
    """A recurrent layer, or a model, whose `trace` takes a layer, too."""

    def trace(self, x: Any) -> Trace:
        """Returns name -> [B, T, H], or a list of [T, H]."""


class LearningCurve(Protocol):
    """Loss and metrics over a training: history[name][k] was measured after updates[k] updates."""

    @property
    def updates(self) -> Sequence[int]:
        """The number of updates at each point."""

    @property
    def history(self) -> Mapping[str, Sequence[float]]:
        """Maps a name to one number per point."""


def history_of(source: Any) -> History:
    """Returns name -> one number per epoch, from such a mapping, a History, or a trained model.

    Raises:
        TypeError: the source is none of these.
        ValueError: the model has no history.
    """
    if not isinstance(source, Mapping) and hasattr(source, "fit"):
        if source.history is None:
            raise ValueError("plot_history: the model has no history; train it with fit() first")
        source = source.history
    history = getattr(source, "history", source)
    if not isinstance(history, Mapping):
        raise TypeError(
            "plot_history: expected what fit() returned, its .history, or a model, received "
            f"{type(source).__name__}"
        )
    return history


def gates_of(
    source: Trace | Traceable, x: ArrayLike | None, layer: int | str | None, sample: int
) -> dict[str, Array]:
    """Returns name -> [T, H] of one row of the batch, from a trace, a layer, or a model.

    Raises:
        TypeError, ValueError: the source cannot be traced with x, or has no such row.
    """
    trace = source if isinstance(source, Mapping) else _traced(source, x, layer)
    if not trace:
        raise ValueError("plot_gates: expected a recurrent layer, received one without gates")
    return {name: _row(name, values, sample) for name, values in trace.items()}


def _traced(source: Any, x: ArrayLike | None, layer: int | str | None) -> Trace:
    if isinstance(source, np.ndarray) or not hasattr(source, "trace"):
        raise TypeError(
            f"plot_gates: expected a model, a layer, or its trace(x), received "
            f"{type(source).__name__}"
        )
    if x is None:
        raise ValueError("plot_gates: a model or layer needs the input x [B, T, F]")
    options = {} if layer is None else {"layer": layer}
    trace: Trace = source.trace(x, **options)
    return trace


def _row(name: str, values: Any, sample: int) -> Array:
    """Returns [T, H] from [T, H], [B, T, H], or a list of [T, H]."""
    batch = values if isinstance(values, list) else np.asarray(values)
    if isinstance(batch, list) or batch.ndim == 3:
        if not -len(batch) <= sample < len(batch):
            raise ValueError(
                f"plot_gates: sample: expected a row below {len(batch)}, received {sample}"
            )
        return np.asarray(batch[sample])
    if batch.ndim != 2:
        raise ValueError(
            f"plot_gates: expected {name} of shape [B, T, H] or [T, H], received {batch.shape}"
        )
    return batch
