"""Layers that are not recurrent, and losses, against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
from support import reference as ref
from support import tools
from support.examples import examples
from support.squared_error import run, squared_error

ACTIVATIONS = [*tools.BOUNDED, *tools.UNBOUNDED, "softmax"]


# ------------------------------------------------------------------------------------------ Dense


@examples(100)
@given(
    dtype=st.sampled_from(tools.DTYPES),
    batch=tools.SIZES,
    steps=st.sampled_from([None, 1, 3, 5]),
    features=tools.SIZES,
    units=tools.SIZES,
    activation=st.sampled_from(ACTIVATIONS),
    use_bias=st.booleans(),
    distributed=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_dense(dtype, batch, steps, features, units, activation, use_bias, distributed, seed):
    """On vectors, on every step of a sequence, and inside TimeDistributed."""
    rng = np.random.default_rng(seed)
    shapes = {"kernel": (features, units)}
    if use_bias:
        shapes["bias"] = (units,)
    weights = tools.random_weights(shapes, rng, dtype)
    x = tools.normal(rng, (batch, *([steps] if steps else []), features), dtype)
    targets = tools.normal(rng, (*x.shape[:-1], units), dtype)
    outputs, z = ref.dense(x, weights, activation)
    loss, derivative, loss_floor, floor = squared_error(outputs, targets)
    expected, dx = ref.dense_backward(x, weights, activation, z, derivative)

    layer = _core.DenseOptions(units=units, activation=activation, use_bias=use_bias)
    if distributed and steps:
        layer = _core.TimeDistributedOptions(layer=layer)
    network = tools.make_network([layer], x.shape[1:], dtype, {0: tools.ordered(weights)})
    x, targets = tools.contiguous(x, dtype), tools.contiguous(targets, dtype)
    tools.assert_close(network.predict(x, batch_size=7), outputs, dtype, "output")
    actual_loss, gradients, actual_dx = network.gradients(x, targets)
    tools.assert_close(actual_loss, loss, dtype, "loss", **loss_floor)
    tools.assert_close(actual_dx, dx, dtype, "gradient of x", **floor)
    for actual, wanted in zip(gradients[0], tools.ordered(expected), strict=True):
        tools.assert_close(actual, wanted, dtype, "gradient", **floor)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", tools.DTYPES)
def test_activation(activation, dtype):
    x = np.concatenate([np.linspace(-20, 20, 81), [-1e4, -3.0, 3.0, 1e4]]).reshape(5, 17)
    output = run(_core.ActivationOptions(activation=activation), x, dtype)
    expected = ref.activate(activation, x)
    tolerance = tools.TOLERANCE[dtype]
    np.testing.assert_allclose(output, expected, rtol=tolerance, atol=tolerance / 100)


@pytest.mark.parametrize(
    ("activation", "exact"),
    [("tanh", np.tanh), ("sigmoid", lambda z: 1 / (1 + np.exp(-z)))],
)
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 2.5), ("float64", 5.0)])
def test_functions_are_exact_to_a_few_units_in_the_last_place(activation, exact, dtype, bound):
    """From the smallest argument to where the function reaches its limit, with both signs."""
    size = np.concatenate([np.logspace(-37, 0, 100_001), np.linspace(0, 80, 400_001)])
    z = np.concatenate([size, -size]).astype(dtype)
    y = run(_core.ActivationOptions(activation=activation), z[:, None], dtype)[:, 0]
    expected = exact(z.astype(np.longdouble))
    unit = np.spacing(np.abs(expected).astype(dtype))
    errors = np.abs(y - expected) / unit
    worst = int(errors.argmax())
    assert errors[worst] <= bound, f"{activation}({z[worst]!r}) = {y[worst]!r}"


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3)])
def test_a_layer_is_not_run_on_nothing(shape):
    network = tools.make_network([_core.LSTMOptions(units=2)], (4, 3), "float64")
    with pytest.raises(ValueError, match="at least one number"):
        network.run_layer(0, np.zeros(shape))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", tools.DTYPES)
def test_what_is_not_a_number_stays_none(activation, dtype):
    """The sum of inf and -inf must not become one, though a comparison with NaN is false."""
    largest = np.finfo(dtype).max
    layers = [
        _core.DenseOptions(units=2, use_bias=False),
        _core.DenseOptions(units=17, activation=activation, use_bias=False),
    ]
    weights = {0: [np.array([[largest, -largest]])], 1: [np.ones((2, 17))]}
    network = tools.make_network(layers, (1,), dtype, weights)
    assert np.isnan(network.predict(np.full((3, 1), 10, dtype), batch_size=3)).all()


# ------------------------------------------------------------------------------------------ losses


@examples(100)
@given(
    kind=st.sampled_from(
        [
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
            "binary_crossentropy",
            "mean_squared_error",
            "mean_absolute_error",
            "huber",
        ]
    ),
    fused=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.2]),
    dtype=st.sampled_from(tools.DTYPES),
    batch=tools.SIZES,
    steps=st.sampled_from([None, 1, 4]),
    width=st.sampled_from([2, 3, 17, 33]),
    weighting=st.sampled_from(["none", "samples", "steps"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_losses(kind, fused, smoothing, dtype, batch, steps, width, weighting, seed):
    """Loss and gradient by x for a linear activation, or for the softmax or sigmoid that the loss
    is fused with; the same results from logits.
    """
    rng = np.random.default_rng(seed)
    lead = (batch, steps) if steps else (batch,)
    x = tools.normal(rng, (*lead, width), dtype)
    options = {"delta": 0.7} if kind == "huber" else {}
    classes = rng.integers(0, width, lead)
    targets = np.eye(width)[classes]
    activation = "linear"
    if "crossentropy" in kind:
        activation = "sigmoid" if kind.startswith("binary") else "softmax"
        options = {"from_logits": not fused}
        activation = activation if fused else "linear"
    if kind in ("categorical_crossentropy", "binary_crossentropy"):
        options["label_smoothing"] = smoothing
        binary = kind.startswith("binary")
        smooth = ref.smooth_labels(targets, smoothing, binary)
    else:
        smooth = targets = targets if "sparse" in kind else tools.normal(rng, x.shape, dtype)

    function = {
        "categorical_crossentropy": ref.softmax_cross_entropy,
        "sparse_categorical_crossentropy": ref.softmax_cross_entropy,
        "binary_crossentropy": ref.sigmoid_cross_entropy,
        "mean_squared_error": ref.mean_squared_error,
        "mean_absolute_error": ref.mean_absolute_error,
        "huber": lambda t, p: ref.huber(t, p, 0.7),
    }[kind]
    shape = {"none": None, "samples": lead[:1], "steps": lead}[weighting]
    weight = None if shape is None else rng.uniform(0, 2, shape).astype(dtype)
    losses, derivative = function(smooth, x)
    loss, scale = ref.weighted_mean(losses, weight)

    layer = _core.ActivationOptions(activation=activation)
    network = tools.make_network(
        [layer], x.shape[1:], dtype, loss=_core.LossOptions(kind=kind, **options)
    )
    y = classes if "sparse" in kind else targets
    actual_loss, _, dx = network.gradients(
        tools.contiguous(x, dtype), tools.contiguous(y, dtype), weight
    )
    tools.assert_close(actual_loss, loss, dtype, "loss")
    floor = float(np.abs(scale).max()) * (1 if activation == "softmax" else 1 / width)
    tools.assert_close(dx, derivative * scale[..., None], dtype, "gradient", floor)


# ------------------------------------------------------------------------------ moving numbers


@pytest.mark.parametrize("dtype", tools.DTYPES)
def test_shapes_and_order(dtype):
    x = np.arange(2 * 3 * 4, dtype=dtype).reshape(2, 3, 4)
    np.testing.assert_array_equal(run(_core.FlattenOptions(), x, dtype), x.reshape(2, 12))
    for target in ([4, 3], [12], [2, 2, 3], [6, -1], [-1, 2]):
        expected = x.reshape(2, *target)
        layer = _core.ReshapeOptions(target_shape=target)
        np.testing.assert_array_equal(run(layer, x, dtype), expected)
    flat = x.reshape(2, 12)
    np.testing.assert_array_equal(
        run(_core.RepeatVectorOptions(n=5), flat, dtype), np.repeat(flat[:, None], 5, axis=1)
    )
    np.testing.assert_array_equal(run(_core.ReshapeOptions(target_shape=[3, 4]), flat, dtype), x)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (_core.FlattenOptions(), (3, 4)),
        (_core.ReshapeOptions(target_shape=[4, 3]), (3, 4)),
        (_core.ReshapeOptions(target_shape=[2, -1]), (12,)),
        (_core.ReshapeOptions(target_shape=[12]), (3, 4)),
        (_core.RepeatVectorOptions(n=3), (4,)),
        (_core.TimeDistributedOptions(layer=_core.RepeatVectorOptions(n=3)), (5, 4)),
        (_core.TimeDistributedOptions(layer=_core.FlattenOptions()), (5, 4, 2)),
    ],
)
def test_gradients_move_as_the_numbers_do(layer, shape):
    """Each output is one input, so d loss/dx gathers the derivatives at its copies."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, *shape))
    network = tools.make_network([layer], shape)
    outputs = network.run_layer(0, x)[0]
    targets = rng.standard_normal(outputs.shape)
    _, derivative, _, floor = squared_error(outputs, targets)
    places = network.run_layer(0, np.arange(x.size, dtype=float).reshape(x.shape))[0]
    expected = np.zeros(x.size)
    np.add.at(expected, places.astype(int).ravel(), derivative.ravel())
    tools.assert_close(network.gradients(x, targets)[2], expected.reshape(x.shape), **floor)


# --------------------------------------------------------------------------------------- Embedding


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedding(dtype, mask_zero):
    rng = np.random.default_rng(0)
    table = tools.normal(rng, (7, 3), dtype)
    ids = rng.integers(0, 7, (5, 6))
    ids[2] = 0
    mask = ids != 0 if mask_zero else None
    outputs = table[ids]
    targets = tools.normal(rng, outputs.shape, dtype)
    loss, derivative, _, floor = squared_error(outputs, targets, mask)
    expected = np.zeros_like(table)
    np.add.at(expected, ids, derivative)

    layer = _core.EmbeddingOptions(input_dim=7, output_dim=3, mask_zero=mask_zero)
    network = tools.make_network([layer], [-1], dtype, {0: [table]})
    ids, targets = tools.contiguous(ids, dtype), tools.contiguous(targets, dtype)
    np.testing.assert_array_equal(network.predict(ids, batch_size=2), outputs)
    actual, gradients, _ = network.gradients(ids, targets)
    tools.assert_close(actual, loss, dtype)
    tools.assert_close(gradients[0][0], expected, dtype, **floor)


@pytest.mark.parametrize("value", [7.0, -1.0, 2.5])
def test_embedding_refuses_what_is_no_id(value):
    layer = _core.EmbeddingOptions(input_dim=7, output_dim=3)
    network = tools.make_network([layer], [-1])
    with pytest.raises(ValueError, match="from 0 to 6"):
        network.predict(np.array([[1.0, value]]), batch_size=1)


# ----------------------------------------------------------------------------------------- Dropout


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout(dtype, rate):
    layer = _core.DropoutOptions(rate=rate)
    network = tools.make_network([layer], [40, 7], dtype)
    x = np.ones((50, 40, 7), dtype)
    np.testing.assert_array_equal(network.run_layer(0, x)[0], x)

    factors = network.run_layer(0, x, training=True)[0]
    kept = factors != 0
    np.testing.assert_allclose(factors[kept], 1 / (1 - rate), rtol=1e-6)
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / kept.size)
    again = network.run_layer(0, x, training=True)[0]
    assert (again != factors).any(), "the same mask twice"
    for axis in range(3):
        assert not (kept == kept.take([0], axis)).all()

    # The gradient goes through factors of the training's own stream.
    targets = np.zeros_like(x)
    loss, _, dx = network.gradients(x, targets, training=True)
    factors = np.where(dx != 0, factors.max(), 0)
    assert abs((factors != 0).mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    expected, derivative, _, floor = squared_error(factors.astype(float), targets)
    tools.assert_close(loss, expected, dtype)
    tools.assert_close(dx, derivative * factors, dtype, **floor)


@pytest.mark.parametrize("rows", [(0, 3), (3, 9), (8, 9)])
def test_dropout_depends_on_the_row_alone(rows):
    """A row's mask is the same in a larger batch."""
    network = tools.make_network([_core.DropoutOptions(rate=0.5)], [7])
    x = np.ones((9, 7))
    whole = network.run_layer(0, x, training=True)[0]
    network.layer_draws = 0
    part = network.run_layer(0, x[: rows[1]], training=True)[0]
    np.testing.assert_array_equal(part[rows[0] :], whole[rows[0] : rows[1]])
