"""The layers, under Keras's names and with Keras 2's and Keras 3's arguments.

Letters of the shapes: B batch, T time steps, F features, H units. What every layer takes besides
its own arguments (name, input_shape, ...) stands at `Layer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, _core, activations, initializers, regularizers
from echocell._checks import Sample
from echocell._input import Input, InputLayer
from echocell._keras_arguments import DENSE, EMBEDDING
from echocell._layer import Layer, weight_view
from echocell._layer_arguments import LayerArguments, SharedArguments
from echocell._layer_classes import deserialize, register, serialize
from echocell._memory_blocks import MemoryBlocks
from echocell._missing_names import module_getattr
from echocell._recurrent import (
    Recurrent,
    RecurrentArguments,
    checked_gates,
    output_activation_of,
    recurrent_activation,
    units_of,
)
from echocell._typing import Identifier
from echocell._weightless import Activation, Dropout, Flatten, Masking, RepeatVector, Reshape
from echocell._wrappers import Bidirectional, TimeDistributed

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Masking",
    "MemoryBlocks",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "TimeDistributed",
    "deserialize",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

Array = NDArray[Any]


# ---- recurrent layers --------------------------------------------------------------------------


class LSTM(Recurrent):
    """Long short-term memory.

        i = sigma(x Wi + h Ri + pi * c  + bi)        f = sigma(x Wf + h Rf + pf * c  + bf)
        g = tanh (x Wc + h Rc + bc)                  c' = f * c + i * g
        o = sigma(x Wo + h Ro + po * c' + bo)        h' = o * out(c')

    Weights: kernel (F, 4H), recurrent_kernel (H, 4H), bias (4H,), peephole_kernel (3, H); gates in
    the order i, f, c, o, those that are switched off left out. Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. States: h, c.

    Args:
        units: H, a positive integer.
        activation: of g and, as out, of the output. Default "tanh".
        recurrent_activation: of the gates. Default "sigmoid".
        output_activation: out, of the output alone. Default None: as `activation`.
        use_bias: default True.
        unit_forget_bias: bf starts at 1, unless bias_initializer is "chrono". Default True.
        peephole: the gates see the cell: the terms with p. Default False.
        gates: which of the gates i, f and o there are; an absent gate is 1. Default "ifo"; "io" is
            the cell of 1997.
        coupled: f = 1 - i, without weights of its own. Default False.
        truncated: no gradient flows back to h: through time it flows in the cells alone, as in
            1997. Default False.
        peephole_initializer: default "zeros".
        **keywords: of every recurrent layer, see `Recurrent`.

    Sources: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000;
    peepholes: Gers, Schraudolph & Schmidhuber 2002; names: Greff et al. 2017.
    """

    _option_names = (
        *Recurrent._option_names,
        "recurrent_activation",
        "unit_forget_bias",
        "peephole",
        "gates",
        "coupled",
        "truncated",
        "peephole_initializer",
        "output_activation",
    )
    peephole_kernel = weight_view("peephole_kernel", "(3, H)")

    def __init__(
        self,
        units: int | None = None,
        activation: Identifier | None = "tanh",
        recurrent_activation: Identifier | None = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        peephole: bool = False,
        gates: str = "ifo",
        coupled: bool = False,
        truncated: bool = False,
        peephole_initializer: Identifier = "zeros",
        output_activation: Identifier | None = None,
        **keywords: Unpack[RecurrentArguments],
    ) -> None:
        super().__init__(units, activation, use_bias, **keywords)
        self.recurrent_activation = _gate_activation(recurrent_activation, self)
        self.unit_forget_bias = bool(unit_forget_bias)
        self.peephole = bool(peephole)
        self.gates = _checked_gates(gates, bool(coupled))
        self.coupled = bool(coupled)
        self.truncated = bool(truncated)
        self.output_activation = output_activation_of(self, output_activation)
        self.peephole_initializer = initializers.get(peephole_initializer)

    def _options(self) -> _core.LayerOptions:
        return _core.LSTMOptions(
            **self._common(),
            recurrent_activation=self.recurrent_activation,
            peephole=self.peephole,
            output_activation=self.output_activation,
            gates=self.gates,
            coupled=self.coupled,
            truncated=self.truncated,
        )

    def _gate_order(self) -> str:
        letters = self.gates.replace("f", "") if self.coupled else self.gates
        return letters.replace("o", "") + "c" + "o" * ("o" in letters)

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        ones = self.unit_forget_bias and "f" in self._gate_order()
        if name != "bias" or not ones or isinstance(self.bias_initializer, initializers.Chrono):
            return super()._draw_one(name, shape, dtype, sample)
        start = self.units * ("i" in self.gates)
        before = super()._draw_one(name, (start,), dtype, sample)
        after = super()._draw_one(name, (shape[0] - start - self.units,), dtype, sample)
        return np.concatenate([before, np.ones(self.units, dtype), after])


def _checked_gates(gates: Any, coupled: bool) -> str:
    letters = checked_gates(gates, "LSTM")
    if coupled and "i" not in letters:
        raise ValueError(
            f"LSTM: coupled=True makes f = 1 - i and needs the gate i, received gates={gates!r}"
        )
    return letters


def _gate_activation(identifier: Any, layer: Layer) -> str:
    return recurrent_activation(identifier, layer, "recurrent_activation")


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014).

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
        reset_after: the reset gate works on the product, as in Keras 3 and cuDNN. Default True.
        **keywords: of every recurrent layer, see `Recurrent`.
    """

    _option_names = (*Recurrent._option_names, "recurrent_activation", "reset_after")

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
        self.recurrent_activation = _gate_activation(recurrent_activation, self)
        self.reset_after = bool(reset_after)

    def _gate_order(self) -> str:
        return "zrh"

    def _options(self) -> _core.LayerOptions:
        return _core.GRUOptions(
            **self._common(),
            recurrent_activation=self.recurrent_activation,
            reset_after=self.reset_after,
        )


class SimpleRNN(Recurrent):
    """The fully connected recurrent network (Elman 1990): h' = tanh(x W + h R + b).

    Weights: kernel (F, H), recurrent_kernel (H, H), bias (H,). Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. State: h.

    Args:
        units: H, a positive integer.
        activation: default "tanh".
        use_bias: default True.
        **keywords: of every recurrent layer, see `Recurrent`.
    """

    def _options(self) -> _core.LayerOptions:
        return _core.SimpleRNNOptions(**self._common())


# ---- other layers with weights -----------------------------------------------------------------


class DenseArguments(LayerArguments, total=False):
    """The types of what Dense takes besides its own arguments."""

    # Keras's, taken at these values alone.
    kernel_constraint: None
    bias_constraint: None
    lora_rank: None
    lora_alpha: None
    quantization_config: None


class Dense(Layer):
    """activation(x W + b), on every time step where the input has steps.

    Weights: kernel (F, H), bias (H,). Input [B, F] or [B, T, F], output [B, H] or [B, T, H].

    Args:
        units: H, a positive integer.
        activation: default None, linear; "softmax" goes over the last axis.
        use_bias: default True.
        kernel_initializer: default "glorot_uniform".
        bias_initializer: default "zeros".
        kernel_regularizer, bias_regularizer: default None.
        **shared: what every layer takes.
    """

    _option_names = (
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
    )
    _keras_arguments = DENSE
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

    def _options(self) -> _core.LayerOptions:
        return _core.DenseOptions(
            units=self.units, activation=self.activation, use_bias=self.use_bias
        )


class EmbeddingArguments(SharedArguments, total=False):
    """The types of what Embedding takes besides its own arguments."""

    # Keras's, taken at these values alone.
    embeddings_constraint: None
    sparse: Literal[False]
    lora_rank: None
    lora_alpha: None
    quantization_config: None
    dropout: float


class Embedding(Layer):
    """A vector of weights for every id: [B, T] whole numbers -> [B, T, H].

    Weights: embeddings (input_dim, output_dim).

    Args:
        input_dim: how many ids there are; they run from 0 to input_dim - 1.
        output_dim: H, the length of a vector.
        embeddings_initializer: default "uniform" (from -0.05 to 0.05).
        embeddings_regularizer: default None.
        mask_zero: id 0 is padding: the layers behind skip it. Default False.
        input_length: T; default None: any.
        **shared: what every layer takes.
    """

    _option_names = (
        "input_dim",
        "output_dim",
        "embeddings_initializer",
        "embeddings_regularizer",
        "mask_zero",
    )
    _keras_arguments = EMBEDDING
    _takes_ids = True
    _assumed_sample = (None,)
    embeddings = weight_view("embeddings", "(input_dim, output_dim)")

    def __init__(
        self,
        input_dim: int | None = None,
        output_dim: int | None = None,
        embeddings_initializer: Identifier = "uniform",
        embeddings_regularizer: Identifier | None = None,
        *,
        mask_zero: bool = False,
        **shared: Unpack[EmbeddingArguments],
    ) -> None:
        super().__init__(**shared)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if value is None:
                raise TypeError(f"Embedding: missing argument {name!r}")
        self.input_dim = _checks.whole(input_dim, "Embedding: input_dim")
        self.output_dim = _checks.whole(output_dim, "Embedding: output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = bool(mask_zero)

    def _options(self) -> _core.LayerOptions:
        return _core.EmbeddingOptions(
            input_dim=self.input_dim, output_dim=self.output_dim, mask_zero=self.mask_zero
        )

    def _checked_input(self, array: Array, dtype: np.dtype[Any]) -> Array:
        return _checks.ids(array, self._sample or (), self.input_dim, dtype)


register(
    InputLayer,
    LSTM,
    GRU,
    SimpleRNN,
    MemoryBlocks,
    Dense,
    Embedding,
    Activation,
    Dropout,
    Masking,
    RepeatVector,
    Flatten,
    Reshape,
    TimeDistributed,
    Bidirectional,
)
