"""Initial biases of the gates for long memory."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from echocell._common.overrides import CHRONO
from echocell._common.scalars import check_number
from echocell.initializers.initializer import Array, RandomInitializer, Shape


class Chrono(RandomInitializer):
    """Gate biases for dependencies over up to T steps (Tallec & Ollivier, "Can recurrent neural
    networks warp time?", 2018).

    Only for the bias_initializer of LSTM, GRU and MemoryBlocks. Each unit draws one u, uniform in
    [1, T - 1); the biases of its gates are such that, where the rest of the gates' input is 0, the
    unit keeps u / (1 + u) of its state at each step: its time constant is 1 + u steps.

    LSTM: forget bias ln(u), input bias -ln(u), all others 0; unit_forget_bias has no effect. A gate
    that is switched off has no bias; with coupled=True, f = 1 - i follows from the input bias.

    MemoryBlocks: as for LSTM, with one u per block; the cells' biases are 0.

    GRU: here, as in Keras, h' = z * h + (1 - z) * g, so z keeps the state. The bias of z is ln(u);
    all others are 0. The paper's leaky form g * new + (1 - g) * old has the opposite gate with the
    bias -ln(T' - 1), T' uniform; z = 1 - g changes the sign. u = T' - 1 is drawn from the same
    range as for the LSTM, because the logarithm is unbounded over the paper's whole range from
    T' = 1. With reset_after the input's bias, the first row, holds the values, and the second row
    is 0.

    The gates are assumed to be sigmoids.

    Args:
        max_time: T, at least 2. Default None: the number of time steps of the layer's input.
        seed: integer or None.
    """

    _never_called = CHRONO
    kind: ClassVar[str] = "chrono"
    _arguments: ClassVar[tuple[str, ...]] = ("max_time", "seed")
    #: Factor of ln(u) in the bias of each gate.
    _SIGNS: ClassVar[dict[str, float]] = {"f": 1.0, "i": -1.0, "z": 1.0}

    def __init__(self, max_time: float | None = None, seed: int | None = None) -> None:
        super().__init__(seed)
        if max_time is not None:
            max_time = check_number("Chrono", "max_time", max_time, low=2)
        self.max_time = max_time

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Raises ValueError: a shape does not tell which numbers belong to which gate."""
        raise ValueError(
            "Chrono: expected to be the bias_initializer of an LSTM, GRU or MemoryBlocks, received "
            f"the shape {tuple(shape)} of another weight"
        )

    def for_gates(self, gates: str, units: int, steps: int | None = None) -> Array:
        """Returns the biases of a layer, float64, [len(gates) * units].

        Args:
            gates: one letter per block of the bias: out of "ifco" for LSTM, "ifo" for MemoryBlocks,
                "zrh" for GRU.
            units: H, the length of a block.
            steps: T if max_time is None; None if the layer does not know it.

        Raises:
            ValueError: no gate keeps the state or writes to it, or T is unknown or less than 2.
        """
        if not set(gates) & set(self._SIGNS):
            raise ValueError(
                "Chrono: expected a layer with gates that keep its state (LSTM, GRU, "
                f"MemoryBlocks), received one without: {gates!r}"
            )
        limit = steps if self.max_time is None else self.max_time
        if limit is None or limit < 2:
            known = "an unknown number" if limit is None else f"{limit:g}"
            raise ValueError(
                f"Chrono: expected input of at least 2 time steps, received {known}; give the "
                f"longest dependency, Chrono(max_time=...)"
            )
        logs = np.log(self._generator().uniform(1.0, limit - 1.0, units))
        return np.concatenate([self._SIGNS.get(gate, 0.0) * logs for gate in gates])
