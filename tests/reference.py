"""The layers and losses of echocell in float64 NumPy, in the plain language of the equations.

It imports nothing of echocell and is slow on purpose: every gate is one line, every derivative
stands beside the line it comes from. test_reference.py proves the derivatives by finite
differences; the C++ core is then held against this file.

Letters: B batch, T time steps, F features, H units. Arrays are batch-major, [B, T, F].

Masks, as Keras has them (keras/src/backend/tensorflow/rnn.py and torch/rnn.py, `_step` with a
mask). A step where the mask is False is not taken: the row keeps its states and repeats its last
output. Before the first step that is taken the repeated output is zeros, while the states stay
the initial states. (Keras's JAX backend repeats the initial h there; the two agree wherever the
initial state is zero.) With `go_backwards` inputs and mask are read from the last step to the
first, and the outputs come in the order of processing, not flipped back. The last output is the
output after the last step that was processed, so for a wholly masked row it is zeros.

Dropout, as Keras has it: one mask per row of the batch, the same at every time step. A mask of
`dropout` multiplies x, a mask of `recurrent_dropout` multiplies h before its product with the
recurrent kernel; either is [B, width], or [blocks, B, width] where every gate has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray
Weights = dict[str, Array]

# ---------------------------------------------------------------------------------- activations


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), written so that no z overflows."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def softmax(z: Array) -> Array:
    """exp(z) / sum(exp(z)) over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


FUNCTIONS = {
    "linear": lambda z: z,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda z: np.clip(z / 6.0 + 0.5, 0.0, 1.0),
    "relu": lambda z: np.maximum(z, 0.0),
    "softsign": lambda z: z / (1.0 + np.abs(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
    "softplus": lambda z: np.logaddexp(0.0, z),
    "bipolar_sigmoid": lambda z: 2.0 * sigmoid(z) - 1.0,
    "bipolar_sigmoid_2": lambda z: 4.0 * sigmoid(z) - 2.0,
}
DERIVATIVES = {
    "linear": np.ones_like,
    "tanh": lambda z: 1.0 - np.tanh(z) ** 2,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "hard_sigmoid": lambda z: np.where(np.abs(z) < 3.0, 1.0 / 6.0, 0.0),
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "softsign": lambda z: 1.0 / (1.0 + np.abs(z)) ** 2,
    "elu": lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
    "softplus": sigmoid,
    "bipolar_sigmoid": lambda z: 2.0 * sigmoid(z) * sigmoid(-z),
    "bipolar_sigmoid_2": lambda z: 4.0 * sigmoid(z) * sigmoid(-z),
}


def activate(name: str, z: Array) -> Array:
    """f(z); softmax goes over the last axis, the others number by number."""
    return softmax(z) if name == "softmax" else FUNCTIONS[name](z)


def activate_backward(name: str, z: Array, dy: Array) -> Array:
    """dL/dz from dL/dy, y = f(z)."""
    if name == "softmax":
        y = softmax(z)
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dy * DERIVATIVES[name](z)


# ---------------------------------------------------------------------------------------- cells
#
# A cell knows one time step: step() and step_backward(). A record is what the step leaves for its
# backward half. The weights of the gates stand side by side in the kernels, one block of H columns
# each: block k of W is W[:, k H : (k + 1) H].


def block(array: Array, k: int, units: int) -> Array:
    """Block k of the last axis."""
    return array[..., k * units : (k + 1) * units]


def drop(value: Array, mask: Array | None, k: int) -> Array:
    """Value as block k sees it."""
    if mask is None:
        return value
    return value * (mask[k] if mask.ndim == 3 else mask)


@dataclass
class Drops:
    """Dropout masks of one batch: [B, width], [blocks, B, width], or None for no dropout."""

    x: Array | None = None  # width F
    h: Array | None = None  # width H


@dataclass(frozen=True)
class LSTM:
    """The LSTM cell with every part that can be switched off.

    i = s(x Wi + h Ri + pi c  + bi)     f = s(x Wf + h Rf + pf c + bf)
    g = a(x Wc + h Rc + bc)             c' = f c + i g
    o = s(x Wo + h Ro + po c' + bo)     h' = o a(c')

    A gate that is not in `gates` is 1 and has no weights; with `coupled`, f = 1 - i and has no
    weights. Blocks of kernel [F, .], recurrent_kernel [H, .] and bias [.]: those of i, f, c, o that
    have weights, in this order. peephole_kernel [gates with weights, H]: in the order i, f, o.
    """

    units: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    use_bias: bool = True
    peephole: bool = False
    gates: str = "ifo"
    coupled: bool = False
    state_count = 2  # h, c

    @property
    def blocks(self) -> str:
        gates = self.gates.replace("f", "") if self.coupled else self.gates
        return "".join(name for name in "ifco" if name == "c" or name in gates)

    @property
    def peepholes(self) -> str:
        return self.blocks.replace("c", "")

    def shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        width = len(self.blocks) * self.units
        shapes: dict[str, tuple[int, ...]] = {
            "kernel": (features, width),
            "recurrent_kernel": (self.units, width),
        }
        if self.use_bias:
            shapes["bias"] = (width,)
        if self.peephole and self.peepholes:
            shapes["peephole_kernel"] = (len(self.peepholes), self.units)
        return shapes

    def _project(self, weights: Weights, name: str, x: Array, h: Array, drops: Drops) -> Array:
        """X W + h R + b of one block."""
        k = self.blocks.index(name)
        z = drop(x, drops.x, k) @ block(weights["kernel"], k, self.units)
        z = z + drop(h, drops.h, k) @ block(weights["recurrent_kernel"], k, self.units)
        return z + block(weights["bias"], k, self.units) if self.use_bias else z

    def _peephole(self, weights: Weights, name: str) -> Array:
        if not self.peephole:
            return np.zeros(self.units)
        return weights["peephole_kernel"][self.peepholes.index(name)]

    def step(
        self, weights: Weights, x: Array, states: list[Array], drops: Drops
    ) -> tuple[list[Array], dict[str, Any]]:
        h, c = states
        s, a = self.recurrent_activation, self.activation
        z: dict[str, Array] = {}
        one = np.ones_like(c)

        i = f = o = one
        if "i" in self.blocks:
            z["i"] = self._project(weights, "i", x, h, drops) + self._peephole(weights, "i") * c
            i = activate(s, z["i"])
        if "f" in self.blocks:
            z["f"] = self._project(weights, "f", x, h, drops) + self._peephole(weights, "f") * c
            f = activate(s, z["f"])
        if self.coupled:
            f = 1.0 - i
        z["c"] = self._project(weights, "c", x, h, drops)
        g = activate(a, z["c"])
        c_new = f * c + i * g
        if "o" in self.blocks:
            z["o"] = self._project(weights, "o", x, h, drops) + self._peephole(weights, "o") * c_new
            o = activate(s, z["o"])
        h_new = o * activate(a, c_new)
        record = {
            "x": x,
            "h": h,
            "c": c,
            "z": z,
            "i": i,
            "f": f,
            "g": g,
            "o": o,
            "c_new": c_new,
            "h_new": h_new,
        }
        return [h_new, c_new], record

    def step_backward(
        self,
        weights: Weights,
        r: dict[str, Any],
        dstates: list[Array],
        drops: Drops,
        grads: Weights,
    ) -> tuple[Array, list[Array]]:
        dh_new, dc_new = dstates
        s, a = self.recurrent_activation, self.activation
        z, c, c_new = r["z"], r["c"], r["c_new"]
        dz: dict[str, Array] = {}

        # h' = o a(c')
        do = dh_new * activate(a, c_new)
        dc_new = dc_new + activate_backward(a, c_new, dh_new * r["o"])
        if "o" in self.blocks:
            dz["o"] = activate_backward(s, z["o"], do)
            dc_new = dc_new + dz["o"] * self._peephole(weights, "o")
        # c' = f c + i g
        df, di, dg, dc = dc_new * c, dc_new * r["g"], dc_new * r["i"], dc_new * r["f"]
        dz["c"] = activate_backward(a, z["c"], dg)
        if self.coupled:  # f = 1 - i
            di = di - df
        if "f" in self.blocks:
            dz["f"] = activate_backward(s, z["f"], df)
            dc = dc + dz["f"] * self._peephole(weights, "f")
        if "i" in self.blocks:
            dz["i"] = activate_backward(s, z["i"], di)
            dc = dc + dz["i"] * self._peephole(weights, "i")

        if self.peephole:
            for row, name in enumerate(self.peepholes):
                seen = c_new if name == "o" else c
                grads["peephole_kernel"][row] += (dz[name] * seen).sum(axis=0)
        dx, dh = np.zeros_like(r["x"]), np.zeros_like(r["h"])
        for k, name in enumerate(self.blocks):
            if self.use_bias:
                block(grads["bias"], k, self.units)[...] += dz[name].sum(axis=0)
            dx += product_backward(
                weights, grads, "kernel", k, self.units, r["x"], drops.x, dz[name]
            )
            dh += product_backward(
                weights, grads, "recurrent_kernel", k, self.units, r["h"], drops.h, dz[name]
            )
        return dx, [dh, dc]


def product_backward(
    weights: Weights,
    grads: Weights,
    name: str,
    k: int,
    units: int,
    value: Array,
    mask: Array | None,
    dz: Array,
) -> Array:
    """Of z = drop(value) W_k: adds dL/dW_k to grads[name], returns dL/dvalue."""
    block(grads[name], k, units)[...] += drop(value, mask, k).T @ dz
    return drop(dz @ block(weights[name], k, units).T, mask, k)


@dataclass(frozen=True)
class GRU:
    """The gated recurrent unit. Blocks z, r, h.

    z = s(x Wz + h Rz + bz)     r = s(x Wr + h Rr + br)
    reset_after:      g = a(x Wh + bh + r (h Rh + ch))     bias [2, 3H]: b (input), c (recurrent)
    not reset_after:  g = a(x Wh + bh + (r h) Rh)          bias [3H]
    h' = z h + (1 - z) g
    """

    units: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    use_bias: bool = True
    reset_after: bool = True
    state_count = 1  # h
    blocks = "zrh"

    def shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        width = 3 * self.units
        shapes: dict[str, tuple[int, ...]] = {
            "kernel": (features, width),
            "recurrent_kernel": (self.units, width),
        }
        if self.use_bias:
            shapes["bias"] = (2, width) if self.reset_after else (width,)
        return shapes

    def _bias(self, weights: Weights, k: int, recurrent: bool = False) -> Array:
        if not self.use_bias or (recurrent and not self.reset_after):
            return np.zeros(self.units)
        bias = weights["bias"]
        return block(bias[int(recurrent)] if self.reset_after else bias, k, self.units)

    def step(
        self, weights: Weights, x: Array, states: list[Array], drops: Drops
    ) -> tuple[list[Array], dict[str, Any]]:
        (h,) = states
        s, a = self.recurrent_activation, self.activation
        xw = [drop(x, drops.x, k) @ block(weights["kernel"], k, self.units) for k in range(3)]
        xw = [xw[k] + self._bias(weights, k) for k in range(3)]
        recurrent = [block(weights["recurrent_kernel"], k, self.units) for k in range(3)]

        zz = xw[0] + drop(h, drops.h, 0) @ recurrent[0] + self._bias(weights, 0, recurrent=True)
        zr = xw[1] + drop(h, drops.h, 1) @ recurrent[1] + self._bias(weights, 1, recurrent=True)
        z, r = activate(s, zz), activate(s, zr)
        if self.reset_after:
            inner = drop(h, drops.h, 2) @ recurrent[2] + self._bias(weights, 2, recurrent=True)
            zg = xw[2] + r * inner
        else:
            inner = r * drop(h, drops.h, 2)
            zg = xw[2] + inner @ recurrent[2]
        g = activate(a, zg)
        h_new = z * h + (1.0 - z) * g
        record = {
            "x": x,
            "h": h,
            "zz": zz,
            "zr": zr,
            "zg": zg,
            "z": z,
            "r": r,
            "g": g,
            "inner": inner,
            "h_new": h_new,
        }
        return [h_new], record

    def step_backward(
        self,
        weights: Weights,
        r: dict[str, Any],
        dstates: list[Array],
        drops: Drops,
        grads: Weights,
    ) -> tuple[Array, list[Array]]:
        (dh_new,) = dstates
        s, a = self.recurrent_activation, self.activation

        def back(name: str, k: int, dz: Array) -> Array:
            value, mask = (r["x"], drops.x) if name == "kernel" else (r["h"], drops.h)
            return product_backward(weights, grads, name, k, self.units, value, mask, dz)

        def add_bias(k: int, dz: Array, recurrent: bool = False) -> None:
            if self.use_bias and (self.reset_after or not recurrent):
                bias = grads["bias"]
                row = bias[int(recurrent)] if self.reset_after else bias
                block(row, k, self.units)[...] += dz.sum(axis=0)

        # h' = z h + (1 - z) g
        dh = dh_new * r["z"]
        dzz = activate_backward(s, r["zz"], dh_new * (r["h"] - r["g"]))
        dzg = activate_backward(a, r["zg"], dh_new * (1.0 - r["z"]))
        if self.reset_after:  # zg = x Wh + bh + r inner, inner = h Rh + ch
            dr = dzg * r["inner"]
            dinner = dzg * r["r"]
            dh = dh + back("recurrent_kernel", 2, dinner)
            add_bias(2, dinner, recurrent=True)
        else:  # zg = x Wh + bh + inner Rh, inner = r h
            recurrent = block(weights["recurrent_kernel"], 2, self.units)
            block(grads["recurrent_kernel"], 2, self.units)[...] += r["inner"].T @ dzg
            dinner = dzg @ recurrent.T
            dr = dinner * drop(r["h"], drops.h, 2)
            dh = dh + drop(dinner * r["r"], drops.h, 2)
        dzr = activate_backward(s, r["zr"], dr)

        dx = np.zeros_like(r["x"])
        for k, dz in enumerate((dzz, dzr, dzg)):
            dx += back("kernel", k, dz)
            add_bias(k, dz)
        for k, dz in enumerate((dzz, dzr)):
            dh = dh + back("recurrent_kernel", k, dz)
            add_bias(k, dz, recurrent=True)
        return dx, [dh]


@dataclass(frozen=True)
class SimpleRNN:
    """h' = a(x W + h R + b)."""

    units: int
    activation: str = "tanh"
    use_bias: bool = True
    state_count = 1  # h
    blocks = "h"

    def shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {
            "kernel": (features, self.units),
            "recurrent_kernel": (self.units, self.units),
        }
        if self.use_bias:
            shapes["bias"] = (self.units,)
        return shapes

    def step(
        self, weights: Weights, x: Array, states: list[Array], drops: Drops
    ) -> tuple[list[Array], dict[str, Any]]:
        (h,) = states
        z = drop(x, drops.x, 0) @ weights["kernel"]
        z = z + drop(h, drops.h, 0) @ weights["recurrent_kernel"]
        if self.use_bias:
            z = z + weights["bias"]
        h_new = activate(self.activation, z)
        return [h_new], {"x": x, "h": h, "z": z, "h_new": h_new}

    def step_backward(
        self,
        weights: Weights,
        r: dict[str, Any],
        dstates: list[Array],
        drops: Drops,
        grads: Weights,
    ) -> tuple[Array, list[Array]]:
        dz = activate_backward(self.activation, r["z"], dstates[0])
        if self.use_bias:
            grads["bias"] += dz.sum(axis=0)
        units = self.units
        dx = product_backward(weights, grads, "kernel", 0, units, r["x"], drops.x, dz)
        dh = product_backward(weights, grads, "recurrent_kernel", 0, units, r["h"], drops.h, dz)
        return dx, [dh]


Cell = LSTM | GRU | SimpleRNN

# ------------------------------------------------------------------------------- the time loop


@dataclass
class Run:
    """What forward() leaves: results, and what backward() needs."""

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
        """What the steps recorded under this name, [B, T, H], in the order of processing."""
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
    """Doutputs [B, T, H] in the order of processing, dstates of the final states; None: zeros."""
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
    """Both directions over x; the backward sequence is flipped back into the order of time.

    Unlike a recurrent layer by itself, it returns zeros at masked steps of a sequence (Keras sets
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
    """Gradients of both directions, and dL/dx [B, T, F]."""
    da, db = merge_backward(run.merge_mode, *run.sides, dy)
    if run.return_sequences:
        taken = run.runs[0].mask[..., None]
        da, db = np.where(taken, da, 0.0), np.where(taken, db, 0.0)[:, ::-1]
    else:
        da, db = at_last_step(run.runs[0], da), at_last_step(run.runs[1], db)
    ahead, back = backward(run.runs[0], da), backward(run.runs[1], db)
    return ahead, back, ahead.x + back.x


def at_last_step(run: Run, dlast: Array) -> Array:
    """Doutputs for a loss that saw the last output only."""
    doutputs = np.zeros_like(run.outputs)
    doutputs[:, -1] = dlast
    return doutputs


# ---------------------------------------------------------------------------------------- Dense


def dense(x: Array, weights: Weights, activation: str = "linear") -> tuple[Array, Array]:
    """Y = f(x W + b) over the last axis of x. Returns y and z = x W + b."""
    z = x @ weights["kernel"]
    if "bias" in weights:
        z = z + weights["bias"]
    return activate(activation, z), z


def dense_backward(
    x: Array, weights: Weights, activation: str, z: Array, dy: Array
) -> tuple[Weights, Array]:
    """Gradients of the weights, and dL/dx."""
    dz = activate_backward(activation, z, dy)
    axes = tuple(range(x.ndim - 1))
    grads = {"kernel": np.tensordot(x, dz, axes=(axes, axes))}
    if "bias" in weights:
        grads["bias"] = dz.sum(axis=axes)
    return grads, dz @ weights["kernel"].T


# --------------------------------------------------------------------------------------- losses
#
# Each takes targets and predictions [..., C] and returns the losses of the items [...], and their
# derivative by the predictions [..., C]. weighted_mean makes one number of them.


def softmax_cross_entropy(targets: Array, logits: Array) -> tuple[Array, Array]:
    """-sum(t log softmax(z)); targets are one-hot or any distribution."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = -(targets * (shifted - log_sum)).sum(axis=-1)
    return losses, softmax(logits) * targets.sum(axis=-1, keepdims=True) - targets


def sigmoid_cross_entropy(targets: Array, logits: Array) -> tuple[Array, Array]:
    """-mean(t log s(z) + (1 - t) log(1 - s(z))) = mean(max(z, 0) - z t + log(1 + exp(-|z|)))."""
    items = np.maximum(logits, 0.0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return items.mean(axis=-1), (sigmoid(logits) - targets) / logits.shape[-1]


def mean_squared_error(targets: Array, predictions: Array) -> tuple[Array, Array]:
    error = predictions - targets
    return (error**2).mean(axis=-1), 2.0 * error / error.shape[-1]


def mean_absolute_error(targets: Array, predictions: Array) -> tuple[Array, Array]:
    error = predictions - targets
    return np.abs(error).mean(axis=-1), np.sign(error) / error.shape[-1]


def huber(targets: Array, predictions: Array, delta: float = 1.0) -> tuple[Array, Array]:
    """Half the square up to delta, a line of slope delta beyond."""
    error = predictions - targets
    size = np.abs(error)
    items = np.where(size <= delta, 0.5 * error**2, delta * size - 0.5 * delta**2)
    slope = np.clip(error, -delta, delta)
    return items.mean(axis=-1), slope / error.shape[-1]


def smooth_labels(targets: Array, smoothing: float, binary: bool = False) -> Array:
    """Keras's label_smoothing: part of the weight goes evenly to all classes."""
    if binary:
        return targets * (1.0 - smoothing) + 0.5 * smoothing
    return targets * (1.0 - smoothing) + smoothing / targets.shape[-1]


def weighted_mean(
    losses: Array, sample_weight: Array | None = None, mask: Array | None = None
) -> tuple[float, Array]:
    """Keras's "sum_over_batch_size": sum(w loss) / count, where count is the number of items, or
    of the items whose mask is True. sample_weight has the axes of losses, or the first of them.
    Returns the mean and its derivative by the losses.
    """
    weight = np.ones_like(losses)
    if sample_weight is not None:
        extra = losses.ndim - np.ndim(sample_weight)
        weight = weight * np.reshape(sample_weight, np.shape(sample_weight) + (1,) * extra)
    count = losses.size
    if mask is not None:
        weight = weight * mask
        count = int(np.sum(mask))
    scale = weight / max(count, 1)
    return float((losses * scale).sum()), scale
