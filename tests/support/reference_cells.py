"""Cells of the reference in float64 NumPy: one time step, forward and backward.

B batch, H units. Masks and dropout follow the conventions of reference.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from support.reference_functions import Array, activate, activate_backward

Weights = dict[str, Array]


# ---------------------------------------------------------------------------------------- cells
#
# A cell has the methods step() and step_backward() for one time step. A record holds what a step
# keeps for the backward pass. The weights of the gates are side by side in the kernels, in blocks
# of H columns: block k of W is W[:, k H : (k + 1) H].


def block(array: Array, k: int, units: int) -> Array:
    """Returns block k of the last axis."""
    return array[..., k * units : (k + 1) * units]


def drop(value: Array, mask: Array | None, k: int) -> Array:
    """Returns the value that block k reads."""
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
    """For z = drop(value) W_k: adds dL/dW_k to grads[name], returns dL/dvalue."""
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
