"""The gradient of a loss at the end with respect to the hidden state of each step.

dLoss/dh(t) is the gradient along all paths from h(t) to the loss. `model.gradients` returns the
gradient of the inputs; therefore the layer gets an additional input for each pre-activation, which
is always 0 and has a weight of 1 (the kernel W becomes W above an identity matrix). The gradient of
these inputs at step t is da(t) = dLoss/da(t), the gradient of the pre-activations. One step of the
chain rule leads to the previous state (R is the recurrent kernel):

    SimpleRNN, LSTM:  dLoss/dh(t) = da(t+1) R'
    GRU:              dLoss/dh(t) = (da(t+1) * s) R' + z(t+1) * dLoss/dh(t+1)

with s = 1 for the gates and s = r(t+1), the reset gate, for the candidate; z and r come from
`trace`. At the last step, dLoss/dh is the gradient of the output layer. All numbers are float64,
since float32 would round vanishing gradients to 0; a test compares them with finite differences.

Legend: B batch, T time steps, H units, n blocks of weights per unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from echocell.experiments.run.measures import Array
from echocell.layers import GRU, Dense
from echocell.models import Sequential


def build(layer: Any, features: int = 1) -> Sequential:
    """Returns a compiled float64 model: sequences [B, T, features] -> numbers [B, 1]."""
    model = Sequential([layer, Dense(1)], dtype="float64")
    model.build((None, None, features))
    model.compile(loss="mean_squared_error", optimizer="sgd")
    return model


def state_gradients(model: Sequential, x: Array, y: Array) -> Array:
    """Returns dLoss/dh(t) of a model made by `build`; Loss is the squared error of a sequence.

    Args:
        model: a model made by `build`.
        x: sequences [B, T, F].
        y: targets [B, 1].

    Returns:
        The gradients [B, T, H].
    """
    layer: Any = model.layers[0]
    weights = model.get_weights()
    recurrent, head = weights[1], weights[-2]
    da = _pre_activation_gradients(model, x, y)
    error = model.predict(x, verbose=0) - y
    last = 2 * error * head[:, 0]
    if not isinstance(layer, GRU):
        return np.concatenate([da[:, 1:] @ recurrent.T, last[:, np.newaxis]], axis=1)
    trace: dict[str, Array] = layer.trace(x)
    through = da.copy()
    through[..., -layer.units :] *= trace["r"]
    gradients = np.empty_like(trace["h"])
    gradients[:, -1] = last
    for t in range(x.shape[1] - 2, -1, -1):
        straight = trace["z"][:, t + 1] * gradients[:, t + 1]
        gradients[:, t] = through[:, t + 1] @ recurrent.T + straight
    return gradients


def _pre_activation_gradients(model: Sequential, x: Array, y: Array) -> Array:
    """Returns dLoss/da(t) [B, T, nH], from an additional input for each pre-activation."""
    layer: Any = model.layers[0]
    kernel, *others = model.get_weights()
    features, width = kernel.shape
    twin = build(type(layer).from_config(layer.get_config()), features + width)
    twin.set_weights([np.concatenate([kernel, np.eye(width)]), *others])
    zeros = np.zeros((*x.shape[:2], width))
    _, _, dx = twin.gradients(np.concatenate([x, zeros], axis=-1), y)
    gradients: Array = len(x) * dx[..., features:]  # the loss is the mean over the batch
    return gradients
