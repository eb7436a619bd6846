"""Long short-term memory.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell import _core, initializers
from echocell._common.typing import Identifier
from echocell._data.shapes import Sample
from echocell.layers.layer import weight_view
from echocell.layers.rnn.recurrent import (
    Recurrent,
    RecurrentArguments,
    checked_gates,
    gate_activation,
    output_activation_of,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack
Array = NDArray[Any]


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997).

        i = sigma(x Wi + h Ri + pi * c  + bi)        f = sigma(x Wf + h Rf + pf * c  + bf)
        g = tanh (x Wc + h Rc + bc)                  c' = f * c + i * g
        o = sigma(x Wo + h Ro + po * c' + bo)        h' = o * out(c')

    Weights: kernel (F, 4H), recurrent_kernel (H, 4H), bias (4H,), peephole_kernel (3, H); gates in
    the order i, f, c, o, without those that are switched off. Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. States: h, c.

    Args:
        units: H, a positive integer.
        activation: activation of g and, as out, of the output. Default "tanh".
        recurrent_activation: activation of the gates. Default "sigmoid".
        output_activation: out, if it differs from `activation`. Default None.
        use_bias: default True.
        unit_forget_bias: whether bf starts at 1; no effect with bias_initializer="chrono". Default
            True.
        peephole: whether the gates read the cell state, the terms with p. Default False.
        gates: the existing gates among i, f and o; an absent gate is 1. Default "ifo"; "io" is the
            cell of 1997.
        coupled: f = 1 - i, without weights of its own. Default False.
        truncated: whether gradients through time flow only through the cell state, not through h,
            as in 1997. Default False.
        peephole_initializer: default "zeros".
        **keywords: arguments of every recurrent layer, see `Recurrent`.

    Sources: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000;
    peepholes: Gers, Schraudolph & Schmidhuber 2002; names: Greff et al. 2017.
    """

    _core_options = _core.LSTMOptions

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
        self.recurrent_activation = gate_activation(recurrent_activation, self)
        self.unit_forget_bias = bool(unit_forget_bias)
        self.peephole = bool(peephole)
        self.gates = _checked_gates(gates, bool(coupled))
        self.coupled = bool(coupled)
        self.truncated = bool(truncated)
        self.output_activation = output_activation_of(self, output_activation)
        self.peephole_initializer = initializers.get(peephole_initializer)

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
