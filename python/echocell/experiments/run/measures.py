"""Measures on trained models: the share of correct answers, gates and states over time.

Legend: B batch, N samples, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.models import Sequential

Array = NDArray[Any]


def percent_correct(expected: ArrayLike, predicted: ArrayLike) -> float:
    """Returns the share of equal entries in percent.

    Raises:
        ValueError: if the shapes differ.
    """
    expected, predicted = np.asarray(expected), np.asarray(predicted)
    if expected.shape != predicted.shape:
        raise ValueError(
            f"percent_correct: expected values have shape {expected.shape}, "
            f"predicted values have shape {predicted.shape}"
        )
    return 100.0 * float(np.mean(expected == predicted))


def trace_first(
    model: Sequential, x: Array, initial_state: list[Array] | None = None
) -> dict[str, Array]:
    """Returns the gates and states of the model's first layer, a recurrent one.

    Args:
        model: a model whose first layer is recurrent.
        x: inputs [B, T, F].
        initial_state: the states before the first step; zeros if None.

    Returns:
        name -> [B, T, H].
    """
    layer: Any = model.layers[0]
    trace: dict[str, Array] = layer.trace(x, initial_state=initial_state)
    return trace


def trace_carried(model: Sequential, x: Array, batch_size: int) -> dict[str, Array]:
    """Returns the gates and states of a stateful LSTM over samples of one step.

    The samples are processed in batches, and the states are carried from batch to batch, from
    zeros. The states that the model itself carries do not change.

    Args:
        model: a model whose first layer is a stateful LSTM.
        x: samples [N, 1, F].
        batch_size: samples per batch.

    Returns:
        name -> [N, H].
    """
    states: list[Array] | None = None
    batches = []
    for start in range(0, len(x), batch_size):
        trace = trace_first(model, x[start : start + batch_size], states)
        batches.append(trace)
        states = [trace["h"][:, -1], trace["c"][:, -1]]
    return {name: np.concatenate([trace[name][:, -1] for trace in batches]) for name in batches[0]}
