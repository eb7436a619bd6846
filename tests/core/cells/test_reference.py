"""Checks reference.py: its gradients by central differences, its options by their definitions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support import TESTS
from support import reference as ref
from support.examples import examples

ACTIVATIONS = sorted(ref.FUNCTIONS)
SIZES = st.integers(1, 5)


def assert_gradient(loss: Callable[[], float], value: np.ndarray, gradient: np.ndarray) -> None:
    """Compares gradient with central differences of loss() along random directions of value.

    A kink (relu, hard_sigmoid) may lie between the two points; then a smaller step avoids it.
    """
    rng = np.random.default_rng(value.size)
    original = value.copy()
    for _ in range(2):
        direction = rng.standard_normal(value.shape)
        expected = float((gradient * direction).sum())
        scale = max(1.0, float(np.abs(gradient * direction).sum()))
        errors = []
        for step in (1e-5, 1e-6, 1e-7):
            value[...] = original + step * direction
            above = loss()
            value[...] = original - step * direction
            below = loss()
            value[...] = original
            errors.append(abs((above - below) / (2 * step) - expected) / scale)
            if errors[-1] < 1e-6:
                break
        assert min(errors) < 1e-6, f"off by {errors} of {scale}"


@st.composite
def lstm_cells(draw: st.DrawFn) -> ref.LSTM:
    coupled = draw(st.booleans())
    gates = draw(st.sampled_from(["ifo", "if", "io", "fo", "i", "f", "o", ""]))
    return ref.LSTM(
        units=draw(SIZES),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        recurrent_activation=draw(st.sampled_from(ACTIVATIONS)),
        use_bias=draw(st.booleans()),
        peephole=draw(st.booleans()),
        gates=draw(st.sampled_from(["ifo", "io", "if", "i"])) if coupled else gates,
        coupled=coupled,
    )


@st.composite
def gru_cells(draw: st.DrawFn) -> ref.GRU:
    return ref.GRU(
        units=draw(SIZES),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        recurrent_activation=draw(st.sampled_from(ACTIVATIONS)),
        use_bias=draw(st.booleans()),
        reset_after=draw(st.booleans()),
    )


@st.composite
def simple_cells(draw: st.DrawFn) -> ref.SimpleRNN:
    return ref.SimpleRNN(
        units=draw(SIZES),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        use_bias=draw(st.booleans()),
    )


def random_weights(cell: ref.Cell, features: int, rng: np.random.Generator) -> ref.Weights:
    return {name: 0.5 * rng.standard_normal(shape) for name, shape in cell.shapes(features).items()}


def random_drops(kind: str, cell: ref.Cell, batch: int, features: int, rng) -> ref.Drops:
    if kind == "none":
        return ref.Drops()
    lead = (len(cell.blocks),) if kind == "per gate" else ()
    # Any nonzero factor works; 0 would put relu on its kink.
    masks = [rng.uniform(0.5, 2.0, (*lead, batch, width)) for width in (features, cell.units)]
    return ref.Drops(*masks)


@pytest.mark.parametrize(
    "cells", [lstm_cells(), gru_cells(), simple_cells()], ids=["lstm", "gru", "rnn"]
)
@examples(200)
@given(
    data=st.data(),
    batch=SIZES,
    steps=SIZES,
    features=SIZES,
    masked=st.booleans(),
    go_backwards=st.booleans(),
    dropout=st.sampled_from(["none", "shared", "per gate"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_recurrent_gradients(
    cells, data, batch, steps, features, masked, go_backwards, dropout, seed
):
    cell = data.draw(cells, "cell")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, steps, features))
    weights = random_weights(cell, features, rng)
    mask = rng.integers(0, 2, (batch, steps)).astype(bool) if masked else None
    states = [0.5 * rng.standard_normal((batch, cell.units)) for _ in range(cell.state_count)]
    drops = random_drops(dropout, cell, batch, features, rng)
    pull = rng.standard_normal((batch, steps, cell.units))
    pull_states = [rng.standard_normal((batch, cell.units)) for _ in states]

    def loss() -> float:
        run = ref.forward(cell, weights, x, mask, states, go_backwards, drops)
        ends = zip(run.states, pull_states, strict=True)
        return float((run.outputs * pull).sum() + sum((s * p).sum() for s, p in ends))

    run = ref.forward(cell, weights, x, mask, states, go_backwards, drops)
    assume(np.abs(run.outputs).max() < 1e3)  # Unbounded gates explode, and differences drown.
    gradients = ref.backward(run, pull, pull_states)
    assert_gradient(loss, x, gradients.x)
    for name, value in weights.items():
        assert_gradient(loss, value, gradients.weights[name])
    for state, gradient in zip(states, gradients.initial_state, strict=True):
        assert_gradient(loss, state, gradient)


@examples(25)
@given(
    cells=st.one_of(
        st.tuples(st.just(ref.LSTM(3)), st.just(ref.LSTM(3, activation="softsign"))),
        st.tuples(st.just(ref.GRU(2)), st.just(ref.GRU(2, reset_after=False))),
    ),
    batch=SIZES,
    steps=SIZES,
    features=SIZES,
    masked=st.booleans(),
    return_sequences=st.booleans(),
    merge_mode=st.sampled_from(sorted(ref.MERGES)),
    seed=st.integers(0, 2**32 - 1),
)
def test_bidirectional_gradients(
    cells, batch, steps, features, masked, return_sequences, merge_mode, seed
):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, steps, features))
    weights = random_weights(cells[0], features, rng), random_weights(cells[1], features, rng)
    mask = rng.integers(0, 2, (batch, steps)).astype(bool) if masked else None

    def run() -> ref.BidirectionalRun:
        return ref.bidirectional(cells, weights, x, mask, merge_mode, return_sequences)

    pull = rng.standard_normal(run().output.shape)
    ahead, back, dx = ref.bidirectional_backward(run(), pull)

    def loss() -> float:
        return float((run().output * pull).sum())

    assert_gradient(loss, x, dx)
    for side, gradients in zip(weights, (ahead, back), strict=True):
        for name, value in side.items():
            assert_gradient(loss, value, gradients.weights[name])


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "softmax"])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 5)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_gradients(activation, shape, use_bias):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    weights = {"kernel": rng.standard_normal((shape[-1], 3))}
    if use_bias:
        weights["bias"] = rng.standard_normal(3)
    y, z = ref.dense(x, weights, activation)
    pull = rng.standard_normal(y.shape)
    gradients, dx = ref.dense_backward(x, weights, activation, z, pull)

    def loss() -> float:
        return float((ref.dense(x, weights, activation)[0] * pull).sum())

    assert_gradient(loss, x, dx)
    for name, value in weights.items():
        assert_gradient(loss, value, gradients[name])


@pytest.mark.parametrize(
    "function",
    [
        ref.softmax_cross_entropy,
        ref.sigmoid_cross_entropy,
        ref.mean_squared_error,
        ref.mean_absolute_error,
        ref.huber,
        lambda t, p: ref.huber(t, p, 0.3),
    ],
)
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5)])
@pytest.mark.parametrize("weighting", ["none", "sample", "step", "mask", "both"])
def test_loss_gradients(function, shape, weighting):
    rng = np.random.default_rng(1)
    predictions = rng.standard_normal(shape)
    targets = ref.softmax(rng.standard_normal(shape))
    weight = {"sample": rng.random(shape[0]), "step": rng.random(shape[:-1])}
    weight["both"] = weight["step"]
    mask = rng.integers(0, 2, shape[:-1]) if weighting in ("mask", "both") else None

    def loss() -> float:
        losses, _ = function(targets, predictions)
        return ref.weighted_mean(losses, weight.get(weighting), mask)[0]

    losses, derivative = function(targets, predictions)
    _, scale = ref.weighted_mean(losses, weight.get(weighting), mask)
    assert_gradient(loss, predictions, derivative * scale[..., None])


def test_cross_entropies_are_stable():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]])
    targets = np.array([[1.0, 0.0], [1.0, 0.0]])
    losses, gradient = ref.softmax_cross_entropy(targets, logits)
    np.testing.assert_array_equal(losses, [0.0, 2e4])
    np.testing.assert_array_equal(gradient, [[0.0, 0.0], [-1.0, 1.0]])
    losses, gradient = ref.sigmoid_cross_entropy(targets, logits)
    np.testing.assert_array_equal(losses, [0.0, 1e4])
    np.testing.assert_array_equal(gradient, [[0.0, 0.0], [-0.5, 0.5]])


def test_masked_steps_repeat_output_and_states():
    rng = np.random.default_rng(2)
    cell = ref.LSTM(3)
    weights = random_weights(cell, 2, rng)
    x = rng.standard_normal((1, 5, 2))
    states = [rng.standard_normal((1, 3)) for _ in range(2)]
    run = ref.forward(cell, weights, x, np.array([[0, 1, 0, 1, 0]]), states)
    plain = ref.forward(cell, weights, x[:, [1, 3]], None, states)
    np.testing.assert_array_equal(run.outputs[:, 0], 0.0)
    np.testing.assert_array_equal(run.outputs[:, [1, 3]], plain.outputs)
    np.testing.assert_array_equal(run.outputs[:, [2, 4]], plain.outputs)
    np.testing.assert_array_equal(run.states, plain.states)

    empty = ref.forward(cell, weights, x, np.zeros((1, 5)), states)
    np.testing.assert_array_equal(empty.outputs, 0.0)
    np.testing.assert_array_equal(empty.states, states)


def test_go_backwards_reads_reversed_time():
    rng = np.random.default_rng(3)
    cell = ref.GRU(3)
    weights = random_weights(cell, 2, rng)
    x = rng.standard_normal((2, 5, 2))
    mask = rng.integers(0, 2, (2, 5))
    run = ref.forward(cell, weights, x, mask, go_backwards=True)
    plain = ref.forward(cell, weights, x[:, ::-1], mask[:, ::-1])
    np.testing.assert_array_equal(run.outputs, plain.outputs)


def test_absent_gates_equal_gates_held_open():
    """A missing gate equals a linear gate with weights 0 and bias 1."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 4, 3))
    full = ref.LSTM(2, recurrent_activation="linear", peephole=True)
    weights = random_weights(full, 3, rng)
    for gates in ("io", "fo", "if", ""):
        cell = ref.LSTM(2, recurrent_activation="linear", peephole=True, gates=gates)
        held = {name: value.copy() for name, value in weights.items()}
        for k, name in enumerate("ifco"):
            if name != "c" and name not in gates:
                held["kernel"][:, 2 * k : 2 * k + 2] = 0.0
                held["recurrent_kernel"][:, 2 * k : 2 * k + 2] = 0.0
                held["bias"][2 * k : 2 * k + 2] = 1.0
                held["peephole_kernel"]["ifo".index(name)] = 0.0
        columns = np.concatenate([np.arange(2) + 2 * "ifco".index(n) for n in cell.blocks])
        part = {
            name: weights[name][..., columns] for name in ("kernel", "recurrent_kernel", "bias")
        }
        part["peephole_kernel"] = weights["peephole_kernel"][["ifo".index(g) for g in gates]]
        expected = ref.forward(full, held, x).outputs
        np.testing.assert_allclose(ref.forward(cell, part, x).outputs, expected, rtol=1e-12)


def test_label_smoothing():
    np.testing.assert_allclose(ref.smooth_labels(np.eye(4)[:1], 0.2), [[0.85, 0.05, 0.05, 0.05]])
    np.testing.assert_allclose(ref.smooth_labels(np.array([1.0, 0.0]), 0.2, True), [0.9, 0.1])


@pytest.mark.parametrize("path", sorted((TESTS / "support").glob("reference*.py")))
def test_it_imports_nothing_of_echocell(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    own = {name for name in names if name.startswith("support.reference")}
    assert names - own <= {"__future__", "collections.abc", "dataclasses", "typing", "numpy"}
