"""The networks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), and their training.

The hidden layer consists of memory blocks without forget gates; every cell and gate is connected to
every other, and the outputs read the cells. Weights are uniform around 0, biases are set by block.
The training is online gradient descent on the squared error, with an update after each sequence.
docs/1997.md describes the choices that the paper leaves open and the deviations from it.

Legend: B samples, N sequences, T time steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell.experiments.run.recipes import TrainingRecipe
from echocell.experiments.run.trials import PaperRow
from echocell.initializers import Constant, Initializer, RandomUniform
from echocell.layers import Dense, Embedding, Layer, MemoryBlocks
from echocell.models import Sequential
from echocell.optimizers import SGD
from echocell.tasks.encoding import Floats


@dataclass(frozen=True)
class Network1997:
    """A network and its training.

    Attributes:
        blocks: number of memory blocks.
        cells: cells of a block.
        weights: initial weights are uniform between -weights and weights.
        rate: learning rate of the gradient descent.
        gates: "io" or "i".
        h: activation of the cells' outputs, a name that `MemoryBlocks` accepts.
        biases: "none", "gates", "hidden" (gates and cells), or "all" (including the outputs).
        input_bias: initial biases of the input gates, one for each block; () for random ones.
        output_bias: initial biases of the output gates, one for each block; () for random ones.
        outputs: activation of the output units.
        outputs_bias: initial bias of all output units; None for what `biases` determines.
        targets: the training targets in place of 0 and 1.
        shortcut: whether the outputs also read the inputs.
        truncated: as for `MemoryBlocks`.
    """

    blocks: int
    cells: int
    weights: float
    rate: float
    gates: str = "io"
    h: str = "bipolar_sigmoid"
    biases: str = "all"
    input_bias: tuple[float, ...] = ()
    output_bias: tuple[float, ...] = ()
    outputs: str = "sigmoid"
    outputs_bias: float | None = None
    targets: tuple[float, float] = (0.0, 1.0)
    shortcut: bool = False
    truncated: bool = False

    @property
    def description(self) -> str:
        """The recipe, as tables name it."""
        size = f"{_counted(self.blocks, 'block')} of {self.cells}"
        others = {
            "input gates only": self.gates == "i",
            f"h {self.h}": self.h != "bipolar_sigmoid",
            f"outputs {self.outputs}": self.outputs != "sigmoid",
            "targets {:g} and {:g}".format(*self.targets): self.targets != (0, 1),
            "truncated gradient": self.truncated,
        }
        chosen = [text for text, applies in others.items() if applies]
        return ", ".join([f"1997: {size}, rate {self.rate:g}, online", *chosen])

    def recipe(
        self, build: Any, reference: PaperRow, most_sequences: int, check_every: int, **other: Any
    ) -> TrainingRecipe:
        """Returns the recipe for a task; arguments are those of `TrainingRecipe`."""
        return TrainingRecipe(
            other.pop("description", self.description),
            build,
            1,
            targets=self._trained_on,
            reference=reference,
            most_sequences=most_sequences,
            check_every=check_every,
            **other,
        )

    def build(self, features: int, outputs: int, *, every_step: bool = False) -> Sequential:
        """Returns the compiled model: [B, T, features] -> [B, outputs] or [B, T, outputs]."""
        options = {"return_sequences": every_step, "shortcut": self.shortcut}
        return self._model([self._hidden(input_shape=(None, features), **options)], outputs)

    def build_for_symbols(self, symbols: int, outputs: int) -> Sequential:
        """Returns the compiled model for ids [B, T] in place of one-hot inputs: -> [B, outputs]."""
        units = self.blocks * (self.cells + len(self.gates))
        first = Embedding(symbols, units, self._uniform(), input_shape=(None,))
        return self._model([first, self._hidden(use_kernel=False)], outputs)

    def _trained_on(self, y: Any) -> Any:
        """Returns the training targets for the targets of a task, an array or a list of arrays."""
        low, high = self.targets
        if isinstance(y, list):
            return [self._trained_on(one) for one in y]
        return y if (low, high) == (0, 1) else low + (high - low) * y

    def _uniform(self) -> RandomUniform:
        return RandomUniform(-self.weights, self.weights)

    def _hidden(self, **options: Any) -> MemoryBlocks:
        return MemoryBlocks(
            self.blocks,
            self.cells,
            activation="bipolar_sigmoid_2",
            output_activation=self.h,
            gates=self.gates,
            kernel_initializer=self._uniform(),
            recurrent_initializer=self._uniform(),
            bias_initializer=self._uniform(),
            use_bias=self.biases != "none",
            cell_bias=self.biases != "gates",
            truncated=self.truncated,
            **options,
        )

    def _model(self, layers: Sequence[Layer], outputs: int) -> Sequential:
        bias: Initializer = self._uniform()
        if self.outputs_bias is not None:
            bias = Constant(self.outputs_bias)
        last = Dense(
            outputs,
            activation=self.outputs,
            use_bias=self.biases == "all" or self.outputs_bias is not None,
            kernel_initializer=self._uniform(),
            bias_initializer=bias,
        )
        model = Sequential([*layers, last])
        if self.biases != "none":
            self._set_gate_biases(layers[-1])
        model.compile(loss="mean_squared_error", optimizer=SGD(self.rate * outputs / 2))
        return model

    def _set_gate_biases(self, hidden: Layer) -> None:
        *others, bias = hidden.get_weights()
        first = self.blocks * self.cells
        for gate, values in (("i", self.input_bias), ("o", self.output_bias)):
            if gate in self.gates:
                bias[first : first + len(values)] = values
                first += self.blocks
        hidden.set_weights([*others, bias])


def all_steps(y: Sequence[NDArray[Any]]) -> Floats:
    """Returns sample weights [N] that turn the mean over the steps of a sequence into the sum."""
    return np.array([len(targets) for targets in y], dtype=np.float32)


def last_step(y: NDArray[Any]) -> Floats:
    """Returns sample weights [N, T] that select the unscaled error of the last step."""
    count, steps = y.shape[:2]
    weights = np.zeros((count, steps), dtype=np.float32)
    weights[:, -1] = steps
    return weights


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
