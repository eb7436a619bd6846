"""Converts layers to bytes for copy and pickle: class, configuration, weights, carried states.

The bytes are read as a model file is: no code is run from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from echocell._common.container import in_order, numbered, pack, unpack
from echocell._common.plain import checked_draws, checked_random_state, entry, reading
from echocell._data import shapes
from echocell.layers import blueprint, class_table
from echocell.layers.arguments import float_type
from echocell.layers.built_layer import BuiltLayer

Array = NDArray[Any]


def layer_to_bytes(layer: BuiltLayer) -> bytes:
    """Returns the layer, outside of any model, as bytes."""
    content: dict[str, Any] = {"layer": class_table.as_plain(layer)}
    tensors = numbered("weights/", layer.known_weights())
    location = layer.location
    if location is not None:
        content["sample"] = list(layer.input_sample or ())
        content["dtype"] = location.network.dtype
        content["random_state"] = list(location.network.random_state)
        content["layer_draws"] = location.network.layer_draws
        if not location.inner:
            tensors |= numbered("states/", layer.carried_states())
    return pack(tensors, content)


def layer_from_bytes(data: bytes) -> Any:
    """Makes a layer from the result of layer_to_bytes().

    Raises:
        ValueError: `data` is not such a result.
    """
    source = "layer that was pickled"
    tensors, content = unpack(data, source)
    with reading(f"{source}: cannot be restored"):
        layer = class_table.from_plain(entry(content, "layer", dict))
        weights = in_order(tensors, "weights/")
        if "sample" in content:
            _restore_built(layer, weights, content)
        else:
            layer.kept_weights = weights or None
        states = in_order(tensors, "states/")
        if states:
            layer.put_states(states, finite=False)
        return layer


def _restore_built(layer: BuiltLayer, weights: Sequence[Array], content: Mapping[str, Any]) -> None:
    sample = shapes.shape(entry(content, "sample", list), "sample")
    dtype = float_type(entry(content, "dtype", str), "dtype")
    blueprint.hand_out(weights, [layer], sample, dtype)
    layer.build_sample(sample, dtype)
    network = layer.built_location().network
    network.random_state = checked_random_state(content)
    network.layer_draws = checked_draws(content["layer_draws"], "layer_draws")
