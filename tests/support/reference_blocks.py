"""Memory blocks in float64 NumPy, one cell and one gate at a time.

The equations of the docstring of `MemoryBlocks` as loops, with the derivative next to every line.
test_memory_blocks.py checks the derivatives by finite differences and compares the core with them.
It imports nothing of echocell.

Legend: B batch, T steps, F features, N blocks of M cells, G gates per block, U = N (M + G) units.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from support.reference import Array, Weights, activate, activate_backward


@dataclass(frozen=True)
class MemoryBlocks:
    blocks: int
    cells: int = 1
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    output_activation: str = "tanh"
    gates: str = "ifo"
    use_kernel: bool = True
    use_bias: bool = True
    cell_bias: bool = True
    shortcut: bool = False
    truncated: bool = False

    @property
    def all_cells(self) -> int:
        return self.blocks * self.cells

    @property
    def units(self) -> int:
        return self.blocks * (self.cells + len(self.gates))

    def shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        if self.use_kernel:
            shapes["kernel"] = (features, self.units)
        shapes["recurrent_kernel"] = (self.units, self.units)
        if self.use_bias:
            shapes["bias"] = (self.units,)
        return shapes

    def gate(self, name: str, block: int) -> int:
        """Returns the unit of this gate of this block."""
        return self.all_cells + self.gates.index(name) * self.blocks + block


@dataclass
class Step:
    x: Array  # [F]
    before: Array  # y of the step before, [U]
    c: Array  # [N M]
    z: Array  # [U]
    g: Array  # [N M]
    c_next: Array
    gates: list[dict[str, float]] = field(default_factory=list)  # of each block


def forward(
    layer: MemoryBlocks, weights: Weights, x: Array, y: Array, c: Array
) -> tuple[Array, Array, Array, list[Step]]:
    """Runs one row: x [T, F], initial y [U] and c [N M] -> outputs [T, .], y, c, the steps."""
    outputs, steps = [], []
    for x_now in x:
        z = y @ weights["recurrent_kernel"]
        z = z + (x_now @ weights["kernel"] if layer.use_kernel else x_now)
        if layer.use_bias:
            z = z + weights["bias"]
        step = Step(x_now, y, c, z, np.empty(layer.all_cells), np.empty(layer.all_cells))
        y = np.empty(layer.units)
        for block in range(layer.blocks):
            gates = {"i": 1.0, "f": 1.0, "o": 1.0}
            for name in layer.gates:
                unit = layer.gate(name, block)
                y[unit] = gates[name] = activate(layer.recurrent_activation, z[unit])
            step.gates.append(gates)
            for cell in range(block * layer.cells, (block + 1) * layer.cells):
                step.g[cell] = activate(layer.activation, z[cell])
                step.c_next[cell] = gates["f"] * c[cell] + gates["i"] * step.g[cell]
                y[cell] = gates["o"] * activate(layer.output_activation, step.c_next[cell])
        c = step.c_next
        steps.append(step)
        outputs.append(np.concatenate([y[: layer.all_cells], x_now if layer.shortcut else []]))
    return np.array(outputs), y, c, steps


def backward(
    layer: MemoryBlocks, weights: Weights, steps: list[Step], doutputs: Array, dy: Array, dc: Array
) -> tuple[Weights, Array, Array, Array]:
    """Runs one row backward: doutputs [T, .], dy [U] and dc [N M] of the last states.

    Returns the gradients of the weights, of x, and of the initial states.
    """
    grads = {name: np.zeros_like(value) for name, value in weights.items()}
    dx = np.zeros((len(steps), len(steps[0].x)))
    for t in reversed(range(len(steps))):
        step = steps[t]
        dy = dy.copy()
        dy[: layer.all_cells] += doutputs[t, : layer.all_cells]
        if layer.shortcut:
            dx[t] += doutputs[t, layer.all_cells :]
        dz, dc_before = np.zeros(layer.units), np.zeros(layer.all_cells)
        for block in range(layer.blocks):
            gates = step.gates[block]
            dgates = {name: dy[layer.gate(name, block)] for name in layer.gates}
            for name in "ifo":
                dgates.setdefault(name, 0.0)
            for cell in range(block * layer.cells, (block + 1) * layer.cells):
                # h' = o * out(c')
                c_next, dh = step.c_next[cell], dy[cell]
                dgates["o"] += dh * activate(layer.output_activation, c_next)
                d = dc[cell] + activate_backward(layer.output_activation, c_next, dh * gates["o"])
                # c' = f * c + i * g
                dgates["f"] += d * step.c[cell]
                dgates["i"] += d * step.g[cell]
                dz[cell] = activate_backward(layer.activation, step.z[cell], d * gates["i"])
                dc_before[cell] = d * gates["f"]
            for name in layer.gates:
                unit = layer.gate(name, block)
                dz[unit] = activate_backward(layer.recurrent_activation, step.z[unit], dgates[name])
        # z = x W + y R + b
        grads["recurrent_kernel"] += np.outer(step.before, dz)
        if layer.use_kernel:
            grads["kernel"] += np.outer(step.x, dz)
        dx[t] += weights["kernel"] @ dz if layer.use_kernel else dz
        if layer.use_bias:
            first = 0 if layer.cell_bias else layer.all_cells
            grads["bias"][first:] += dz[first:]
        dy = np.zeros(layer.units) if layer.truncated else weights["recurrent_kernel"] @ dz
        dc = dc_before
    return grads, dx, dy, dc
