"""Checks the layer that is passed to a wrapper."""

from __future__ import annotations

from typing import Any

from echocell.layers.input import InputLayer
from echocell.layers.layer import Layer


def wrapped(layer: Any, wrapper: str) -> Layer:
    """Returns the layer if a wrapper can take it.

    Args:
        layer: the argument of the wrapper.
        wrapper: the wrapper's name, for messages.

    Raises:
        TypeError: it is not a layer, or an Input.
        ValueError: the layer is part of a model or of another layer.
    """
    if not isinstance(layer, Layer) or isinstance(layer, InputLayer):
        raise TypeError(f"{wrapper}: expected a layer, received {layer!r}")
    if layer.owner is not None:
        raise ValueError(f"{wrapper}: the layer {layer.name!r} is already part of another one")
    return layer
