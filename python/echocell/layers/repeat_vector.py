"""The layer that repeats a vector at every time step.

B batch, T time steps, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell import _core
from echocell._common import scalars
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RepeatVector(Layer):
    """[B, F] -> [B, n, F]: the same vector at every step.

    Args:
        n: the number of steps.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.RepeatVectorOptions

    def __init__(self, n: int, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.n = scalars.whole(n, "RepeatVector: n")
