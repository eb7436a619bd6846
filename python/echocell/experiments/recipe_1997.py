"""The recipe "1997": the networks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).

Memory blocks with input and output gates and no forget gate; g from -2 to 2, h from -1 to 1; every
cell and gate feeds each other, the outputs read the cells; weights uniform around 0, biases by
block; online gradient descent on the squared error, an update after each sequence.

Decisions where the paper leaves a choice, or where this library does other things:
- The error of an output is (y - d)^2 / 2, summed over outputs and steps. A mean squared error over
  K outputs becomes that at K / 2 times the rate, and over T steps with the sample weight T.
- An update comes after each sequence, with the gradient of all of it. (The paper's algorithm can
  change the weights at every step.)
- The gradient is the full one, unless a task says `truncated`: then, as in the paper, errors go
  back through time in the cells alone.
- A network without biases at its cells has them here, at 0, not trained; see `MemoryBlocks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echocell.initializers import RandomUniform, Zeros
from echocell.layers import Dense, Embedding, Layer, MemoryBlocks
from echocell.models import Sequential
from echocell.optimizers import SGD


@dataclass(frozen=True)
class Network1997:
    """A network and its training.

    blocks, cells: N blocks of M cells.
    weights: they start between -weights and weights.
    rate: of the gradient descent.
    input_bias, output_bias: the first biases of these gates, one for each block; (): as the
        weights.
    biases: "none", "gates", or "all" (gates, cells and outputs).
    outputs: the activation of the output units.
    truncated: as in `MemoryBlocks`.
    """

    blocks: int
    cells: int
    weights: float
    rate: float
    input_bias: tuple[float, ...] = ()
    output_bias: tuple[float, ...] = ()
    biases: str = "all"
    outputs: str = "sigmoid"
    truncated: bool = False

    @property
    def text(self) -> str:
        """The recipe in words."""
        end = ", truncated" if self.truncated else ""
        return f"1997: {self.blocks} blocks of {self.cells}, rate {self.rate:g}{end}"

    def build(self, features: int, outputs: int, *, sequences: bool = False) -> Sequential:
        """For inputs [B, T, features]; an output at every step with `sequences`."""
        return self._model(
            [self._blocks(return_sequences=sequences, input_shape=(None, features))], outputs
        )

    def build_for_symbols(self, symbols: int, outputs: int) -> Sequential:
        """For ids [B, T], read as if they were one-hot."""
        units = self.blocks * (self.cells + 2)
        first = Embedding(symbols, units, self._uniform(), input_shape=(None,))
        return self._model([first, self._blocks(use_kernel=False)], outputs)

    def _uniform(self) -> RandomUniform:
        return RandomUniform(-self.weights, self.weights)

    def _blocks(self, **options: Any) -> MemoryBlocks:
        return MemoryBlocks(
            self.blocks,
            self.cells,
            activation="bipolar_sigmoid_2",
            output_activation="bipolar_sigmoid",
            gates="io",
            kernel_initializer=self._uniform(),
            recurrent_initializer=self._uniform(),
            bias_initializer=self._uniform(),
            use_bias=self.biases != "none",
            cell_bias=self.biases == "all",
            truncated=self.truncated,
            **options,
        )

    def _model(self, layers: Sequence[Layer], outputs: int) -> Sequential:
        last = Dense(
            outputs,
            activation=self.outputs,
            use_bias=self.biases == "all",
            kernel_initializer=self._uniform(),
            bias_initializer=self._uniform() if self.biases == "all" else Zeros(),
        )
        model = Sequential([*layers, last])
        if self.biases != "none":
            self._set_gate_biases(layers[-1])
        model.compile(loss="mean_squared_error", optimizer=SGD(self.rate * outputs / 2))
        return model

    def _set_gate_biases(self, layer: Layer) -> None:
        *others, bias = layer.get_weights()
        cells = self.blocks * self.cells
        for first, values in ((cells, self.input_bias), (cells + self.blocks, self.output_bias)):
            bias[first : first + len(values)] = values
        layer.set_weights([*others, bias])


def fit_online(model: Sequential, x: Sequence[Any], y: Any) -> None:
    """One update for each sequence, in their order; y with as many steps as x, or [N, K]."""
    every_step = np.ndim(y[0]) == 2
    weights = np.array([len(one) for one in x], float) if every_step else None
    model.fit(list(x), y, batch_size=1, epochs=1, shuffle=False, sample_weight=weights, verbose=0)
