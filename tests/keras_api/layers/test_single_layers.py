"""Layers by themselves: called, configured and traced without a model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echocell import layers
from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Layer,
    Masking,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential
from support.classifiers import RNG, F, N, T, X, assert_all_equal

pytestmark = pytest.mark.usefixtures("fresh_process")


LAYERS = {
    "lstm": (lambda: LSTM(4), (N, 4)),
    "lstm sequences": (lambda: LSTM(4, return_sequences=True, go_backwards=True), (N, T, 4)),
    "lstm peephole": (lambda: LSTM(4, "relu", peephole=True, coupled=True), (N, 4)),
    "gru": (lambda: GRU(4, reset_after=False), (N, 4)),
    "simple rnn": (lambda: SimpleRNN(4, use_bias=False), (N, 4)),
    "dense": (lambda: Dense(7, "relu"), (N, T, 7)),
    "dense l2": (lambda: Dense(7, kernel_regularizer="l2"), (N, T, 7)),
    "time distributed": (lambda: TimeDistributed(Dense(2, activation="softmax")), (N, T, 2)),
    "bidirectional": (lambda: Bidirectional(LSTM(4)), (N, 8)),
    "bidirectional sum": (
        lambda: Bidirectional(GRU(4, return_sequences=True), merge_mode="sum"),
        (N, T, 4),
    ),
    "bidirectional pair": (
        lambda: Bidirectional(LSTM(4), backward_layer=GRU(3, go_backwards=True)),
        (N, 7),
    ),
    "flatten": (lambda: Flatten(), (N, T * F)),
    "reshape": (lambda: Reshape((F, -1)), (N, F, T)),
    "activation": (lambda: Activation("tanh"), (N, T, F)),
    "dropout": (lambda: Dropout(0.5), (N, T, F)),
    "masking": (lambda: Masking(), (N, T, F)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_alone_is_the_layer_in_a_model(name: str) -> None:
    make, shape = LAYERS[name]
    layer = make()
    alone = layer(X)
    assert alone.shape == shape
    weights = layer.get_weights()
    model = Sequential([Input((T, F)), layer])
    assert_all_equal(model.get_weights(), weights)
    np.testing.assert_allclose(model.predict(X), alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer(X), alone, rtol=1e-5, atol=1e-6)
    assert model.output_shape == layer.output_shape == (None, *shape[1:])


@pytest.mark.parametrize("name", LAYERS)
def test_configuration_of_layers(name: str) -> None:
    layer: Layer = LAYERS[name][0]()
    config = json.loads(json.dumps(layers.serialize(layer)))
    again = layers.deserialize(config)
    assert type(again) is type(layer)
    assert layers.serialize(again) == config
    weights_of = [w.shape for w in (layer(X) is not None and layer.get_weights())]
    again(X)
    assert [w.shape for w in again.get_weights()] == weights_of


def test_repeat_vector_and_embedding_alone() -> None:
    x = X[:, 0]
    np.testing.assert_array_equal(RepeatVector(4)(x), np.repeat(x[:, None], 4, axis=1))
    embedding = Embedding(9, 3, mask_zero=True)
    ids = RNG.integers(0, 9, (N, T))
    np.testing.assert_array_equal(embedding(ids), embedding.embeddings[ids])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64", "list"])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedding_takes_whole_numbers_of_any_type(dtype: str, mask_zero: bool) -> None:
    ids = RNG.integers(0, 9, (N, T))
    given = ids.astype(float).tolist() if dtype == "list" else ids.astype(dtype)
    model = Sequential([Embedding(9, 3, mask_zero=mask_zero), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(given, np.ones(N), verbose=0)
    np.testing.assert_array_equal(model.predict(given), model.predict(ids))
    assert model.evaluate(given, np.ones(N), verbose=0) == model.evaluate(
        ids, np.ones(N), verbose=0
    )
    layer = model.layers[0]
    np.testing.assert_array_equal(layer(given), layer.get_weights()[0][ids])
    inner = Sequential([Input((T, 1)), Flatten(), Embedding(9, 3)])
    inner.set_weights(layer.get_weights())
    columns = ids.astype(np.float32)[..., None]
    np.testing.assert_array_equal(inner.predict(columns), layer.get_weights()[0][ids])


def test_dropout_is_for_training() -> None:
    layer = Dropout(0.5)
    np.testing.assert_array_equal(layer(X), X)
    dropped = layer(X, training=True)
    assert 0.2 < np.mean(dropped == 0) < 0.8
    np.testing.assert_allclose(dropped[dropped != 0], 2 * X[dropped != 0])


def test_return_state_and_initial_state() -> None:
    layer = LSTM(4, return_sequences=True, return_state=True)
    output, h, c = layer(X)
    assert output.shape == (N, T, 4)
    np.testing.assert_array_equal(output[:, -1], h)
    _, h2, c2 = layer(X[:, :2])
    rest, h3, c3 = layer(X[:, 2:], initial_state=[h2, c2])
    np.testing.assert_allclose(rest, output[:, 2:], atol=1e-6)
    np.testing.assert_allclose([h3, c3], [h, c], atol=1e-6)
    both = Bidirectional(GRU(3, return_state=True))
    output, forward, backward = both(X)
    np.testing.assert_array_equal(output, np.concatenate([forward, backward], axis=1))


def test_trace_shows_the_gates() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F), return_sequences=True), LSTM(2)])
    traced = model.layers[0].trace(X)
    assert {"i", "f", "o", "c", "h"} <= traced.keys()
    assert all(values.shape == (N, T, 4) for values in traced.values())
    np.testing.assert_allclose(traced["h"], model.layers[0](X), atol=1e-6)
    assert ((traced["i"] >= 0) & (traced["i"] <= 1)).all()
    second = model.layers[1].trace(traced["h"])
    np.testing.assert_allclose(second["h"][:, -1], model.predict(X), atol=1e-6)
    assert Bidirectional(LSTM(2))(X).shape == (N, 4)
    both = Bidirectional(LSTM(2))
    assert "forward_i" in both.trace(X)


def test_wrapped_layers_show_their_weights() -> None:
    both = Bidirectional(LSTM(4))
    both(X)
    forward, backward = both.forward_layer, both.backward_layer
    assert_all_equal([*forward.get_weights(), *backward.get_weights()], both.get_weights())
    np.testing.assert_array_equal(backward.kernel, both.get_weights()[3])
    new = [w + 1 for w in backward.get_weights()]
    backward.set_weights(new)
    assert_all_equal(both.get_weights()[3:], new)
    steps = TimeDistributed(Dense(2))
    steps(X)
    np.testing.assert_array_equal(steps.layer.kernel, steps.get_weights()[0])
    assert steps.layer.count_params() == steps.count_params() == 8
