"""Sets the weights or the carried states of all layers of a model, all at once or none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from echocell._data import arrays
from echocell.models.graph import Graph


def put_weights(graph: Graph, weights: Iterable[Any], *, finite: bool = True) -> None:
    """Sets all weights; see `LayerStack.set_weights`.

    Args:
        graph: graph of the model.
        weights: arrays in the order and the shapes of get_weights().
        finite: False accepts NaN and infinity, for values that a model has held before.
    """
    values = arrays.entries(weights)
    built = [layer for layer in graph.layers if layer.built]
    if values and not built:
        graph.require_built()
    counts = [len(layer.parameters()) for layer in built]
    if len(values) != sum(counts):
        raise ValueError(f"set_weights: expected {sum(counts)} arrays, received {len(values)}")
    rest = iter(values)
    checked = [
        layer.own_weights(itertools.islice(rest, count), finite=finite)
        for layer, count in zip(built, counts, strict=True)
    ]
    for layer, held in zip(built, checked, strict=True):
        layer.write_weights(held)


def put_states(graph: Graph, states: Sequence[Any], *, finite: bool = True) -> None:
    """Sets the carried states; see `LayerStack.set_states`.

    Args:
        graph: graph of the model.
        states: one list per recurrent layer; [] resets those of a layer.
        finite: False accepts NaN and infinity, for values that a model has carried before.
    """
    network = graph.ready()
    keepers = graph.state_layers()
    given = arrays.entries(states)
    if len(given) != len(keepers):
        raise ValueError(
            f"set_states: expected {len(keepers)} lists, one per recurrent layer, received "
            f"{len(given)}"
        )
    checked = [
        layer.checked_states(entry, graph.batch, finite=finite) if len(entry) else None
        for layer, entry in zip(keepers, given, strict=True)
    ]
    sizes = {len(held[0]) for held in checked if held}
    if len(sizes) > 1:
        raise ValueError(f"set_states: expected one batch size, received {sorted(sizes)}")
    network.reset_states()
    for layer, held in zip(keepers, checked, strict=True):
        if held:
            network.set_states(graph.layers.index(layer), held)
