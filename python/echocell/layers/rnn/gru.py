"""The gated recurrent unit.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from echocell import _core
from echocell._common.typing import Identifier
from echocell.layers.rnn.recurrent import (
    Recurrent,
    RecurrentArguments,
    gate_activation,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack
Array = NDArray[Any]


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al., 2014).

        z = sigma(x Wz + h Rz + bz)      r = sigma(x Wr + h Rr + br)
        g = tanh (x Wh + r * (h Rh + bh') + bh)      with reset_after
        g = tanh (x Wh + (r * h) Rh + bh)            without
        h' = z * h + (1 - z) * g

    Weights: kernel (F, 3H), recurrent_kernel (H, 3H), bias (2, 3H) with reset_after, else (3H,);
    gates in the order z, r, h. Input [B, T, F], output [B, H] or, with return_sequences,
    [B, T, H]. State: h.

    Args:
        units: H, a positive integer.
        activation: of g. Default "tanh".
        recurrent_activation: of the gates. Default "sigmoid".
        use_bias: default True.
        reset_after: whether the reset gate is applied after the product with Rh, as in Keras 3 and
            cuDNN. Default True.
        **keywords: arguments of every recurrent layer, see `Recurrent`.
    """

    _core_options = _core.GRUOptions

    def __init__(
        self,
        units: int | None = None,
        activation: Identifier | None = "tanh",
        recurrent_activation: Identifier | None = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        **keywords: Unpack[RecurrentArguments],
    ) -> None:
        super().__init__(units, activation, use_bias, **keywords)
        self.recurrent_activation = gate_activation(recurrent_activation, self)
        self.reset_after = bool(reset_after)

    def _gate_order(self) -> str:
        return "zrh"
