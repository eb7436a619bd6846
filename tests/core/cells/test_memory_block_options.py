"""The options of MemoryBlocks, and those that it shares with the LSTM."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell import _core, initializers, plotting
from echocell.layers import (
    LSTM,
    Dense,
    Embedding,
    Masking,
    MemoryBlocks,
    deserialize,
    serialize,
)
from echocell.models import Sequential
from support import reference as ref
from support import tools

# ---- equivalent models -------------------------------------------------------------------------


def test_with_one_cell_to_a_block_and_no_way_from_gate_to_gate_it_is_an_lstm():
    rng = np.random.default_rng(1)
    units, features = 5, 3
    lstm = LSTM(units, return_sequences=True, input_shape=(None, features))
    blocks = MemoryBlocks(units, return_sequences=True, input_shape=(None, features))
    one, other = Sequential([lstm]), Sequential([blocks])
    kernel, recurrent, bias = (rng.normal(size=w.shape) for w in lstm.get_weights())

    def in_order(w: np.ndarray) -> np.ndarray:  # i, f, c, o -> c, i, f, o
        i, f, c, o = np.split(w, 4, axis=-1)
        return np.concatenate([c, i, f, o], axis=-1)

    gates_see_nothing = np.zeros((3 * units, 4 * units))
    lstm.set_weights([kernel, recurrent, bias])
    blocks.set_weights(
        [in_order(kernel), np.vstack([in_order(recurrent), gates_see_nothing]), in_order(bias)]
    )
    x = rng.normal(size=(4, 7, features))
    np.testing.assert_allclose(one.predict(x), other.predict(x), rtol=1e-5, atol=1e-6)


def test_a_network_of_1997_has_the_weights_of_the_paper():
    """Table 1: 264 weights of 4 blocks of 1, 276 of 3 blocks of 2, with biases at the gates."""
    for blocks, cells, count in [(4, 1, 264), (3, 2, 276)]:
        layer = MemoryBlocks(blocks, cells, gates="io", cell_bias=False, input_shape=(None, 7))
        model = Sequential([layer, Dense(7, use_bias=False)])
        assert model.count_params() == count + blocks * cells  # the cells' biases, which stay 0


def test_biases_of_cells_stay_zero():
    layer = MemoryBlocks(2, 3, cell_bias=False, bias_initializer="ones", input_shape=(5, 4))
    model = Sequential([layer, Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    rng = np.random.default_rng(1)
    model.fit(rng.normal(size=(9, 5, 4)), rng.normal(size=(9, 1)), epochs=3, verbose=0)
    bias = layer.get_weights()[2]
    assert (bias[:6] == 0).all()
    assert (bias[6:] != 1).all()


def test_initial_biases():
    layer = MemoryBlocks(3, 2, input_shape=(5, 4))
    Sequential([layer])
    np.testing.assert_array_equal(layer.get_weights()[2], [0] * 9 + [1] * 3 + [0] * 3)
    chrono = MemoryBlocks(
        3, 2, bias_initializer=initializers.Chrono(40, seed=1), input_shape=(5, 4)
    )
    Sequential([chrono])
    bias = chrono.get_weights()[2]
    assert (bias[:6] == 0).all()
    assert (bias[9:12] > 0).all()
    np.testing.assert_array_equal(bias[6:9], -bias[9:12])


def test_without_a_kernel_behind_an_embedding_it_reads_one_hot_symbols():
    rng = np.random.default_rng(1)
    one_hot = Sequential([MemoryBlocks(2, 2, use_bias=False, input_shape=(None, 7))])
    by_id = Sequential(
        [
            Embedding(7, 10, input_shape=(None,)),
            MemoryBlocks(2, 2, use_bias=False, use_kernel=False),
        ]
    )
    by_id.set_weights(one_hot.get_weights())
    ids = rng.integers(7, size=(3, 9))
    np.testing.assert_allclose(
        by_id.predict(ids), one_hot.predict(np.eye(7)[ids]), rtol=1e-6, atol=1e-7
    )


def test_states_are_carried_and_streamed():
    rng = np.random.default_rng(1)
    model = Sequential(
        [
            MemoryBlocks(
                3, 2, return_sequences=True, stateful=True, batch_input_shape=(2, None, 4)
            ),
            MemoryBlocks(2, stateful=True),
        ]
    )
    x = rng.normal(size=(2, 8, 4))
    whole = model.predict(x)
    assert [state.shape for state in model.layers[0].get_states()] == [(2, 15), (2, 6)]
    model.reset_states()
    model.predict(x[:, :3])
    np.testing.assert_allclose(model.predict(x[:, 3:]), whole, rtol=1e-5, atol=1e-6)
    model.reset_states()
    for t in range(8):
        last = model.step(x[:, t])
    np.testing.assert_allclose(last, whole, rtol=1e-5, atol=1e-6)


def test_trace():
    rng = np.random.default_rng(1)
    layer = MemoryBlocks(3, 2, gates="io", return_sequences=True, input_shape=(5, 4))
    model = Sequential([layer])
    x = rng.normal(size=(2, 5, 4))
    trace = layer.trace(x)
    shapes = {name: value.shape[2] for name, value in trace.items()}
    assert shapes == {"i": 3, "g": 6, "o": 3, "c": 6, "h": 6}
    np.testing.assert_allclose(trace["h"], model.predict(x), rtol=1e-6)
    added = np.repeat(trace["i"], 2, axis=2) * trace["g"]
    np.testing.assert_allclose(np.cumsum(added, axis=1), trace["c"], rtol=1e-5, atol=1e-6)
    opened = np.repeat(trace["o"], 2, axis=2) * np.tanh(trace["c"])
    np.testing.assert_allclose(opened, trace["h"], rtol=1e-5, atol=1e-6)


def test_a_saved_layer_comes_back():
    layer = MemoryBlocks(
        3,
        2,
        activation="bipolar_sigmoid_2",
        output_activation="bipolar_sigmoid",
        gates="io",
        truncated=True,
        shortcut=True,
        return_sequences=True,
        cell_bias=False,
    )
    again = deserialize(serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.get_config()["blocks"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": 0}, "MemoryBlocks: blocks"),
        ({"blocks": 2, "cells": 1.5}, "MemoryBlocks: cells"),
        ({"blocks": 2, "gates": "ix"}, "MemoryBlocks: gates: expected letters out of 'ifo'"),
        ({"blocks": 2, "shortcut": True}, "needs return_sequences=True"),
        ({"blocks": 2, "output_activation": "softmax"}, "output_activation='softmax'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        MemoryBlocks(**arguments)


@pytest.mark.parametrize("backwards", [False, True])
def test_dropout_without_a_kernel_is_that_with_an_identity(backwards: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 6, 10))  # 2 blocks of 2 cells and 3 gates: 10 units
    x[0, 2:4] = x[2, :3] = 0
    y = rng.normal(size=(3, 4))
    recurrent, bias = rng.normal(size=(10, 10)), rng.normal(size=10)

    def gradients(use_kernel: bool) -> tuple[list[np.ndarray], np.ndarray]:
        options = _core.MemoryBlocksOptions(
            blocks=2,
            cells=2,
            use_kernel=use_kernel,
            dropout=0.5,
            recurrent_dropout=0.3,
            go_backwards=backwards,
        )
        weights = [np.eye(10)] * use_kernel + [recurrent, bias]
        network = tools.make_network(
            [_core.MaskingOptions(), options], x.shape[1:], "float64", {1: weights}
        )
        _, of_weights, of_x = network.gradients(x, y, training=True)
        return of_weights[1], of_x

    (_, *with_kernel), dx = gradients(True)
    without, dx_without = gradients(False)
    np.testing.assert_allclose(dx_without, dx, atol=1e-12)
    for one, other in zip(without, with_kernel, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_masked_step_repeats_the_cells_before_the_shortcut() -> None:
    """With more features than gates, the repeated output ends with the cells."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 5, 9))
    x[0, 2:4] = x[1, 4] = 0
    layer = MemoryBlocks(2, cells=2, gates="io", return_sequences=True, shortcut=True)
    model = Sequential([Masking(input_shape=(None, 9)), layer])
    whole = model.predict(x)
    model.reset_states()
    steps = np.stack([model.step(x[:, t]) for t in range(5)], axis=1)
    np.testing.assert_allclose(steps, whole, rtol=1e-5, atol=1e-6)


def test_initial_biases_are_not_written_into_the_initializer() -> None:
    kept = np.full(10, 0.5, dtype=np.float32)

    class Kept(initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
            return kept

    layer = MemoryBlocks(2, cells=2, bias_initializer=Kept(), cell_bias=False)
    layer.build((None, 3, 4))
    np.testing.assert_array_equal(layer.get_weights()[2], [0] * 4 + [0.5] * 2 + [1] * 2 + [0.5] * 2)
    assert (kept == 0.5).all()


def test_gates_that_cells_share_can_be_drawn() -> None:
    pytest.importorskip("matplotlib")
    layer = MemoryBlocks(2, cells=3, return_sequences=True)
    x = np.random.default_rng(1).normal(size=(1, 5, 4))
    figure = plotting.plot_gates(layer, x)
    heights = sorted(axes.get_ylim()[0] for axes in figure.axes if axes.images)
    assert heights == [1.5] * 3 + [5.5] * 3  # i, f, o; g, c, h


def test_without_a_kernel_there_is_a_feature_for_each_unit():
    with pytest.raises(ValueError, match="expects 6 features, one for each unit"):
        Sequential([MemoryBlocks(2, gates="io", use_kernel=False, input_shape=(None, 5))])


# ---- the same options of the LSTM --------------------------------------------------------------


def test_a_truncated_lstm_passes_gradients_back_through_its_cells_alone():
    """Like an LSTM with h(t-1) as an input: the gradient of a step reaches only c(t-1)."""
    rng = np.random.default_rng(1)
    units, x = 4, rng.normal(size=(3, 6, 2))
    truncated = _core.LSTMOptions(units=units, truncated=True)
    cell = ref.LSTM(units=units)
    weights = {name: rng.normal(size=shape) for name, shape in cell.shapes(2).items()}
    network = tools.make_network([truncated], x.shape[1:], "float64", {0: tools.ordered(weights)})
    y = rng.normal(size=(3, units))
    _, actual, _ = network.gradients(x, y)

    run = ref.forward(cell, weights, x)
    dh, dc = 2 * (run.outputs[:, -1] - y) / y.size, np.zeros((3, units))
    wanted = {name: np.zeros_like(value) for name, value in weights.items()}
    for record in reversed(run.records):
        _, (_, dc) = cell.step_backward(weights, record, [dh, dc], ref.Drops(), wanted)
        dh = np.zeros_like(dh)
    for name, gradient in zip(wanted, actual[0], strict=True):
        tools.assert_close(gradient, wanted[name], "float64", name)


@pytest.mark.parametrize("output", ["linear", "bipolar_sigmoid", "relu"])
def test_the_output_activation_of_an_lstm(output: str) -> None:
    rng = np.random.default_rng(1)
    layer = LSTM(4, activation="tanh", output_activation=output, input_shape=(6, 2))
    model = Sequential([layer])
    x = rng.normal(size=(3, 6, 2))
    trace = layer.trace(x)
    h = trace["o"] * ref.activate(output, trace["c"])
    np.testing.assert_allclose(trace["h"], h, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trace["h"][:, -1], model.predict(x), rtol=1e-6)
    assert deserialize(serialize(layer)).output_activation == output
    assert LSTM(4, activation="relu").output_activation == "relu"
