"""Long sequences: if the gates of all steps would take too much memory, they are recomputed in
segments during the backward pass, with the same results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell import _core
from support import reference, tools

T, F, H = 36_000, 2, 16
ROWS = 31  # one slice; T * ROWS * H exceeds the 2^24 numbers of a segment


def network(options: type[Any], steps: int, **settings: Any) -> _core.Network:
    """Makes a recurrent layer with small weights, in float64."""
    net = _core.make_network([options(units=H, **settings)], [steps, F], "float64", 1)
    draw = np.random.default_rng(0)
    for index, (_, shape) in enumerate(net.parameters(0)):
        net.set_parameter(0, index, draw.normal(0, 0.4, shape))
    net.compile(
        _core.LossOptions(kind="mean_squared_error"),
        [],
        _core.OptimizerOptions(kind="sgd", learning_rate=0.01),
    )
    return net


def memory(options: type[Any], steps: int, rows: int) -> int:
    """Returns the bytes of workspace of one training step."""
    net = network(options, steps)
    net.train_on_batch(np.zeros((rows, steps, F)), np.zeros((rows, H)), None)
    return net.workspace_bytes


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (_core.LSTMOptions, {"peephole": True}),
        (_core.GRUOptions, {}),
        (_core.GRUOptions, {"reset_after": False}),
        (_core.SimpleRNNOptions, {}),
        (_core.LSTMOptions, {"go_backwards": True}),
    ],
    ids=["lstm", "gru", "gru-before", "rnn", "backwards"],
)
def test_segments_change_no_number(options: type[Any], settings: dict[str, Any]) -> None:
    """Rows are independent: compares a batch that needs segments with a row that does not."""
    draw = np.random.default_rng(1)
    one = draw.normal(size=(1, T, F))
    target = draw.normal(size=(1, H))
    many = np.repeat(one, ROWS, axis=0)
    net = network(options, T, **settings)
    loss, gradients, dx = net.gradients(one, target)
    loss_many, gradients_many, dx_many = net.gradients(many, np.repeat(target, ROWS, axis=0))
    assert loss_many == pytest.approx(loss, rel=1e-12)
    for a, b in zip(gradients[0], gradients_many[0], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12 * np.abs(a).max())
    scale = np.abs(dx).max()
    np.testing.assert_allclose(dx_many[7] * ROWS, dx[0], rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_allclose(
        net.predict(many, batch_size=ROWS)[5], net.predict(one, batch_size=1)[0], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (_core.LSTMOptions, {"peephole": True}),
        (_core.LSTMOptions, {"go_backwards": True}),
        (_core.GRUOptions, {}),
        (_core.GRUOptions, {"reset_after": False}),
    ],
    ids=["lstm", "backwards", "gru", "gru-before"],
)
@pytest.mark.parametrize("in_front", [True, False])
def test_rows_end_in_different_segments(
    options: type[Any], settings: dict[str, Any], in_front: bool
) -> None:
    """Masked steps at one end: states, outputs and gradients are those of the single rows."""
    layers = [_core.MaskingOptions(), options(units=H, stateful=True, **settings)]
    draw = np.random.default_rng(5)
    blank = _core.make_network(layers, [-1, F], "float64", 1)
    weights = {1: [draw.normal(0, 0.4, shape) for _, shape in blank.parameters(1)]}
    one, target = draw.normal(size=(T, F)), draw.normal(size=H)
    many, lengths = np.zeros((ROWS, T, F)), [T, T // 2, T // 7, 50, 0]
    states = [draw.normal(size=(ROWS, H)) for _ in blank.state_widths(1)]
    for row in range(ROWS):
        length = lengths[row % len(lengths)]
        many[row, T - length if in_front else 0 :][:length] = one[:length]
        for state in states:
            state[row] = state[row % len(lengths)]
    valid = many.any(axis=2)

    net = tools.make_network(layers, [-1, F], "float64", weights)
    net.set_states(1, states)
    _, gradients, dx = net.gradients(many, np.tile(target, (ROWS, 1)))
    output, last = net.predict(many, batch_size=ROWS), net.get_states(1)

    expected = [np.zeros_like(gradient) for gradient in gradients[1]]
    for row, length in enumerate(lengths):
        start = [state[row : row + 1] for state in states]
        if length == 0:
            assert not output[row].any()
            assert not dx[row].any()
            assert all((a[row] == b).all() for a, b in zip(last, start, strict=True))
            continue
        x = many[row : row + 1, valid[row]]
        net = tools.make_network(layers, [-1, F], "float64", weights)
        net.set_states(1, start)
        _, more, dx_alone = net.gradients(x, target[None])
        np.testing.assert_allclose(output[row], net.predict(x, batch_size=1)[0], rtol=1e-9)
        for ours, alone in zip(last, net.get_states(1), strict=True):
            np.testing.assert_allclose(ours[row], alone[0], rtol=1e-9)
        np.testing.assert_allclose(dx[row, valid[row]] * ROWS, dx_alone[0], rtol=1e-7, atol=1e-14)
        assert not dx[row, ~valid[row]].any()
        for total, gradient in zip(expected, more[1], strict=True):
            total += gradient * sum(k % len(lengths) == row for k in range(ROWS)) / ROWS
    for gradient, total in zip(gradients[1], expected, strict=True):
        np.testing.assert_allclose(gradient, total, rtol=1e-8, atol=1e-12)


def test_memory_grows_with_the_states_alone() -> None:
    """Doubling the length of a long sequence adds x, h and little else, far less than its gates."""
    short, long = memory(_core.LSTMOptions, T, ROWS), memory(_core.LSTMOptions, 2 * T, ROWS)
    gates = T * ROWS * 4 * H * 8  # bytes
    assert long - short < 0.5 * gates


def test_a_hundred_thousand_steps_train() -> None:
    net = network(_core.LSTMOptions, 100_000)
    x = np.random.default_rng(2).normal(size=(1, 100_000, F))
    y = np.ones((1, H))
    first = net.train_on_batch(x, y, None)[0]
    for _ in range(3):
        last = net.train_on_batch(x, y, None)[0]
    assert last < first


def test_the_reference_agrees_over_many_steps() -> None:
    """Compares with a loop in NumPy that is longer than any unrolled part of the kernels."""
    steps = 700
    net = network(_core.LSTMOptions, steps)
    x = np.random.default_rng(3).normal(size=(2, steps, F))
    weights = [net.get_parameter(0, k) for k in range(3)]
    output = net.predict(x, batch_size=2)
    h = np.zeros((2, H))
    c = np.zeros((2, H))
    for t in range(steps):
        z = x[:, t] @ weights[0] + h @ weights[1] + weights[2]
        i, f, g, o = np.split(z, 4, axis=1)
        c = reference.sigmoid(f) * c + reference.sigmoid(i) * np.tanh(g)
        h = reference.sigmoid(o) * np.tanh(c)
    np.testing.assert_allclose(output, h, rtol=1e-9, atol=1e-12)
