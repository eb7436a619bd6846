"""What copy and pickle make of models and layers: the bytes that save() would write, and back.

Unpickling calls the functions below, which read those bytes as load_model() reads a file: no code
comes out of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from echocell._common.container import pack, unpack
from echocell._common.plain import entry, reading
from echocell._data import shapes
from echocell.layers import blueprint, serialization
from echocell.layers.arguments import float_type
from echocell.layers.layer import Layer
from echocell.layers.rnn.state_keeper import StateKeeper
from echocell.models import saving

if TYPE_CHECKING:
    from echocell.models import Sequential

Array = NDArray[Any]
M = TypeVar("M", bound="Sequential")


def model_to_bytes(model: Sequential) -> bytes:
    """All that training needs to go on; of a model that is not built, its configuration."""
    return pack(*saving.describe(model))


def model_from_bytes(kind: type[M], data: bytes) -> M:
    """The model of this class from what model_to_bytes() gave."""
    source = f"{kind.__name__} that was pickled"
    return saving.restore(kind, *unpack(data, source), source)


def layer_to_bytes(layer: Layer) -> bytes:
    """Configuration, weights, carried states."""
    content: dict[str, Any] = {"layer": serialization.serialize(layer)}
    tensors = saving.numbered("weights/", saving.known_weights(layer))
    place = layer._place
    if place is not None:
        content["sample"] = list(layer._sample or ())
        content["dtype"] = place.network.dtype
        content["random_state"] = list(place.network.random_state)
        content["layer_draws"] = place.network.layer_draws
        if isinstance(layer, StateKeeper) and not place.inner:
            tensors |= saving.numbered("states/", layer.get_states())
    return pack(tensors, content)


def layer_from_bytes(data: bytes) -> Layer:
    """The layer from what layer_to_bytes() gave; it stands in no model.

    Raises ValueError where that is not what layer_to_bytes() gives.
    """
    source = "layer that was pickled"
    tensors, content = unpack(data, source)
    with reading(f"{source}: cannot be restored"):
        layer = serialization.deserialize(entry(content, "layer", dict))
        weights = saving.in_order(tensors, "weights/")
        if "sample" in content:
            _restore_built(layer, weights, content)
        else:
            layer._kept_weights = weights or None
        states = saving.in_order(tensors, "states/")
        if isinstance(layer, StateKeeper) and states:
            layer._put_states(states, finite=False)
        return layer


def _restore_built(layer: Layer, weights: Sequence[Array], content: Mapping[str, Any]) -> None:
    sample = shapes.shape(entry(content, "sample", list), "sample")
    dtype = float_type(entry(content, "dtype", str), "dtype")
    blueprint.hand_out(weights, [layer], sample, dtype)
    layer._build(sample, dtype)
    network = layer._built_place().network
    network.random_state = saving.checked_random_state(content)
    network.layer_draws = saving.checked_draws(content["layer_draws"], "layer_draws")
