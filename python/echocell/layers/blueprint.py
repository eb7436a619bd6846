"""Computes the shapes and the memory of layers' weights before the layers are built."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell import _core
from echocell._data import shapes
from echocell._data.shapes import Sample
from echocell.layers.built_layer import BuiltLayer
from echocell.layers.weight_arrays import Parameters

Array = NDArray[Any]

# Bytes per weight while it is drawn: in float64, then in the layer, then in the model.
_BYTES_TO_DRAW = 16


def planned_sample(layers: Sequence[BuiltLayer], shape: Any) -> Sample | None:
    """Returns the sample shape that a model will be built for, or None if it waits for data.

    Args:
        layers: the layers, including an Input.
        shape: the model's `build_input_shape`, or None.
    """
    if shape is not None:
        full = shapes.shape(shape, "build_input_shape")
        if not full:
            raise ValueError("build_input_shape: expected the batch size first, received ()")
        return full[1:]
    if not layers:
        return None
    first = layers[0]
    return first.assumed_sample if first.stated_sample is None else first.stated_sample


def planned(
    layers: Sequence[BuiltLayer], sample: Sample | None, *, all_fit: bool = False
) -> Iterator[tuple[BuiltLayer, Parameters]]:
    """Yields each layer that will be built with its parameters, up to the first one that does not
    fit.

    With all_fit=True a layer that cannot take its input raises ValueError.
    """
    if sample is None:
        return
    shape = tuple(shapes.core_shape(sample))
    for layer in layers:
        if layer.is_input:
            continue
        try:
            parameters, shape = _core.layer_shapes(layer.core_options(), shape)
        except ValueError as error:
            if all_fit:
                raise ValueError(f"layer {layer.name!r}: {error}") from None
            return
        yield layer, parameters


def hand_out(
    arrays: Sequence[Array], layers: Sequence[BuiltLayer], sample: Sample | None, dtype: str
) -> None:
    """Gives the weights to the layers that will be built, so that none are drawn.

    Raises:
        ValueError: the number, a shape or the dtype of the weights does not fit.
    """
    for array in arrays:
        if array.dtype != dtype:
            raise ValueError(f"weights: expected dtype {dtype}, received {array.dtype}")
    rest = iter(arrays)
    for layer, parameters in planned(layers, sample, all_fit=True):
        own = list(islice(rest, len(parameters)))
        layer.kept_weights = layer.fitting_weights(own, parameters, np.dtype(dtype))
    count = len(list(rest))
    if count:
        raise ValueError(f"weights: expected {len(arrays) - count} arrays, received {len(arrays)}")


def refuse_oversized(layers: Sequence[BuiltLayer], sample: Sample | None) -> None:
    """Raises ValueError if the weights do not fit into this machine's memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    total = 0
    for layer, parameters in planned(layers, sample):
        total += sum(math.prod(shape) for _, shape in parameters)
        if total * _BYTES_TO_DRAW > memory:
            raise ValueError(
                f"layer {layer.name!r}: expected weights that fit into the {memory >> 20} MiB of "
                f"this machine's memory, received a model of {total} weights or more"
            )
