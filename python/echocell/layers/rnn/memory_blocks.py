"""MemoryBlocks: the hidden layer of the paper that introduced LSTM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell import _core, initializers
from echocell._common import scalars
from echocell._common.typing import Identifier
from echocell._data.shapes import Sample
from echocell.layers.rnn.recurrent import (
    Recurrent,
    RecurrentArguments,
    checked_gates,
    output_activation_of,
    recurrent_activation,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class MemoryBlocks(Recurrent):
    """Blocks of cells that share their gates; every unit receives the outputs of all units.

        i = sigma(x Wi + y Ri + bi)     f = sigma(x Wf + y Rf + bf)     o = sigma(x Wo + y Ro + bo)
        c' = f * c + i * g(x Wc + y Rc + bc)                            h' = o * out(c')

    where y holds the outputs of all units at the previous step: h, i, f, o. The cells of a block
    share its gates; a gate that is switched off is 1.

    N blocks of M cells, G gates per block, U = N (M + G) units: the cells, block by block, then the
    gates in the order i, f, o. Weights: kernel (F, U), recurrent_kernel (U, U), bias (U,). Input
    [B, T, F], output [B, N M] or, with return_sequences, [B, T, N M]. States: the outputs of all
    units, [B, U], and the cells, [B, N M].

    The cell of 1997: gates="io", activation="bipolar_sigmoid_2",
    output_activation="bipolar_sigmoid", truncated=True.

    Args:
        blocks: N, a positive integer.
        cells: M, cells per block. Default 1.
        activation: g. Default "tanh".
        recurrent_activation: activation of the gates. Default "sigmoid".
        output_activation: out. Default None: as `activation`.
        gates: the existing gates among i, f and o. Default "ifo".
        use_kernel: False adds the input, of U features, directly to the units, without a kernel;
            after an Embedding this is a network that reads one-hot symbols. Default True.
        cell_bias: False keeps the biases of the cells at 0 unless they are set. Default True.
        unit_forget_bias: whether bf starts at 1; no effect with bias_initializer="chrono". Default
            True.
        shortcut: whether the input of the step is appended to the output, [B, T, N M + F], so that
            the next layer reads the inputs too; needs return_sequences. Default False.
        truncated: whether gradients through time flow only through the cells, not through y.
            Default False.
        **keywords: arguments of every recurrent layer, see `Recurrent`.

    Raises:
        ValueError: gates or options that exclude each other.

    Sources: Hochreiter & Schmidhuber 1997, section 4 and appendix A.1; forget gate: Gers,
    Schmidhuber & Cummins 2000. "Full gate recurrence": Greff et al. 2017.
    """

    _core_options = _core.MemoryBlocksOptions

    def __init__(
        self,
        blocks: int,
        cells: int = 1,
        activation: Identifier | None = "tanh",
        recurrent_activation: Identifier | None = "sigmoid",
        use_bias: bool = True,
        *,
        output_activation: Identifier | None = None,
        gates: str = "ifo",
        use_kernel: bool = True,
        cell_bias: bool = True,
        unit_forget_bias: bool = True,
        shortcut: bool = False,
        truncated: bool = False,
        **keywords: Unpack[RecurrentArguments],
    ) -> None:
        self.blocks = scalars.whole(blocks, "MemoryBlocks: blocks")
        self.cells = scalars.whole(cells, "MemoryBlocks: cells")
        super().__init__(self.blocks * self.cells, activation, use_bias, **keywords)
        self._set_gates(recurrent_activation, output_activation, gates)
        self.use_kernel = bool(use_kernel)
        self.cell_bias = bool(cell_bias)
        self.unit_forget_bias = bool(unit_forget_bias)
        self.shortcut = bool(shortcut)
        self.truncated = bool(truncated)
        if self.shortcut and not self.return_sequences:
            raise ValueError("MemoryBlocks: shortcut=True needs return_sequences=True")

    def _set_gates(self, of_gates: Any, of_output: Any, gates: Any) -> None:
        self.recurrent_activation = recurrent_activation(of_gates, self, "recurrent_activation")
        self.output_activation = output_activation_of(self, of_output)
        self.gates = checked_gates(gates, "MemoryBlocks")

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        if name != "bias":
            return super()._draw_one(name, shape, dtype, sample)
        if isinstance(self.bias_initializer, initializers.Chrono):
            # A layer without cells, or cells without bias.
            gates = self._chrono(self.bias_initializer, self.gates, self.blocks, sample)
            return np.concatenate([np.zeros(self.units), gates]).astype(dtype)
        bias = (
            super()._draw_one(name, shape, dtype, sample).copy()
        )  # it may be an array of the user
        if not self.cell_bias:
            bias[: self.units] = 0
        if self.unit_forget_bias and "f" in self.gates:
            first = self.units + self.gates.index("f") * self.blocks
            bias[first : first + self.blocks] = 1
        return bias
