"""The compared libraries, behind a common interface.

Legend: B batch, T time steps, F features, H units, O outputs, U updates.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from bench.compare.workloads import Array, Block, Workload

# Adam's settings, Keras's defaults.
RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


class Peer(Protocol):
    """A library; an instance is one model of it."""

    label: ClassVar[str]

    @classmethod
    def load(cls) -> str:
        """Imports the library and returns its version. Raises ImportError."""

    def __init__(self, workload: Workload, weights: list[Array]) -> None: ...

    def prepare(self, block: Block) -> Any:
        """Returns the data in the form that train() takes; not timed."""

    def train(self, prepared: Any) -> None:
        """Runs all updates of the block to completion. The first call may compile."""

    def predict(self, x: Array) -> Array:
        """Returns the outputs [B, O] for x [B, T, F], from a state of zeros; no state is kept."""


class Keras:
    """Keras on JAX, with fit called as in the script of the experiment."""

    label: ClassVar[str] = "Keras fit"
    package: ClassVar[str] = "keras"

    @classmethod
    def load(cls) -> str:
        os.environ.setdefault("KERAS_BACKEND", "jax")
        return str(importlib.import_module(cls.package).__version__)

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        models = importlib.import_module(f"{self.package}.models")
        layers = importlib.import_module(f"{self.package}.layers")
        x, y = workload.sequence(np.random.default_rng(0))
        self.workload = workload
        self.lstm = layers.LSTM(workload.units, stateful=workload.stateful)
        self.model = models.Sequential(
            [
                layers.Input(batch_shape=(workload.batch, *x.shape[1:])),
                self.lstm,
                layers.Dense(y.shape[-1], activation=workload.activation),
            ]
        )
        self.model.compile(loss=workload.loss, optimizer="adam")
        self.model.set_weights(weights)

    def prepare(self, block: Block) -> Any:
        return block.calls()

    def train(self, prepared: Any) -> None:
        for x, y, epochs in prepared:
            self.model.fit(
                x, y, batch_size=self.workload.batch, epochs=epochs, shuffle=False, verbose=0
            )
            self.reset()

    def predict(self, x: Array) -> Array:
        outputs = np.asarray(self.model.predict_on_batch(x))
        self.reset()
        return outputs

    def reset(self) -> None:
        if self.workload.stateful:
            self.lstm.reset_states()


class KerasBatches(Keras):
    """Keras without the overhead of fit: one train_on_batch per update."""

    label = "Keras train_on_batch"

    def prepare(self, block: Block) -> Any:
        x, y, fresh = block.batches()
        return list(zip(x, y, fresh, strict=True))

    def train(self, prepared: Any) -> None:
        for x, y, fresh in prepared:
            if fresh:
                self.reset()
            self.model.train_on_batch(x, y)
        self.reset()


class Echocell(Keras):
    """The same script on echocell."""

    label = "echocell"
    package = "echocell"


class PyTorch:
    """torch.nn.LSTM, eager; the fused Adam."""

    label: ClassVar[str] = "PyTorch"
    torch: ClassVar[Any]

    @classmethod
    def load(cls) -> str:
        cls.torch = importlib.import_module("torch")
        return str(cls.torch.__version__)

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        nn = self.torch.nn
        kernel, recurrent, bias, dense_kernel, dense_bias = weights
        self.workload = workload
        self.lstm = nn.LSTM(kernel.shape[0], workload.units, batch_first=True)
        self.dense = nn.Linear(*dense_kernel.shape)
        self.loss = getattr(
            nn.functional,
            {
                "categorical_crossentropy": "cross_entropy",
                "binary_crossentropy": "binary_cross_entropy_with_logits",
                "mean_squared_error": "mse_loss",
            }[workload.loss],
        )
        # PyTorch adds two biases; the second stays zero, or Adam would update their sum twice.
        self.lstm.bias_hh_l0.requires_grad_(False)
        values = {
            self.lstm.weight_ih_l0: kernel.T,
            self.lstm.weight_hh_l0: recurrent.T,
            self.lstm.bias_ih_l0: bias,
            self.lstm.bias_hh_l0: np.zeros_like(bias),
            self.dense.weight: dense_kernel.T,
            self.dense.bias: dense_bias,
        }
        with self.torch.no_grad():
            for parameter, value in values.items():
                parameter.copy_(self.torch.from_numpy(np.ascontiguousarray(value)))
        self.optimizer = self.torch.optim.Adam(
            [parameter for parameter in values if parameter.requires_grad],
            lr=RATE,
            betas=(BETA_1, BETA_2),
            fused=True,
        )
        self.count = 0

    def prepare(self, block: Block) -> Any:
        x, y, fresh = block.batches()
        return list(
            zip(self.torch.from_numpy(x), self.torch.from_numpy(y), fresh.tolist(), strict=True)
        )

    def train(self, prepared: Any) -> None:
        state = None
        for x, y, fresh in prepared:
            output, (h, c) = self.lstm(x, None if fresh else state)
            loss = self.loss(self.dense(output[:, -1]), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.step()
            if self.workload.stateful:
                state = (h.detach(), c.detach())

    def step(self) -> None:
        """Runs Adam as in Keras, which adds epsilon before the bias correction of the second
        moment.

        PyTorch adds it afterwards.
        """
        self.count += 1
        self.optimizer.param_groups[0]["eps"] = EPSILON / math.sqrt(1.0 - BETA_2**self.count)
        self.optimizer.step()

    def predict(self, x: Array) -> Array:
        with self.torch.no_grad():
            logits = self.dense(self.lstm(self.torch.from_numpy(x))[0][:, -1])
        return self.workload.activate(logits.numpy())


class Jax:
    """JAX: all updates of a block in one compiled loop; compile time is not counted."""

    label: ClassVar[str] = "JAX jit"
    jax: ClassVar[Any]

    @classmethod
    def load(cls) -> str:
        cls.jax = importlib.import_module("jax")
        return str(cls.jax.__version__)

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        np_ = self.jax.numpy
        self.workload = workload
        parameters = [np_.asarray(value) for value in weights]
        zeros = [np_.zeros_like(value) for value in parameters]
        self.learned = (parameters, zeros, zeros, np_.zeros((), np_.float32))
        self.run = self.jax.jit(self.loop)
        self.logits = self.jax.jit(lambda p, x: self.forward(p, x, self.zero_state())[0])

    def prepare(self, block: Block) -> Any:
        return [self.jax.numpy.asarray(array) for array in block.batches()]

    def train(self, prepared: Any) -> None:
        self.learned = self.jax.block_until_ready(self.run(self.learned, *prepared))

    def predict(self, x: Array) -> Array:
        return self.workload.activate(np.asarray(self.logits(self.learned[0], x)))

    # ---- traced once per shape

    def zero_state(self) -> Any:
        zero = self.jax.numpy.zeros((self.workload.batch, self.workload.units))
        return zero, zero

    def forward(self, parameters: Any, x: Any, state: Any) -> Any:
        """Returns the logits [B, O] and the last state for x [B, T, F]."""
        kernel, recurrent, bias, dense_kernel, dense_bias = parameters
        sigmoid, tanh, split = self.jax.nn.sigmoid, self.jax.numpy.tanh, self.jax.numpy.split

        def step(state: Any, z: Any) -> Any:
            h, c = state
            i, f, g, o = split(z + h @ recurrent, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            return (sigmoid(o) * tanh(c), c), None

        z = (x @ kernel + bias).swapaxes(0, 1)
        state, _ = self.jax.lax.scan(step, state, z, unroll=True)
        return state[0] @ dense_kernel + dense_bias, state

    def loss(self, parameters: Any, x: Any, y: Any, state: Any) -> Any:
        np_, nn = self.jax.numpy, self.jax.nn
        logits, state = self.forward(parameters, x, state)
        if self.workload.loss == "categorical_crossentropy":
            loss = -(y * nn.log_softmax(logits)).sum(axis=-1).mean()
        elif self.workload.loss == "binary_crossentropy":
            loss = (nn.softplus(logits) - y * logits).mean()
        else:
            loss = np_.square(logits - y).mean()
        return loss, state

    def loop(self, learned: Any, xs: Any, ys: Any, fresh: Any) -> Any:
        jax = self.jax
        gradient = jax.grad(self.loss, has_aux=True)

        def update(carry: Any, batch: Any) -> Any:
            (parameters, m, v, count), state = carry
            x, y, is_fresh = batch
            state = jax.tree.map(lambda s: jax.numpy.where(is_fresh, 0.0, s), state)
            gradients, state = gradient(parameters, x, y, state)
            return (adam(jax.numpy, parameters, gradients, m, v, count + 1), state), None

        (learned, _), _ = jax.lax.scan(update, (learned, self.zero_state()), (xs, ys, fresh))
        return learned


class Reference:
    """The reference: tests/support/reference.py in float64. It checks answers and is not timed."""

    label: ClassVar[str] = "reference"
    reference: ClassVar[Any]

    @classmethod
    def load(cls) -> str:
        sys.path.append(str(Path(__file__).parents[2] / "tests"))
        cls.reference = importlib.import_module("support.reference")
        return f"NumPy {np.__version__}"

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        self.workload = workload
        self.cell = self.reference.LSTM(workload.units)
        parameters = [value.astype(np.float64) for value in weights]
        zeros = [np.zeros_like(value) for value in parameters]
        self.learned: Any = (parameters, zeros, zeros, 0)

    def prepare(self, block: Block) -> Any:
        return list(zip(*block.batches(), strict=True))

    def train(self, prepared: Any) -> None:
        state = None
        for x, y, fresh in prepared:
            state = self.update(x, y, None if fresh else state)

    def predict(self, x: Array) -> Array:
        return self.workload.activate(self.forward(x, None)[-1])

    def forward(self, x: Array, state: Any) -> Any:
        """Returns the run of the LSTM, the weights of the Dense layer, the logits [B, O]."""
        kernel, recurrent, bias, dense_kernel, dense_bias = self.learned[0]
        lstm = {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}
        dense = {"kernel": dense_kernel, "bias": dense_bias}
        run = self.reference.forward(self.cell, lstm, x.astype(np.float64), initial_state=state)
        return run, dense, self.reference.dense(run.last_output, dense)[0]

    def update(self, x: Array, y: Array, state: Any) -> Any:
        r = self.reference
        loss = {
            "categorical_crossentropy": r.softmax_cross_entropy,
            "binary_crossentropy": r.sigmoid_cross_entropy,
            "mean_squared_error": r.mean_squared_error,
        }[self.workload.loss]
        run, dense, logits = self.forward(x, state)
        losses, slope = loss(y.astype(np.float64), logits)
        _, scale = r.weighted_mean(losses)
        outer, dh = r.dense_backward(
            run.last_output, dense, "linear", logits, slope * scale[:, np.newaxis]
        )
        inner = r.backward(run, r.at_last_step(run, dh)).weights
        gradients = [*(inner[k] for k in ("kernel", "recurrent_kernel", "bias"))]
        gradients += [outer["kernel"], outer["bias"]]
        parameters, m, v, count = self.learned
        self.learned = adam(np, parameters, gradients, m, v, count + 1)
        return run.states


def adam(np_: Any, parameters: Any, gradients: Any, m: Any, v: Any, count: Any) -> Any:
    """Runs update number `count` (from 1) as in Keras; np_ is numpy or jax.numpy.

    Returns:
        The new parameters, m and v, each a list like `parameters`, and count.
    """
    m = [BETA_1 * a + (1 - BETA_1) * g for a, g in zip(m, gradients, strict=True)]
    v = [BETA_2 * a + (1 - BETA_2) * g * g for a, g in zip(v, gradients, strict=True)]
    rate = RATE * np_.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    moved = [
        p - rate * a / (np_.sqrt(b) + EPSILON) for p, a, b in zip(parameters, m, v, strict=True)
    ]
    return moved, m, v, count


PEERS: dict[str, type[Peer]] = {
    "echocell": Echocell,
    "torch": PyTorch,
    "keras": Keras,
    "keras-batches": KerasBatches,
    "jax": Jax,
}
