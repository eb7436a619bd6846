"""The layer that masks padded time steps.

B batch, T time steps, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from echocell import _core
from echocell._common import scalars
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Masking(Layer):
    """Masks steps whose features all equal mask_value: the following layers skip them.

    Input and output [B, T, F].

    Args:
        mask_value: default 0.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.MaskingOptions

    def __init__(self, mask_value: float = 0.0, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.mask_value = scalars.real(mask_value, "Masking: mask_value")
        if not math.isfinite(self.mask_value):
            raise ValueError(
                f"Masking: mask_value: expected a finite number, received {mask_value!r}; "
                "replace NaN in the data, for example with np.nan_to_num(x, nan=-1)"
            )
