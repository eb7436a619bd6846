"""The recipe "1997": the networks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).

Memory blocks without a forget gate, g from -2 to 2; every cell and gate feeds each other, the
outputs read the cells; weights uniform around 0, biases by block; online gradient descent on the
squared error, an update after each sequence.

Decisions where the paper leaves a choice, or where what it says does not lead to its result here:
- The error of an output is (y - d)^2 / 2, summed over outputs and steps. A mean squared error over
  K outputs becomes that at K / 2 times the rate, and over T steps with the sample weight T.
- An update comes after each sequence, with the gradient of all of it. (The paper's algorithm can
  change the weights at every step, which at a rate of 1 is not the same.)
- The gradient is the full one, unless the recipe says "truncated": then, as in the paper, errors go
  back through time in the cells alone. At very long lags the full one is lost in the feedback of
  the cells upon themselves.
- A network without biases at its cells has them here, at 0, not trained; see `MemoryBlocks`.
- Tasks 2a and 2c learn with h the identity (as the paper's 2a has it), input gates alone, and input
  gates that begin nearly shut: a bias of -5.5 and of -8 in place of none. Without it what flows in
  at every step, from the gates themselves if from nowhere else, fills the cells before the end is
  reached. With both gates, no biases and a rate of 0.01, as in the paper's 2c, 8 of 10 trials
  succeeded within 150,000 sequences at q = 50, none of 5 within 200,000 at q = 100. An input gate
  that is nearly shut slows down all that is behind it: the rate in 2c is 1.
- In 2a the outputs have biases, which begin at -4, and the rate is 0.4, not 1. Otherwise the one
  cell becomes the bias that 101 outputs want which are mostly 0: the paper calls it the abuse of
  memory cells. The first bias of the input gate decides whether it does: with -4, 5 of 16 trials
  succeed, with -5 and a rate of 0.3, 50 of 60, with -5.5, 168 of 168. (-6 and a rate of 0.5: 124 of
  124, in 1.4 times as many sequences.)
- In task 1 the cells and the outputs have biases, too, those of the outputs from -1 on; the input
  gates begin at -2, -3, -4, as in the paper's other tasks: blocks that begin shut are taken one
  after the other; and the targets are 0.05 and 0.95. With 0 and 1 an output may be driven to 0 in a
  state where it is needed, and hardly comes back, since a squared error has no slope there. Without
  all that a quarter to a half of the trials fail, at rates from 0.1 to 0.5; with the biases or the
  targets alone, one in ten; with both, 10 of 450. Two of these were looked at: they know the inner
  grammar, and answer T and P with 0.5 each in the end.
- In task 6b the targets are 0.1 and 0.9, for the same reason: 19 of 20 trials succeeded within
  620,000 sequences, 8 of 10 with targets of 0 and 1.
- The error in 2b is that of the last step alone, as in 2c: nothing marks the end, and what comes
  before cannot be known.
- In tasks 4 and 5 the output is linear. With a logistic one the error in task 4 stays at 0.0105 on
  average, just above the paper's criterion, for 200,000 sequences.
- Where T is 500 or 1000, in tasks 3 and 4, there are two trials, since each takes minutes: in task
  4 of up to 418,000 and 850,000 sequences. One with T = 500 had not succeeded after 836,000.
- The numbers of weights are the paper's (tasks 3, 4 and 6) but for tasks 1, 2a and 2c, where the
  biases and gates above are others: 289 in place of 276 in task 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell.experiments.run.recipes import Recipe
from echocell.experiments.run.trials import PaperRow
from echocell.initializers import Constant, Initializer, RandomUniform
from echocell.layers import Dense, Embedding, Layer, MemoryBlocks
from echocell.models import Sequential
from echocell.optimizers import SGD
from echocell.tasks.encoding import Floats


@dataclass(frozen=True)
class Network1997:
    """A network and its training.

    blocks, cells: N blocks of M cells.
    weights: they start between -weights and weights.
    rate: of the gradient descent.
    gates: "io" or "i"; h: what squashes the cells, as `MemoryBlocks` names it.
    biases: "none", "gates", "hidden" (gates and cells), or "all" (outputs, too).
    input_bias, output_bias: the first biases of these gates, one for each block; (): as the
        weights.
    outputs: the activation of the output units; outputs_bias: where all their biases begin; None:
        as `biases` says.
    targets: what the outputs are trained on in place of 0 and of 1.
    shortcut: the outputs read the inputs, too.
    truncated: as in `MemoryBlocks`.
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
    def words(self) -> str:
        """The recipe in words."""
        size = f"{_counted(self.blocks, 'block')} of {self.cells}"
        others = {
            "input gates only": self.gates == "i",
            f"h {self.h}": self.h != "bipolar_sigmoid",
            f"outputs {self.outputs}": self.outputs != "sigmoid",
            "targets {:g} and {:g}".format(*self.targets): self.targets != (0, 1),
            "truncated gradient": self.truncated,
        }
        chosen = [words for words, holds in others.items() if holds]
        return ", ".join([f"1997: {size}, rate {self.rate:g}, online", *chosen])

    def recipe(
        self, model: Any, beside: PaperRow, most_sequences: int, check_every: int, **other: Any
    ) -> Recipe:
        """As a recipe for a task. model: builds a new one; the others as in `Recipe`."""
        return Recipe(
            other.pop("words", self.words),
            model,
            1,
            targets=self._trained_on,
            beside=beside,
            most_sequences=most_sequences,
            check_every=check_every,
            **other,
        )

    def build(self, features: int, outputs: int, *, every_step: bool = False) -> Sequential:
        """For inputs [B, T, features]; outputs [B, outputs], or [B, T, outputs]."""
        options = {"return_sequences": every_step, "shortcut": self.shortcut}
        return self._model([self._hidden(input_shape=(None, features), **options)], outputs)

    def build_for_symbols(self, symbols: int, outputs: int) -> Sequential:
        """For ids [B, T], read as if they were one-hot; outputs [B, outputs]."""
        units = self.blocks * (self.cells + len(self.gates))
        first = Embedding(symbols, units, self._uniform(), input_shape=(None,))
        return self._model([first, self._hidden(use_kernel=False)], outputs)

    def _trained_on(self, y: Any) -> Any:
        """Targets of a task, an array or a list of arrays, as this network is given them."""
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
    """Weights [N] that make a mean over the steps of each sequence their sum."""
    return np.array([len(targets) for targets in y], dtype=np.float32)


def last_step(y: NDArray[Any]) -> Floats:
    """Weights [N, T] that leave the error of the last step alone, as it is."""
    count, steps = y.shape[:2]
    weights = np.zeros((count, steps), dtype=np.float32)
    weights[:, -1] = steps
    return weights


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
