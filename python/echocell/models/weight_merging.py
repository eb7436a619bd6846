"""Assigns the weights of a file to the layers of a model, in order or by layer name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from echocell._common.warning import warn
from echocell.layers import Layer

Array = NDArray[Any]


def merged_weights(
    layers: Sequence[Layer], saved: Mapping[str, Array], by_name: bool, skip_mismatch: bool
) -> list[Array]:
    """Returns the weights of all layers, those of the file replacing the layers' own.

    Args:
        layers: the layers of a built model.
        saved: maps "weights/<layer>/<parameter>" to an array, in the model's order.
        by_name: whether layers take the weights of the layer with their name, or keep their own if
            there is none; otherwise layers with weights take them in order.
        skip_mismatch: whether weights that do not fit are skipped with a warning; otherwise they
            are an error.

    Raises:
        ValueError: the weights do not fit.
    """
    of_layers: dict[str, list[Array]] = {}
    for path, array in saved.items():
        of_layers.setdefault(path.split("/")[1], []).append(array)
    sources = of_layers if by_name else _in_order(layers, of_layers)
    if by_name and not any(layer.name in sources for layer in layers):
        warn(
            f"load_weights: no layer has the name of one in the file ({', '.join(of_layers)}): "
            "nothing is loaded"
        )
    weights: list[Array] = []
    for layer in layers:
        given = sources.get(layer.name)
        weights += layer.get_weights() if given is None else _merged(layer, given, skip_mismatch)
    return weights


def _in_order(
    layers: Sequence[Layer], of_layers: Mapping[str, list[Array]]
) -> dict[str, list[Array]]:
    """Returns the weights of the file by the names of the layers here."""
    names = [layer.name for layer in layers if layer.parameters()]
    if len(names) != len(of_layers):
        raise ValueError(
            f"load_weights: expected the weights of {len(names)} layers, received those of "
            f"{len(of_layers)}"
        )
    return dict(zip(names, of_layers.values(), strict=True))


def _merged(layer: Layer, given: Sequence[Array], skip_mismatch: bool) -> list[Array]:
    own, parameters = layer.get_weights(), layer.parameters()
    if len(own) != len(given):
        text = f"layer {layer.name!r}: expected {len(own)} weight arrays, received {len(given)}"
        _report(text, skip_mismatch)
        return own
    weights = []
    for (name, shape), old, new in zip(parameters, own, given, strict=True):
        if new.shape != old.shape:
            text = f"layer {layer.name!r}: {name}: expected shape {shape}, received {new.shape}"
            _report(text, skip_mismatch)
        weights.append(new if new.shape == old.shape else old)
    return weights


def _report(text: str, skip_mismatch: bool) -> None:
    if not skip_mismatch:
        raise ValueError(text)
    warn(f"load_weights: {text}: it keeps its own weights")
