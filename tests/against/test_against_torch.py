"""Compares the core with PyTorch, on random shapes, if PyTorch is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import reference as ref
from support import tools
from support.examples import examples

torch = pytest.importorskip("torch")

#: Kind, and PyTorch's order of the gate blocks in terms of ours.
KINDS = {
    "LSTM": (ref.LSTM, [0, 1, 2, 3]),
    "GRU": (ref.GRU, [1, 0, 2]),
    "RNN": (ref.SimpleRNN, [0]),
}


def reorder(array: np.ndarray, order: list[int]) -> np.ndarray:
    """Reorders the blocks of the last axis."""
    blocks = np.split(array, len(order), axis=-1)
    return np.concatenate([blocks[k] for k in order], axis=-1)


def make_layer(name: str, features: int, units: int, weights: ref.Weights):
    """Makes PyTorch's layer with the same weights. Only the GRU has a second bias."""
    order = KINDS[name][1]
    layer = getattr(torch.nn, name)(features, units, batch_first=True, dtype=torch.float64)
    bias = weights["bias"]
    biases = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(reorder(weights["kernel"], order).T))
        layer.weight_hh_l0.copy_(torch.tensor(reorder(weights["recurrent_kernel"], order).T))
        layer.bias_ih_l0.copy_(torch.tensor(reorder(biases[0], order)))
        layer.bias_hh_l0.copy_(torch.tensor(reorder(biases[1], order)))
    return layer


def gradients_of(name: str, layer) -> list[np.ndarray]:
    """Arranges arrays in echocell's layout and order."""
    order = KINDS[name][1]
    bias_ih = reorder(layer.bias_ih_l0.grad.numpy(), order)
    bias_hh = reorder(layer.bias_hh_l0.grad.numpy(), order)
    return [
        reorder(layer.weight_ih_l0.grad.numpy().T, order),
        reorder(layer.weight_hh_l0.grad.numpy().T, order),
        np.stack([bias_ih, bias_hh]) if name == "GRU" else bias_ih,
    ]


@pytest.mark.parametrize("name", KINDS)
@examples(25)
@given(
    dtype=st.sampled_from(tools.DTYPES),
    batch=tools.SIZES,
    steps=tools.STEPS,
    features=tools.SIZES,
    units=st.one_of(tools.SIZES, st.just(65)),
    seed=st.integers(0, 2**32 - 1),
)
def test_outputs_states_and_gradients(name, dtype, batch, steps, features, units, seed):
    rng = np.random.default_rng(seed)
    cell = KINDS[name][0](units=units)
    weights = tools.random_weights(cell.shapes(features), rng, dtype)
    x = tools.normal(rng, (batch, steps, features), dtype)
    targets = tools.normal(rng, (batch, steps, units), dtype)
    states = [tools.normal(rng, (batch, units), dtype) for _ in range(cell.state_count)]

    layer = make_layer(name, features, units, weights)
    inputs = torch.tensor(x, requires_grad=True)
    initial = [torch.tensor(state)[None] for state in states]
    outputs, final = layer(inputs, tuple(initial) if len(initial) == 2 else initial[0])
    loss = ((outputs - torch.tensor(targets)) ** 2).mean()
    loss.backward()

    network = tools.make_network(
        [tools.core_options(cell, return_sequences=True, stateful=True)],
        [-1, features],
        dtype,
        {0: tools.ordered(weights)},
    )
    floors = tools.squared_error_floors(outputs.detach().numpy(), targets, 1 / (batch * steps))
    x, targets = tools.contiguous(x, dtype), tools.contiguous(targets, dtype)
    states = [tools.contiguous(state, dtype) for state in states]
    actual, actual_final = network.run_layer(0, x, None, states)
    tools.assert_close(actual, outputs.detach().numpy(), dtype, "output")
    final = final if isinstance(final, tuple) else (final,)
    for state, wanted in zip(actual_final, final, strict=True):
        tools.assert_close(state, wanted[0].detach().numpy(), dtype, "state")
    network.set_states(0, states)
    actual_loss, gradients, dx = network.gradients(x, targets)
    tools.assert_close(actual_loss, loss.item(), dtype, "loss", **floors[0])
    tools.assert_close(dx, inputs.grad.numpy(), dtype, "gradient of x", **floors[1])
    for gradient, wanted in zip(gradients[0], gradients_of(name, layer), strict=True):
        tools.assert_close(gradient, wanted, dtype, "gradient", **floors[1])
