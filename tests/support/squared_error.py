"""The squared error of a network, and its gradients."""

from __future__ import annotations

import numpy as np

from echocell import _core
from support import reference as ref
from support import tools

MSE = _core.LossOptions(kind="mean_squared_error")


def run(layer: _core.LayerOptions, x: np.ndarray, dtype: str = "float64", **options):
    """Returns the output of a single layer."""
    network = tools.make_network([layer], x.shape[1:], dtype)
    return network.run_layer(0, tools.contiguous(x, dtype), **options)[0]


def squared_error(
    outputs: np.ndarray, targets: np.ndarray, mask: np.ndarray | None = None
) -> tuple[float, np.ndarray, dict[str, float], dict[str, float]]:
    """Returns the loss, its gradient by the outputs, and the floors of both for assert_close."""
    losses, derivative = ref.mean_squared_error(targets, outputs)
    loss, scale = ref.weighted_mean(losses, None, mask)
    floors = tools.squared_error_floors(outputs, targets, scale)
    return loss, derivative * scale[..., None], *floors
