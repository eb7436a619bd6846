"""The place of a layer: where its weights are, and the way back after an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from echocell import _core
from echocell._data.shapes import Sample


class WeightLocation(NamedTuple):
    """The location of a layer's weights: parameters [first, first + size) of layer `number`."""

    network: _core.Network
    number: int
    first: int
    size: int
    inner: bool = False  # the layer stands inside another one, such as Bidirectional


class Placement(NamedTuple):
    """The attributes that building changes, of a layer and of those inside it."""

    location: WeightLocation | None
    sample: Sample | None
    batch: int | None
    kept_weights: list[NDArray[Any]] | None
    inner: list[Placement]


class Placed(Protocol):
    """A layer, as far as building changes it."""

    placement: Placement


@contextmanager
def undo_building_on_error(layers: Iterable[Placed]) -> Iterator[None]:
    """Undoes the building of these layers where the body raises."""
    before = [(layer, layer.placement) for layer in layers]
    try:
        yield
    except BaseException:
        for layer, placement in before:
            layer.placement = placement
        raise


def no_owner() -> None:
    """The weak reference of a layer that stands in no model and no other layer."""
