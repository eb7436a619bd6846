"""The layer that reshapes samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from echocell import _core
from echocell._common import scalars
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Reshape(Layer):
    """Reshapes each sample.

    Args:
        target_shape: shape without the batch axis; one entry may be -1, which is inferred.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.ReshapeOptions

    def __init__(self, target_shape: Sequence[int], **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        if isinstance(target_shape, str) or not isinstance(target_shape, Iterable):
            raise TypeError(
                f"Reshape: target_shape: expected a tuple of integers, received {target_shape!r}"
            )
        self.target_shape = tuple(
            -1 if extent == -1 else scalars.whole(extent, "Reshape: target_shape")
            for extent in target_shape
        )
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape: expected one -1 at most, received {target_shape!r}"
            )
