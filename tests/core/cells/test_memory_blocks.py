"""MemoryBlocks against loops in NumPy, which are checked by finite differences."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
from support import reference as ref
from support import reference_blocks as blocks_ref
from support import tools
from support.examples import examples

ACTIVATIONS = ["tanh", "bipolar_sigmoid", "bipolar_sigmoid_2", "sigmoid", "linear"]
GATES = ["ifo", "io", "fo", "if", "i", "o", ""]
B, T = 3, 6


@st.composite
def cells(draw: st.DrawFn) -> blocks_ref.MemoryBlocks:
    use_bias = draw(st.booleans())
    return blocks_ref.MemoryBlocks(
        blocks=draw(st.sampled_from([1, 2, 3, 5, 9])),
        cells=draw(st.sampled_from([1, 2, 3, 7])),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        recurrent_activation=draw(st.sampled_from(["sigmoid", "hard_sigmoid"])),
        output_activation=draw(st.sampled_from(ACTIVATIONS)),
        gates=draw(st.sampled_from(GATES)),
        use_kernel=draw(st.booleans()),
        use_bias=use_bias,
        cell_bias=not use_bias or draw(st.booleans()),
        shortcut=draw(st.booleans()),
        truncated=draw(st.booleans()),
    )


def random_problem(
    cell: blocks_ref.MemoryBlocks, rng: np.random.Generator, dtype: str = "float64", batch: int = B
) -> tuple[ref.Weights, np.ndarray]:
    features = 4 if cell.use_kernel else cell.units
    weights = {
        name: 0.5 * value
        for name, value in tools.random_weights(cell.shapes(features), rng, dtype).items()
    }
    return weights, tools.normal(rng, (batch, T, features), dtype)


# ---- the reference -----------------------------------------------------------------------------


@examples(60)
@given(cell=cells(), seed=st.integers(0, 2**32 - 1))
def test_derivatives_of_the_reference(cell, seed):
    if cell.truncated:  # not a derivative
        cell = blocks_ref.MemoryBlocks(**{**asdict(cell), "truncated": False})
    if cell.recurrent_activation == "hard_sigmoid":  # has kinks
        cell = blocks_ref.MemoryBlocks(**{**asdict(cell), "recurrent_activation": "sigmoid"})
    rng = np.random.default_rng(seed)
    weights, x = random_problem(cell, rng, batch=1)
    values = {
        **weights,
        "x": x[0],
        "y": rng.standard_normal(cell.units),
        "c": rng.standard_normal(cell.all_cells),
    }

    def run() -> Any:
        return blocks_ref.forward(cell, values, values["x"], values["y"], values["c"])

    outputs, y, c, steps = run()
    seen = [rng.standard_normal(array.shape) for array in (outputs, y, c)]

    def loss() -> float:
        return float(sum((a * b).sum() for a, b in zip(run()[:3], seen, strict=True)))

    grads, dx, dy, dc = blocks_ref.backward(cell, values, steps, *seen)
    for name, gradient in {**grads, "x": dx, "y": dy, "c": dc}.items():
        direction = rng.standard_normal(gradient.shape)
        if name == "bias" and not cell.cell_bias:
            direction[: cell.all_cells] = 0
        kept = values[name]
        values[name] = kept + 1e-6 * direction
        above = loss()
        values[name] = kept - 1e-6 * direction
        below = loss()
        values[name] = kept
        scale = max(1.0, float(np.abs(gradient * direction).sum()))
        assert abs((above - below) / 2e-6 - (gradient * direction).sum()) < 1e-6 * scale, name


# ---- the core against it -----------------------------------------------------------------------


@examples(150)
@given(
    cell=cells(),
    dtype=st.sampled_from(tools.DTYPES),
    sequences=st.booleans(),
    backwards=st.booleans(),
    masked=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_against_the_reference(cell, dtype, sequences, backwards, masked, seed):
    if cell.shortcut:
        sequences = True
    rng = np.random.default_rng(seed)
    weights, x = random_problem(cell, rng, dtype)
    mask = rng.random((B, T)) < 0.7 if masked else np.ones((B, T), bool)
    x[~mask] = 0
    width = cell.all_cells + cell.shortcut * x.shape[2]
    y = tools.normal(rng, (B, T, width) if sequences else (B, width), dtype)
    output, gradients, dx = expected(cell, weights, x, mask, y, sequences, backwards)

    layers = [_core.MaskingOptions()] * masked + [
        _core.MemoryBlocksOptions(
            **asdict(cell), return_sequences=sequences, go_backwards=backwards
        )
    ]
    arrays = [weights[name] for name in cell.shapes(x.shape[2])]
    network = tools.make_network(layers, x.shape[1:], dtype, {len(layers) - 1: arrays})
    x, y = tools.contiguous(x, dtype), tools.contiguous(y, dtype)
    tools.assert_close(network.predict(x, batch_size=B), output, dtype, "output")
    _, actual, actual_dx = network.gradients(x, y)
    for name, gradient in zip(cell.shapes(x.shape[2]), actual[-1], strict=True):
        tools.assert_close(gradient, gradients[name], dtype, name)
    tools.assert_close(actual_dx, dx, dtype, "x")


def expected(cell, weights, x, mask, targets, sequences, backwards):
    """Outputs and gradients of the mean squared error, row by row over the valid steps."""
    output = np.zeros_like(targets)
    runs = []
    for b in range(len(x)):
        order = np.arange(T)[::-1] if backwards else np.arange(T)
        places = np.flatnonzero(mask[b][order])
        zeros = np.zeros(cell.units), np.zeros(cell.all_cells)
        out, *_, steps = blocks_ref.forward(cell, weights, x[b][order][places], *zeros)
        runs.append((order, places, steps))
        if not sequences:
            output[b] = out[-1] if len(out) else 0
            continue
        for t in range(T):  # a masked step repeats the output, without the input
            k = np.searchsorted(places, t, side="right")
            if k:
                output[b, t, : cell.all_cells] = out[k - 1, : cell.all_cells]
            if cell.shortcut:
                output[b, t, cell.all_cells :] = x[b, order[t]]
    scale = loss_scale(mask, targets, sequences)
    dy = 2 * (output - targets) * scale
    gradients = {name: np.zeros_like(value) for name, value in weights.items()}
    dx = np.zeros_like(x)
    for b, (order, places, steps) in enumerate(runs):
        if cell.shortcut:
            for t in range(T):
                dx[b, order[t]] += dy[b, t, cell.all_cells :]
        if not steps:
            continue
        width = targets.shape[-1]
        d = np.zeros((len(places), width))
        if sequences:
            for t in range(T):
                k = np.searchsorted(places, t, side="right")
                if k:
                    d[k - 1, : cell.all_cells] += dy[b, t, : cell.all_cells]
        else:
            d[-1] = dy[b]
        zeros = np.zeros(cell.units), np.zeros(cell.all_cells)
        grads, dx_row, *_ = blocks_ref.backward(cell, weights, steps, d, *zeros)
        for name, value in grads.items():
            gradients[name] += value
        dx[b, order[places]] += dx_row
    return output, gradients, np.where(mask[..., None], dx, 0)  # Masking outputs zeros


def loss_scale(mask, targets, sequences):
    """Returns the weight of every number in the loss; masked steps have none."""
    if not sequences:
        return 1 / targets.size
    return mask[..., None] / (max(mask.sum(), 1) * targets.shape[-1])
