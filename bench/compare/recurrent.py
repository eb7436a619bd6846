"""Recurrent networks with one loss and plain SGD, in echocell and PyTorch, from the same weights.

Legend: B batch, T time steps, F features, H units, O outputs, G blocks of weights in a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.compare.machine import optional
from bench.compare.workloads import Array, glorot
from echocell import layers
from echocell.models import Sequential
from echocell.optimizers import SGD

BLOCKS = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
TORCH_NAMES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
TIMED_RATE = 1e-3
TOLERANCE = 1e-4  # of outputs and gradients in float32, relative to their norm


@dataclass(frozen=True)
class Net:
    """`depth` recurrent layers with outputs at every step, and a Dense(outputs) on every step.

    There is no Dense layer if outputs is 0. The loss is the mean squared error.
    """

    cell: str
    units: int
    batch: int
    steps: int
    features: int
    depth: int = 1
    bidirectional: bool = False
    outputs: int = 0

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def width(self) -> int:
        """Of the target."""
        return self.outputs or self.units * self.directions

    @property
    def name(self) -> str:
        return f"({self.units}, {self.batch}, {self.steps}, {self.features})"

    def widths(self) -> list[int]:
        """Returns the width of the input of each recurrent layer."""
        return [self.features, *[self.units * self.directions] * (self.depth - 1)]

    def weights(self, rng: np.random.Generator) -> list[Array]:
        """Returns random weights in the order of Keras, with biases other than 0."""
        blocks, found = BLOCKS[self.cell] * self.units, []
        for width in self.widths():
            for _ in range(self.directions):
                bias = (2, blocks) if self.cell == "GRU" else (blocks,)
                found += [glorot(rng, width, blocks), glorot(rng, self.units, blocks)]
                found.append(rng.uniform(-0.1, 0.1, bias).astype(np.float32))
        if self.outputs:
            found.append(glorot(rng, self.units * self.directions, self.outputs))
            found.append(rng.uniform(-0.1, 0.1, self.outputs).astype(np.float32))
        return found

    def data(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """The arrays x [B, T, F], y [B, T, width]."""
        shape = self.batch, self.steps
        x = rng.uniform(-1, 1, (*shape, self.features)).astype(np.float32)
        return x, rng.uniform(-0.5, 0.5, (*shape, self.width)).astype(np.float32)

    def flops(self, train: bool) -> float:
        """Returns the operations of the matrix products.

        The backward pass has the gradients of both kernels, of the states through time, and of the
        inputs of every layer but the first.
        """
        rows, total = 2.0 * self.batch * self.steps, 0.0
        blocks = BLOCKS[self.cell] * self.units
        for layer, width in enumerate(self.widths()):
            kernel, recurrent = (rows * n * blocks * self.directions for n in (width, self.units))
            total += kernel + recurrent
            if train:
                total += kernel + 2 * recurrent + (kernel if layer else 0.0)
        return total + rows * self.outputs * self.units * self.directions * (3 if train else 1)

    def read(self, train: bool) -> float:
        """Returns the bytes of recurrent weights if every time step reads them once per pass."""
        """The network in echocell."""
        matrix = 4.0 * BLOCKS[self.cell] * self.units**2
        return matrix * self.steps * self.depth * self.directions * (2 if train else 1)


class Ours:
    """The network in echocell."""

    def __init__(
        self, net: Net, weights: Sequence[Array], steps: Any = None, masking: bool = False
    ):
        shape = (steps, net.features)
        first = layers.Masking(0.0, input_shape=shape) if masking else layers.Input(shape)
        self.model = Sequential([first, *self._layers(net)])
        # A learning rate for the check at which the update is about as large as the weights.
        self.rate = 0.02 * net.batch * net.steps * net.width
        self.optimizer = SGD(self.rate)
        self.model.compile(loss="mse", optimizer=self.optimizer)
        self.model.set_weights(list(weights))

    @staticmethod
    def _layers(net: Net) -> Iterator[Any]:
        for _ in range(net.depth):
            layer = getattr(layers, net.cell)(net.units, return_sequences=True)
            yield layers.Bidirectional(layer) if net.bidirectional else layer
        if net.outputs:
            yield layers.TimeDistributed(layers.Dense(net.outputs))

    def gradients(self, x: Any, y: Any) -> list[Any]:
        """Returns the change of the weights in one update, divided by the learning rate, in Keras's
        order.

        Weights and learning rate are restored afterwards.
        """
        before = self.model.get_weights()
        self.optimizer.learning_rate = self.rate
        self.model.train_on_batch(x, y)
        after = self.model.get_weights()
        self.model.set_weights(before)
        self.optimizer.learning_rate = TIMED_RATE
        return [(a - b) / self.rate for a, b in zip(before, after, strict=True)]


class Torch:
    """The network in PyTorch, eager, in its fastest layout: time-major."""

    def __init__(self, net: Net, weights: Sequence[Array]):
        self.torch: Any = optional("torch")
        nn = self.torch.nn
        self.net = net
        self.cell = getattr(nn, TORCH_NAMES[net.cell])(
            net.features, net.units, num_layers=net.depth, bidirectional=net.bidirectional
        )
        self.dense = nn.Linear(net.units * net.directions, net.outputs) if net.outputs else None
        modules = [self.cell, *([self.dense] if self.dense else [])]
        parameters = dict(pair for module in modules for pair in module.named_parameters())
        self.learned = []
        with self.torch.no_grad():
            for name, parameter in parameters.items():
                # Where Keras has one bias, PyTorch's second stays 0: it would be redundant.
                if name.startswith("bias_hh") and net.cell != "GRU":
                    parameter.zero_().requires_grad_(False)
                else:
                    self.learned.append(parameter)
            for parameter, value in zip(self.learned, self.arranged(weights), strict=True):
                parameter.copy_(self.torch.from_numpy(value))
        self.optimizer = self.torch.optim.SGD(self.learned, lr=TIMED_RATE, fused=True)

    def arranged(self, weights: Sequence[Array]) -> list[Array]:
        """Arranges Keras's weights, or their gradients, as PyTorch's parameters."""
        found = []
        count = 3 * self.net.depth * self.net.directions
        for index, value in enumerate(weights):
            blocks = self._reordered(value) if index < count else value
            if index < count and index % 3 == 2 and self.net.cell == "GRU":
                found += list(blocks)
            else:
                found.append(blocks.T)
        return [np.ascontiguousarray(value) for value in found]

    def _reordered(self, value: Array) -> Array:
        """Reorders the blocks of a GRU: z, r, h in Keras, r, z, n in PyTorch."""
        if self.net.cell != "GRU":
            return value
        z, r, h = np.split(value, 3, axis=-1)
        return np.concatenate([r, z, h], axis=-1)

    def tensor(self, array: Array) -> Any:
        """[B, T, ...] as [T, B, ...]."""
        return self.torch.from_numpy(np.ascontiguousarray(array.swapaxes(0, 1)))

    def outputs(self, x: Any) -> Any:
        y, _ = self.cell(x)
        return self.dense(y) if self.dense else y

    def train(self, x: Any, y: Any) -> None:
        self.optimizer.zero_grad()
        self.torch.nn.functional.mse_loss(self.outputs(x), y).backward()
        self.optimizer.step()

    def gradients(self) -> list[Array]:
        """Returns the gradients of the previous update."""
        return [parameter.grad.numpy() for parameter in self.learned]


def distance(got: Sequence[Array], right: Sequence[Array]) -> float:
    """Returns the largest of their differences, each relative to its norm."""
    return max(
        float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(got, right, strict=True)
    )


def bulk(net: Net) -> bool:
    """Whether the network is large enough to be compared with a matrix product."""
    return net.units >= 128 and net.batch >= 32


def with_cell(nets: Sequence[Net], cell: str) -> list[Net]:
    return [replace(net, cell=cell) for net in nets]
