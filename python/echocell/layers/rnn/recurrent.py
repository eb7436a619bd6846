"""The base class of the recurrent layers: shared arguments and initial weights.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from echocell import activations, initializers, regularizers
from echocell._common import scalars
from echocell._common.keras_arguments import RECURRENT
from echocell._common.typing import Identifier
from echocell._data.shapes import Sample
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer, weight_view
from echocell.layers.rnn.state_keeper import StateKeeper

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class SharedRecurrentArguments(LayerArguments, total=False):
    """Types of the arguments of every layer, and of Keras's arguments of recurrent layers that are
    ignored or accepted at one value only; see Recurrent.
    """

    unroll: bool
    implementation: int
    use_cudnn: bool | str
    consume_less: str
    kernel_constraint: None
    recurrent_constraint: None
    bias_constraint: None
    time_major: Literal[False]


class RecurrentArguments(SharedRecurrentArguments, total=False):
    """Types of the keywords that LSTM, GRU and MemoryBlocks pass on to Recurrent."""

    kernel_initializer: Identifier
    recurrent_initializer: Identifier
    bias_initializer: Identifier
    kernel_regularizer: Identifier | None
    recurrent_regularizer: Identifier | None
    bias_regularizer: Identifier | None
    dropout: float
    recurrent_dropout: float
    return_sequences: bool
    return_state: bool
    stateful: bool
    go_backwards: bool
    zero_output_for_mask: bool
    seed: int | None
    output_dim: int | None


class Recurrent(StateKeeper):
    """The base class of LSTM, GRU, SimpleRNN and MemoryBlocks.

    Args:
        units: H, a positive integer. For MemoryBlocks it is blocks times cells, not an argument.
        activation: activation of the candidate and the output. Default "tanh".
        use_bias: default True.
        kernel_initializer: initializer of the kernel (F, nH). Default "glorot_uniform".
        recurrent_initializer: initializer of the recurrent_kernel (H, nH). Default "orthogonal".
        bias_initializer: default "zeros". "chrono" sets the gates' biases for long memory, see
            `initializers.Chrono`.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
        dropout: fraction of the inputs that is dropped in training, in [0, 1]. Default 0.
        recurrent_dropout: the same for h(t-1). Default 0.
        return_sequences: whether to return the output at every step, [B, T, H], instead of the last
            one, [B, H]. Default False.
        return_state: whether to return the final states too; only for a layer that is called by
            itself. Default False.
        stateful: whether row b of a batch starts with the final state of row b of the previous
            batch. Default False.
        go_backwards: whether to process the steps from last to first. Default False.
        zero_output_for_mask: whether the output at a masked step is 0, as in Keras, also for the
            last output if the last step is masked. Default False: it is the output of the previous
            step.
        seed: seed of the dropout masks, used by the model (see Sequential).
        **shared: arguments of every layer (see Layer); unroll, implementation and use_cudnn are
            accepted and have no effect.
    """

    reads_steps = True
    _keras_arguments = RECURRENT
    _not_options = frozenset({"output_dim"})

    kernel = weight_view("kernel", "(F, nH)")
    recurrent_kernel = weight_view("recurrent_kernel", "(H, nH)")
    bias = weight_view("bias", "(nH,)")

    def __init__(
        self,
        units: int | None = None,
        activation: Identifier | None = "tanh",
        use_bias: bool = True,
        *,
        kernel_initializer: Identifier = "glorot_uniform",
        recurrent_initializer: Identifier = "orthogonal",
        bias_initializer: Identifier = "zeros",
        kernel_regularizer: Identifier | None = None,
        recurrent_regularizer: Identifier | None = None,
        bias_regularizer: Identifier | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        output_dim: int | None = None,
        **shared: Unpack[SharedRecurrentArguments],
    ) -> None:
        super().__init__(**shared)
        self.units = units_of(self, units, output_dim)
        self.activation = recurrent_activation(activation, self, "activation")
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        kind = type(self).__name__
        self.dropout = scalars.rate(dropout, f"{kind}: dropout")
        self.recurrent_dropout = scalars.rate(recurrent_dropout, f"{kind}: recurrent_dropout")
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.stateful = bool(stateful)
        self.go_backwards = bool(go_backwards)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.seed = scalars.seed(seed, kind)

    def _gate_order(self) -> str:
        """Returns one letter for each block of H numbers of the bias."""
        return "h"

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        chrono = self.bias_initializer
        if name != "bias" or not isinstance(chrono, initializers.Chrono):
            return super()._draw_one(name, shape, dtype, sample)
        blocks = self._chrono(chrono, self._gate_order(), self.units, sample)
        bias = np.zeros(shape, dtype)
        bias.reshape(-1)[: blocks.size] = (
            blocks  # GRU: the second row stays 0, since both rows are added
        )
        return bias

    def _chrono(self, chrono: initializers.Chrono, gates: str, units: int, sample: Sample) -> Array:
        try:
            return chrono.for_gates(gates, units, sample[0])
        except ValueError as error:
            raise ValueError(f"layer {self.name!r}: bias_initializer: {error}") from None


def units_of(layer: Layer, units: Any, output_dim: Any) -> int:
    """Returns the number of units; `output_dim` is Keras 1's name for it."""
    value = output_dim if units is None else units
    kind = type(layer).__name__
    if value is None:
        raise TypeError(f"{kind}: missing argument 'units', the number of units")
    return scalars.whole(value, f"{kind}: units")


def checked_gates(gates: Any, kind: str) -> str:
    """Returns letters out of i, f, o, each at most once, in this order."""
    letters = "".join(gates) if isinstance(gates, (list, tuple)) else gates
    if (
        not isinstance(letters, str)
        or set(letters) - set("ifo")
        or len(set(letters)) < len(letters)
    ):
        raise ValueError(f"{kind}: gates: expected letters out of 'ifo', received {gates!r}")
    return "".join(letter for letter in "ifo" if letter in letters)


def recurrent_activation(identifier: Any, layer: Layer, name: str) -> str:
    """Returns the name of an elementwise activation."""
    activation = activations.get(identifier)
    if activation == "softmax":
        raise ValueError(f"{type(layer).__name__}: {name}='softmax' is not supported in a cell")
    return activation


def gate_activation(identifier: Any, layer: Layer) -> str:
    """Returns the name of the activation of the gates."""
    return recurrent_activation(identifier, layer, "recurrent_activation")


def output_activation_of(layer: Recurrent, identifier: Any) -> str:
    """Returns the name of the cells' output activation, by default their input activation."""
    if identifier is None:
        return layer.activation
    return recurrent_activation(identifier, layer, "output_activation")
