"""The layers and losses of echocell in float64 NumPy, close to their equations.

It imports nothing of echocell and favours clarity over speed: every gate is one line, and every
derivative is next to the line that it belongs to. test_reference.py checks the derivatives by
finite differences; the C++ core is compared with this file.

Legend: B batch, T time steps, F features, H units. Arrays are batch-major, [B, T, F].

Masks, as in Keras (keras/src/backend/tensorflow/rnn.py and torch/rnn.py, `_step` with a mask): a
step where the mask is False is skipped. The row keeps its states and repeats its last output.
Before the first valid step the repeated output is zeros, while the states are the initial states.
(Keras's JAX backend repeats the initial h there; both agree if the initial state is zero.) With
`go_backwards` inputs and mask are read from the last step to the first, and the outputs are in the
order of processing, not flipped back. The last output is that of the last processed step, so it is
zeros for a row without valid steps.

Dropout, as in Keras: one mask per row of the batch, the same at every time step. A mask of
`dropout` multiplies x, a mask of `recurrent_dropout` multiplies h before its product with the
recurrent kernel. Masks are [B, width], or [blocks, B, width] if every gate has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from support.reference_cells import GRU, LSTM, Cell, Drops, SimpleRNN, Weights, block
from support.reference_functions import (
    FUNCTIONS,
    Array,
    activate,
    activate_backward,
    huber,
    mean_absolute_error,
    mean_squared_error,
    sigmoid,
    sigmoid_cross_entropy,
    smooth_labels,
    softmax,
    softmax_cross_entropy,
    weighted_mean,
)

__all__ = [
    "FUNCTIONS",
    "GRU",
    "LSTM",
    "MERGES",
    "Array",
    "BidirectionalRun",
    "Cell",
    "Drops",
    "Gradients",
    "Run",
    "SimpleRNN",
    "Weights",
    "activate",
    "activate_backward",
    "at_last_step",
    "backward",
    "bidirectional",
    "bidirectional_backward",
    "block",
    "dense",
    "dense_backward",
    "forward",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "merge_backward",
    "sigmoid",
    "sigmoid_cross_entropy",
    "smooth_labels",
    "softmax",
    "softmax_cross_entropy",
    "weighted_mean",
]


@dataclass
class Run:
    """The result of forward(): outputs, states, and the records that backward() needs."""

    cell: Cell
    weights: Weights
    mask: Array  # [B, T] bool, in the order of processing
    drops: Drops
    go_backwards: bool
    outputs: Array  # [B, T, H], in the order of processing
    states: list[Array]  # final, [B, H] each
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last_output(self) -> Array:
        return self.outputs[:, -1]

    def over_time(self, name: str) -> Array:
        """Returns the values of all steps recorded under this name, [B, T, H], in processing
        order.
        """
        return np.stack([record[name] for record in self.records], axis=1)


def forward(
    cell: Cell,
    weights: Weights,
    x: Array,
    mask: Array | None = None,
    initial_state: list[Array] | None = None,
    go_backwards: bool = False,
    drops: Drops | None = None,
) -> Run:
    """Runs the cell over x [B, T, F]. mask [B, T]; initial_state: one [B, H] per state."""
    batch, steps, _ = x.shape
    drops = drops or Drops()
    valid = np.ones((batch, steps), bool) if mask is None else np.asarray(mask, bool)
    if go_backwards:
        x, valid = x[:, ::-1], valid[:, ::-1]
    zeros = np.zeros((batch, cell.units))
    states = [zeros] * cell.state_count if initial_state is None else list(initial_state)
    output = zeros
    run = Run(cell, weights, valid, drops, go_backwards, np.empty((batch, steps, cell.units)), [])
    for t in range(steps):
        taken = valid[:, t, None]
        new_states, record = cell.step(weights, x[:, t], states, drops)
        output = np.where(taken, new_states[0], output)
        states = [np.where(taken, new, old) for new, old in zip(new_states, states, strict=True)]
        run.outputs[:, t] = output
        run.records.append(record)
    run.states = states
    return run


@dataclass
class Gradients:
    weights: Weights
    x: Array  # [B, T, F], in the order of time
    initial_state: list[Array]


def backward(
    run: Run, doutputs: Array | None = None, dstates: list[Array] | None = None
) -> Gradients:
    """Runs backward. doutputs [B, T, H] in processing order, dstates of the final states; None:
    0.
    """
    cell, steps = run.cell, len(run.records)
    grads = {name: np.zeros_like(value) for name, value in run.weights.items()}
    dstates = list(dstates) if dstates is not None else [np.zeros_like(s) for s in run.states]
    doutputs = np.zeros_like(run.outputs) if doutputs is None else doutputs
    dx: list[Array] = [np.empty(0)] * steps
    doutput = np.zeros_like(run.outputs[:, 0])  # of the output that later steps repeated
    for t in reversed(range(steps)):
        taken = run.mask[:, t, None]
        doutput = doutput + doutputs[:, t]
        dnew = [np.where(taken, d, 0.0) for d in dstates]
        dnew[0] = dnew[0] + np.where(taken, doutput, 0.0)
        dx[t], dold = cell.step_backward(run.weights, run.records[t], dnew, run.drops, grads)
        dstates = [old + np.where(taken, 0.0, d) for old, d in zip(dold, dstates, strict=True)]
        doutput = np.where(taken, 0.0, doutput)
    dxs = np.stack(dx, axis=1)
    return Gradients(grads, dxs[:, ::-1] if run.go_backwards else dxs, dstates)


# -------------------------------------------------------------------------------- Bidirectional

MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2.0,
}


def merge_backward(mode: str, a: Array, b: Array, dy: Array) -> tuple[Array, Array]:
    if mode == "concat":
        return dy[..., : a.shape[-1]], dy[..., a.shape[-1] :]
    if mode == "mul":
        return dy * b, dy * a
    return (dy, dy) if mode == "sum" else (dy / 2.0, dy / 2.0)


@dataclass
class BidirectionalRun:
    runs: tuple[Run, Run]
    merge_mode: str
    return_sequences: bool
    sides: tuple[Array, Array]  # what is merged
    output: Array


def bidirectional(
    cells: tuple[Cell, Cell],
    weights: tuple[Weights, Weights],
    x: Array,
    mask: Array | None = None,
    merge_mode: str = "concat",
    return_sequences: bool = True,
    initial_state: list[Array] | None = None,
) -> BidirectionalRun:
    """Runs both directions over x; the backward sequence is flipped into the order of time.

    Unlike a single recurrent layer, it returns zeros at masked steps of a sequence (Keras sets
    zero_output_for_mask in both).
    """
    count = cells[0].state_count
    first = initial_state[:count] if initial_state else None
    second = initial_state[count:] if initial_state else None
    ahead = forward(cells[0], weights[0], x, mask, first)
    back = forward(cells[1], weights[1], x, mask, second, go_backwards=True)
    if return_sequences:
        taken = ahead.mask[..., None]
        sides = np.where(taken, ahead.outputs, 0.0), np.where(taken, back.outputs[:, ::-1], 0.0)
    else:
        sides = ahead.last_output, back.last_output
    output = MERGES[merge_mode](*sides)
    return BidirectionalRun((ahead, back), merge_mode, return_sequences, sides, output)


def bidirectional_backward(run: BidirectionalRun, dy: Array) -> tuple[Gradients, Gradients, Array]:
    """Returns the gradients of both directions, and dL/dx [B, T, F]."""
    da, db = merge_backward(run.merge_mode, *run.sides, dy)
    if run.return_sequences:
        taken = run.runs[0].mask[..., None]
        da, db = np.where(taken, da, 0.0), np.where(taken, db, 0.0)[:, ::-1]
    else:
        da, db = at_last_step(run.runs[0], da), at_last_step(run.runs[1], db)
    ahead, back = backward(run.runs[0], da), backward(run.runs[1], db)
    return ahead, back, ahead.x + back.x


def at_last_step(run: Run, dlast: Array) -> Array:
    """Returns doutputs for a loss of the last output only."""
    doutputs = np.zeros_like(run.outputs)
    doutputs[:, -1] = dlast
    return doutputs


# ---------------------------------------------------------------------------------------- Dense


def dense(x: Array, weights: Weights, activation: str = "linear") -> tuple[Array, Array]:
    """Returns y = f(x W + b) over the last axis of x, and z = x W + b."""
    z = x @ weights["kernel"]
    if "bias" in weights:
        z = z + weights["bias"]
    return activate(activation, z), z


def dense_backward(
    x: Array, weights: Weights, activation: str, z: Array, dy: Array
) -> tuple[Weights, Array]:
    """Returns the gradients of the weights, and dL/dx."""
    dz = activate_backward(activation, z, dy)
    axes = tuple(range(x.ndim - 1))
    grads = {"kernel": np.tensordot(x, dz, axes=(axes, axes))}
    if "bias" in weights:
        grads["bias"] = dz.sum(axis=axes)
    return grads, dz @ weights["kernel"].T
