"""The nine experiments, and six small shapes, as workloads: a model, data, a schedule of updates.

Legend: Q sequences, N samples of a sequence, B batch, T time steps, F features, H units, O outputs,
U updates = Q N / B.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell.experiments import EXPERIMENTS
from echocell.tasks import alphabet, echo, lag, memory
from echocell.tasks.airline import airline

Array = NDArray[np.float32]

# Batch, steps, features, units, classes.
SHAPES = [
    (1, 5, 10, 25, 10),
    (1, 1, 100, 15, 100),
    (1, 1, 5, 20, 5),
    (1, 3, 1, 32, 26),
    (5, 5, 100, 50, 100),
    (6, 1, 100, 50, 100),
]


class Rhythm(Enum):
    """The way in which a script calls fit."""

    FRESH = "all samples are fresh: one call over all of them"
    RESET = "the state is reset after each sequence: one call per sequence"
    EPOCHS = "the same samples again and again: one call of many epochs"


@dataclass(frozen=True)
class Workload:
    """LSTM(units), Dense(O, activation), Adam as in Keras; float32; without shuffling.

    Attributes:
        updates: of the whole experiment.
        sequence: draws one sequence, x [N, T, F], y [N, O], where B divides N. With the rhythm
            RESET the state is carried through a sequence; otherwise every batch starts with zeros.
    """

    name: str
    units: int
    activation: str
    loss: str
    batch: int
    rhythm: Rhythm
    updates: int
    sequence: Callable[[np.random.Generator], tuple[Any, Any]]

    @property
    def numbers(self) -> int:
        """The number of elements in the x of one update."""
        x, _ = self.sequence(np.random.default_rng(0))
        return int(x[0].size) * self.batch

    @property
    def stateful(self) -> bool:
        return self.rhythm is Rhythm.RESET

    def draw(self, updates: int, rng: np.random.Generator) -> Block:
        """Draws data for at least `updates` updates, in whole sequences."""
        samples = len(self.sequence(np.random.default_rng(0))[0])
        drawn = [self.sequence(rng) for _ in range(math.ceil(updates * self.batch / samples))]
        x, y = (np.stack(arrays).astype(np.float32) for arrays in zip(*drawn, strict=True))
        return Block(self, x, y)

    def weights(self, rng: np.random.Generator) -> list[Array]:
        """Draws weights. LSTM: kernel (F, 4H), recurrent_kernel (H, 4H), bias (4H); Dense: kernel
        (H, O), bias (O). Kernels are Glorot-uniform; biases are 0, that of the forget gate is 1.
        """
        x, y = self.sequence(rng)
        features, outputs, units = x.shape[-1], y.shape[-1], self.units
        bias = np.zeros(4 * units, np.float32)
        bias[units : 2 * units] = 1.0
        return [
            glorot(rng, features, 4 * units),
            glorot(rng, units, 4 * units),
            bias,
            glorot(rng, units, outputs),
            np.zeros(outputs, np.float32),
        ]

    def activate(self, logits: Array) -> Array:
        """Applies the output activation to logits [B, O]."""
        if self.activation == "softmax":
            powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
        if self.activation == "sigmoid":
            return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits))
        return logits

    def mean_loss(self, predicted: Array, expected: Array) -> float:
        """Returns the loss of outputs [S, O], in float64, averaged over the samples."""
        p, y = predicted.astype(np.float64), expected.astype(np.float64)
        if self.loss == "categorical_crossentropy":
            return float(-(y * np.log(p)).sum(axis=-1).mean())
        if self.loss == "binary_crossentropy":
            return float(-(y * np.log(p) + (1.0 - y) * np.log1p(-p)).mean())
        return float(np.square(p - y).mean())


@dataclass(frozen=True)
class Block:
    """Data for some updates: x [Q, N, T, F], y [Q, N, O]."""

    workload: Workload
    x: Array
    y: Array

    @property
    def updates(self) -> int:
        return int(self.x.shape[0] * self.x.shape[1]) // self.workload.batch

    def calls(self) -> list[tuple[Array, Array, int]]:
        """Returns the calls of fit: x [samples, T, F], y [samples, O], epochs."""
        if self.workload.rhythm is Rhythm.FRESH:
            return [(np.concatenate(self.x), np.concatenate(self.y), 1)]
        if self.workload.rhythm is Rhythm.EPOCHS:
            return [(self.x[0], self.y[0], len(self.x))]
        return [(x, y, 1) for x, y in zip(self.x, self.y, strict=True)]

    def batches(self) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Returns x [U, B, T, F], y [U, B, O], and [U]: whether the batch starts with a state of
        zeros.
        """
        batch, updates = self.workload.batch, self.updates
        fresh = np.ones(updates, np.bool_)
        if self.workload.stateful:
            fresh = np.arange(updates) % (self.x.shape[1] // batch) == 0
        x = self.x.reshape(updates, batch, *self.x.shape[2:])
        return x, self.y.reshape(updates, batch, *self.y.shape[2:]), fresh


def glorot(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform in ±sqrt(6 / (rows + columns))."""
    limit = np.sqrt(6.0 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)


def shapes() -> Iterator[Workload]:
    """Yields the six small shapes, with random inputs, one-hot if there are several features."""
    for batch, steps, features, units, classes in SHAPES:

        def draw(
            rng: np.random.Generator,
            size: tuple[int, int] = (batch, steps),
            features: int = features,
            classes: int = classes,
        ) -> tuple[Any, Any]:
            x = rng.uniform(0.0, 1.0, (*size, 1))
            if features > 1:
                x = np.eye(features)[rng.integers(features, size=size)]
            return x, np.eye(classes)[rng.integers(classes, size=size[0])]

        name = f"({batch}, {steps}, {features}, {units}, {classes})"
        rest: dict[str, Any] = {"updates": 10_000, "sequence": draw}
        yield classifier(name, units, batch=batch, rhythm=Rhythm.FRESH, **rest)


def workloads() -> Iterator[Workload]:
    """Yields the experiments in the order of `echocell list`."""
    settings = {name: experiment.settings for name, experiment in EXPERIMENTS.items()}
    yield from echo_workloads(settings["echo"], settings["echo-current"])
    yield from lag_workloads(settings["echo-lag-stateful"], settings["echo-lag-window"])
    yield memory_workload(settings["memory"])
    yield from alphabet_workloads(settings)
    yield airline_workload(settings["airline"])


def classifier(name: str, units: int, **rest: Any) -> Workload:
    """Returns a workload with one class out of O as target."""
    return Workload(name, units, "softmax", "categorical_crossentropy", **rest)


def echo_workloads(s: Any, current: Any) -> Iterator[Workload]:
    yield classifier(
        "echo",
        s.units,
        batch=1,
        rhythm=Rhythm.FRESH,
        updates=s.updates,
        sequence=lambda rng: echo.generate_example(s.length, s.n_values, s.out_index, rng),
    )
    yield classifier(
        "echo-current",
        current.units,
        batch=1,
        rhythm=Rhythm.FRESH,
        updates=current.sequences * current.length,
        sequence=lambda rng: echo.generate_current_example(current.length, current.n_values, rng),
    )


def lag_workloads(s: Any, window: Any) -> Iterator[Workload]:
    yield classifier(
        "echo-lag-stateful",
        s.units,
        batch=s.batch,
        rhythm=Rhythm.RESET,
        updates=s.sequences * (s.length - 1) // s.batch,
        sequence=lambda rng: lag.generate_pairs(s.length, s.n_values, rng),
    )
    yield classifier(
        "echo-lag-window",
        window.units,
        batch=window.batch,
        rhythm=Rhythm.RESET,
        updates=window.sequences * (window.length - window.steps) // window.batch,
        sequence=lambda rng: lag.generate_windows(
            window.length, window.n_values, window.steps, rng
        ),
    )


def memory_workload(s: Any) -> Workload:
    pairs = [memory.to_pairs(sequence) for sequence in memory.SEQUENCES]
    return Workload(
        "memory",
        s.units,
        "sigmoid",
        "binary_crossentropy",
        batch=1,
        rhythm=Rhythm.RESET,
        updates=s.epochs * sum(len(x) for x, _ in pairs),
        sequence=lambda rng: pairs[rng.integers(len(pairs))],
    )


def alphabet_workloads(settings: dict[str, Any]) -> Iterator[Workload]:
    forms = {
        "alphabet-letter": alphabet.as_features,
        "alphabet-window": alphabet.as_features,
        "alphabet-steps": alphabet.as_steps,
    }
    for name, given in forms.items():
        s = settings[name]
        windows, answers = alphabet.generate_windows(s.letters)
        sample = given(windows), alphabet.one_hot_encode(answers, len(alphabet.ALPHABET))
        yield repeated(classifier, name, s.units, sample, s.epochs)


def airline_workload(s: Any) -> Workload:
    """Returns the workload with the first of the three look-backs."""
    part = airline(s.look_back[0], s.share).train
    sample = part.windows[:, np.newaxis, :], part.targets[:, np.newaxis]

    def regression(name: str, units: int, **rest: Any) -> Workload:
        return Workload(name, units, "linear", "mean_squared_error", **rest)

    return repeated(regression, "airline", s.units, sample, s.epochs)


def repeated(
    make: Callable[..., Workload], name: str, units: int, sample: tuple[Any, Any], epochs: int
) -> Workload:
    """Returns the same samples (x, y) for every epoch, one update each."""
    return make(
        name,
        units,
        batch=1,
        rhythm=Rhythm.EPOCHS,
        updates=epochs * len(sample[0]),
        sequence=lambda rng: sample,
    )
