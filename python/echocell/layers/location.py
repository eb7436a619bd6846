"""The location of a layer's weights, and the undoing of a build that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from echocell import _core
from echocell._data.shapes import Sample


class WeightLocation(NamedTuple):
    """Location of a layer's weights: parameters [first, first + size) of layer `number`."""

    network: _core.Network
    number: int
    first: int
    size: int
    inner: bool = False  # whether the layer is inside another one, such as Bidirectional


class Placement(NamedTuple):
    """The attributes of a layer, and of those inside it, that building changes."""

    location: WeightLocation | None
    sample: Sample | None
    batch: int | None
    kept_weights: list[NDArray[Any]] | None
    inner: list[Placement]


class Placed(Protocol):
    """The part of a layer's interface that building uses."""

    placement: Placement


@contextmanager
def undo_building_on_error(layers: Iterable[Placed]) -> Iterator[None]:
    """Context manager that undoes the building of these layers if the body raises."""
    before = [(layer, layer.placement) for layer in layers]
    try:
        yield
    except BaseException:
        for layer, placement in before:
            layer.placement = placement
        raise


def no_owner() -> None:
    """Stands for the weak reference of a layer without a model or an outer layer."""
