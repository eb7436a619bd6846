"""Where a layer stands: whose it is, where its weights are, and the way back after an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from echocell import _core
from echocell._data.shapes import Sample

if TYPE_CHECKING:
    from echocell.layers.built_layer import BuiltLayer


class Place(NamedTuple):
    """Where the weights of a layer are: parameters [first, first + size) of layer `number`."""

    network: _core.Network
    number: int
    first: int
    size: int
    inner: bool = False  # the layer stands inside another one, such as Bidirectional


class Standing(NamedTuple):
    """What building changes of a layer and of those inside it."""

    place: Place | None
    sample: Sample | None
    batch: int | None
    kept_weights: list[NDArray[Any]] | None
    inner: list[Standing]


@contextmanager
def as_before(layers: Iterable[BuiltLayer]) -> Iterator[None]:
    """Undoes the building of these layers where the body raises."""
    before = [(layer, layer._standing) for layer in layers]
    try:
        yield
    except BaseException:
        for layer, standing in before:
            layer._standing = standing
        raise


def no_owner() -> None:
    """The weak reference of a layer that stands in no model and no other layer."""
