"""The fully connected layer.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from echocell import _core, activations, initializers, regularizers
from echocell._common.keras_arguments import DENSE
from echocell._common.typing import Identifier
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer, weight_view
from echocell.layers.rnn.recurrent import (
    units_of,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack
Array = NDArray[Any]


class DenseArguments(LayerArguments, total=False):
    """Types of the arguments of Dense in addition to its own."""

    # Keras's arguments, accepted at these values only.
    kernel_constraint: None
    bias_constraint: None
    lora_rank: None
    lora_alpha: None
    quantization_config: None


class Dense(Layer):
    """activation(x W + b), applied at every time step if the input has steps.

    Weights: kernel (F, H), bias (H,). Input [B, F] or [B, T, F], output [B, H] or [B, T, H].

    Args:
        units: H, a positive integer.
        activation: default None (linear); "softmax" goes over the last axis.
        use_bias: default True.
        kernel_initializer: default "glorot_uniform".
        bias_initializer: default "zeros".
        kernel_regularizer, bias_regularizer: default None.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.DenseOptions

    _keras_arguments = DENSE
    _not_options = frozenset({"output_dim"})
    kernel = weight_view("kernel", "(F, H)")
    bias = weight_view("bias", "(H,)")

    def __init__(
        self,
        units: int | None = None,
        activation: Identifier | None = None,
        use_bias: bool = True,
        kernel_initializer: Identifier = "glorot_uniform",
        bias_initializer: Identifier = "zeros",
        kernel_regularizer: Identifier | None = None,
        bias_regularizer: Identifier | None = None,
        *,
        output_dim: int | None = None,
        **shared: Unpack[DenseArguments],
    ) -> None:
        super().__init__(**shared)
        self.units = units_of(self, units, output_dim)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
