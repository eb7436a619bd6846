"""Bidirectional against the reference, and its masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
from support import reference as ref
from support import tools
from support.examples import examples
from support.squared_error import squared_error

# ----------------------------------------------------------------------------------- Bidirectional


@examples(80)
@given(
    kind=st.sampled_from([ref.LSTM, ref.GRU, ref.SimpleRNN]),
    dtype=st.sampled_from(tools.DTYPES),
    batch=tools.SIZES,
    steps=tools.STEPS,
    features=tools.SIZES,
    units=st.tuples(tools.SIZES, tools.SIZES),
    merge_mode=st.sampled_from(sorted(ref.MERGES)),
    masked=st.booleans(),
    return_sequences=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_bidirectional(
    kind, dtype, batch, steps, features, units, merge_mode, masked, return_sequences, seed
):
    rng = np.random.default_rng(seed)
    widths = units if merge_mode == "concat" else units[:1] * 2
    cells = kind(units=widths[0]), kind(units=widths[1])
    weights = tuple(tools.random_weights(cell.shapes(features), rng, dtype) for cell in cells)
    x = tools.normal(rng, (batch, steps, features), dtype)
    mask = rng.random((batch, steps)) < 0.6 if masked else None
    if mask is not None:
        x = np.where(mask[..., None], x, 0.0)
    expected = ref.bidirectional(cells, weights, x, mask, merge_mode, return_sequences)
    targets = tools.normal(rng, expected.output.shape, dtype)
    loss_mask = mask if return_sequences else None
    loss, derivative, loss_floor, floor = squared_error(expected.output, targets, loss_mask)
    ahead, back, dx = ref.bidirectional_backward(expected, derivative)

    options = {"return_sequences": return_sequences}
    layer = _core.BidirectionalOptions(
        forward=tools.core_options(cells[0], **options),
        backward=tools.core_options(cells[1], go_backwards=True, **options),
        merge_mode=merge_mode,
    )
    arrays = [*tools.ordered(weights[0]), *tools.ordered(weights[1])]
    masking = [_core.MaskingOptions()] if masked else []
    place = len(masking)
    network = tools.make_network([*masking, layer], [-1, features], dtype, {place: arrays})
    x, targets = tools.contiguous(x, dtype), tools.contiguous(targets, dtype)
    output, states = network.run_layer(place, x, tools.mask_bytes(mask))
    tools.assert_close(output, expected.output, dtype, "output")
    wanted_states = [*expected.runs[0].states, *expected.runs[1].states]
    for state, wanted in zip(states, wanted_states, strict=True):
        tools.assert_close(state, wanted, dtype, "state")
    actual_loss, gradients, actual_dx = network.gradients(x, targets)
    tools.assert_close(actual_loss, loss, dtype, "loss", **loss_floor)
    tools.assert_close(actual_dx, dx, dtype, "gradient of x", **floor)
    wanted_gradients = [*tools.ordered(ahead.weights), *tools.ordered(back.weights)]
    for actual, wanted in zip(gradients[place], wanted_gradients, strict=True):
        tools.assert_close(actual, wanted, dtype, "gradient", **floor)


def test_bidirectional_with_initial_states():
    rng = np.random.default_rng(0)
    cells = ref.LSTM(units=3), ref.LSTM(units=5)
    weights = tuple(tools.random_weights(cell.shapes(2), rng, "float64") for cell in cells)
    x = rng.standard_normal((4, 6, 2))
    states = [rng.standard_normal((4, width)) for width in (3, 3, 5, 5)]
    expected = ref.bidirectional(cells, weights, x, initial_state=states)
    layer = _core.BidirectionalOptions(
        forward=tools.core_options(cells[0], return_sequences=True),
        backward=tools.core_options(cells[1], return_sequences=True, go_backwards=True),
    )
    arrays = [*tools.ordered(weights[0]), *tools.ordered(weights[1])]
    network = tools.make_network([layer], [-1, 2], weights={0: arrays})
    assert network.state_widths(0) == [3, 3, 5, 5]
    output, _ = network.run_layer(0, x, None, states)
    tools.assert_close(output, expected.output)


# ------------------------------------------------------------------------------------------- masks

KEEPS_MASK = {
    "dense": _core.DenseOptions(units=2),
    "activation": _core.ActivationOptions(activation="linear"),
    "dropout": _core.DropoutOptions(rate=0.5),
    "distributed": _core.TimeDistributedOptions(layer=_core.DenseOptions(units=2)),
    "lstm": _core.LSTMOptions(units=2, return_sequences=True),
}


@pytest.mark.parametrize("name", KEEPS_MASK)
def test_masks_reach_the_loss(name):
    """The loss is the mean over the valid steps only."""
    rng = np.random.default_rng(0)
    mask = rng.random((6, 5)) < 0.5
    mask[0] = False
    x = np.where(mask[..., None], rng.standard_normal((6, 5, 2)), -1.0)
    layers = [_core.MaskingOptions(mask_value=-1.0), KEEPS_MASK[name]]
    network = tools.make_network(layers, [-1, 2])
    for index, (_, shape) in enumerate(network.parameters(1)):
        network.set_parameter(1, index, rng.standard_normal(shape))
    outputs = network.predict(x, batch_size=6)
    targets = rng.standard_normal(outputs.shape)
    expected, *_ = squared_error(outputs, targets, mask)
    loss, _, dx = network.gradients(x, targets)
    tools.assert_close(loss, expected)
    assert (dx[~mask] == 0).all()
    assert (dx[mask] != 0).any()


DROPS_MASK = {
    "flatten": (_core.FlattenOptions(), (5, 2)),
    "reshape": (_core.ReshapeOptions(target_shape=[5, 2]), (5, 2)),
    "last output": (_core.LSTMOptions(units=2), (-1, 2)),
}


@pytest.mark.parametrize("name", DROPS_MASK)
def test_masks_end_where_the_time_axis_does(name):
    rng = np.random.default_rng(0)
    layer, shape = DROPS_MASK[name]
    x = rng.standard_normal((6, 5, 2)) * (rng.random((6, 5, 1)) < 0.5)
    network = tools.make_network([_core.MaskingOptions(), layer], shape)
    outputs = network.predict(x, batch_size=6)
    targets = rng.standard_normal(outputs.shape)
    expected, *_ = squared_error(outputs, targets)
    tools.assert_close(network.gradients(x, targets)[0], expected)


@pytest.mark.parametrize("kind", [_core.LSTMOptions, _core.GRUOptions, _core.SimpleRNNOptions])
def test_padding_changes_nothing(kind):
    """More padding at the end: the same prediction, loss and gradients."""
    rng = np.random.default_rng(0)
    layers = [_core.MaskingOptions(), kind(units=5), _core.DenseOptions(units=2)]
    network = tools.make_network(layers, [-1, 3])
    for layer in (1, 2):
        for index, (_, shape) in enumerate(network.parameters(layer)):
            network.set_parameter(layer, index, rng.standard_normal(shape))
    x = rng.standard_normal((4, 6, 3))
    padded = np.concatenate([x, np.zeros((4, 3, 3))], axis=1)
    targets = rng.standard_normal((4, 2))
    tools.assert_close(network.predict(padded, batch_size=4), network.predict(x, batch_size=4))
    short, long = network.gradients(x, targets), network.gradients(padded, targets)
    tools.assert_close(long[0], short[0])
    tools.assert_close(long[2][:, :6], short[2])
    assert (long[2][:, 6:] == 0).all()
    for layer in (1, 2):
        for actual, expected in zip(long[1][layer], short[1][layer], strict=True):
            tools.assert_close(actual, expected)


def test_everything_masked():
    """Without valid steps, loss, gradients and output are 0, and nothing is NaN."""
    rng = np.random.default_rng(0)
    layers = [_core.MaskingOptions(), _core.LSTMOptions(units=3, return_sequences=True)]
    network = tools.make_network(layers, [-1, 2])
    for index, (_, shape) in enumerate(network.parameters(1)):
        network.set_parameter(1, index, rng.standard_normal(shape))
    x = np.zeros((4, 5, 2))
    targets = rng.standard_normal((4, 5, 3))
    assert (network.predict(x, batch_size=4) == 0).all()
    loss, gradients, dx = network.gradients(x, targets)
    assert loss == 0
    assert (dx == 0).all()
    assert all((gradient == 0).all() for gradient in gradients[1])
