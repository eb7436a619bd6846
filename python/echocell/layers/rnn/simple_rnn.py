"""The fully connected recurrent layer.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from echocell import _core
from echocell.layers.rnn.recurrent import (
    Recurrent,
)

Array = NDArray[Any]


class SimpleRNN(Recurrent):
    """Fully connected recurrent layer (Elman, 1990): h' = tanh(x W + h R + b).

    Weights: kernel (F, H), recurrent_kernel (H, H), bias (H,). Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. State: h.

    Args:
        units: H, a positive integer.
        activation: default "tanh".
        use_bias: default True.
        **keywords: arguments of every recurrent layer, see `Recurrent`.
    """

    _core_options = _core.SimpleRNNOptions
