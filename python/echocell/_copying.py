"""What copy and pickle make of models and layers: the bytes that save() would write, and back.

Unpickling calls the functions below, which read those bytes as load_model() reads a file: no code
comes out of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from echocell import _layer_classes, saving
from echocell._layer import Layer
from echocell._recurrent import StateKeeper

if TYPE_CHECKING:
    from echocell.models import Sequential

M = TypeVar("M", bound="Sequential")


def model_to_bytes(model: Sequential) -> bytes:
    """All that training needs to go on; of a model that is not built, its configuration."""
    return saving.pack(*saving.describe(model))


def model_from_bytes(kind: type[M], data: bytes) -> M:
    """The model of this class from what model_to_bytes() gave."""
    return saving.restore(kind, *saving.unpack(data, f"{kind.__name__} that was pickled"))


def layer_to_bytes(layer: Layer) -> bytes:
    """Configuration, weights, carried states."""
    content: dict[str, Any] = {"layer": _layer_classes.serialize(layer)}
    tensors = saving.numbered("weights/", saving.known_weights(layer))
    place = layer._place
    if place is not None:
        content["sample"] = layer._sample
        content["dtype"] = place.network.dtype
        content["random_state"] = place.network.random_state
        content["layer_draws"] = place.network.layer_draws
        if isinstance(layer, StateKeeper) and not place.inner:
            tensors |= saving.numbered("states/", layer.get_states())
    return saving.pack(tensors, content)


def layer_from_bytes(data: bytes) -> Layer:
    """The layer from what layer_to_bytes() gave; it stands in no model."""
    tensors, content = saving.unpack(data, "layer that was pickled")
    layer = _layer_classes.deserialize(content["layer"])
    weights = saving.in_order(tensors, "weights/")
    layer._kept_weights = weights if "sample" in content else weights or None
    if "sample" in content:
        layer._build(tuple(content["sample"]), content["dtype"])
        network = layer._built_place().network
        seed, draws = content["random_state"]
        network.random_state = (seed, draws)
        network.layer_draws = content["layer_draws"]
    states = saving.in_order(tensors, "states/")
    if isinstance(layer, StateKeeper) and states:
        layer._put_states(states, finite=False)
    return layer
