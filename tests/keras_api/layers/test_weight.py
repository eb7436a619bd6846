"""Weights as attributes: read-only arrays with the interface of a Keras variable."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import GRU, LSTM, Bidirectional, Dense, Embedding, TimeDistributed
from echocell.models import Sequential

LAYERS = {
    "dense": lambda: Dense(3),
    "gru": lambda: GRU(3),
    "bidirectional": lambda: Bidirectional(LSTM(2), name="both"),
    "time_distributed": lambda: TimeDistributed(Dense(2, name="inner"), name="steps"),
}


def model_with(kind: str) -> Sequential:
    model = Sequential([LAYERS[kind](), Dense(1)])
    model.build((None, 4, 2))
    return model


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_are_get_weights_with_names(kind: str) -> None:
    model = model_with(kind)
    weights, values = model.weights, model.get_weights()
    assert len(weights) == len(values)
    for weight, value in zip(weights, values, strict=True):
        np.testing.assert_array_equal(weight, value)
        assert weight.dtype == value.dtype
    for layer in model.layers:
        names = [weight.name for weight in layer.weights]
        assert [weight.path for weight in layer.weights] == [f"{layer.name}/{n}" for n in names]
        assert len(set(names)) == len(names)
        assert all(name.endswith(("kernel", "bias")) for name in names)


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_cannot_be_changed_through_their_copy(kind: str) -> None:
    model = model_with(kind)
    for weight in [*model.weights, *model.trainable_weights, model.layers[1].kernel]:
        with pytest.raises(ValueError, match="read-only"):
            weight[...] = 0
        with pytest.raises(ValueError, match="read-only"):
            weight *= 2


@given(data=st.data(), kind=st.sampled_from(sorted(LAYERS)))
def test_assign_sets_one_weight_alone(data: st.DataObject, kind: str) -> None:
    model = model_with(kind)
    expected = model.get_weights()
    k = data.draw(st.integers(0, len(expected) - 1))
    weight = model.weights[k]
    expected[k] = np.full_like(expected[k], 0.5)
    weight.assign(expected[k].tolist())
    for value, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(value, wanted)
    np.testing.assert_array_equal(weight.numpy(), expected[k])
    np.testing.assert_array_equal(weight.value, expected[k])
    assert weight.value.path == weight.path


def test_weights_of_inner_layers() -> None:
    model = model_with("bidirectional")
    model.layers[0].backward_layer.kernel.assign(np.ones((2, 8)))
    np.testing.assert_array_equal(model.get_weights()[3], np.ones((2, 8)))
    assert model.layers[0].forward_layer.kernel.path.endswith("/forward_kernel")


def test_a_weight_is_read_again_after_training() -> None:
    model = model_with("gru")
    model.compile("sgd", "mse")
    weight = model.layers[1].kernel
    before = weight.numpy()
    model.fit(np.ones((2, 4, 2)), np.ones(2), verbose=0)
    np.testing.assert_array_equal(weight, before)
    np.testing.assert_array_equal(weight.numpy(), model.get_weights()[-2])
    assert (weight.numpy() != before).any()


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ones(3), ValueError, r"layer 'out': kernel: expected shape \(2, 1\), received \(3,\)"),
        (np.full((2, 1), np.nan), ValueError, "finite"),
        ("a", TypeError, "expected numbers"),
        (None, TypeError, "expected an array"),
    ],
)
def test_assign_refuses_what_does_not_fit(value, error, message) -> None:
    layer = Dense(1, name="out")
    layer.build((None, 2))
    before = layer.get_weights()
    with pytest.raises(error, match=message):
        layer.kernel.assign(value)
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_what_is_made_from_a_weight_is_a_plain_array() -> None:
    layer = Embedding(5, 2)
    layer.build((None, 3))
    weight = layer.embeddings
    plain = [weight[1], weight[:, :1], weight + 1, weight @ np.ones((2, 2)), np.exp(weight)]
    plain += [np.concatenate([weight, weight]), weight.mean(axis=0), pickle.loads(_pickled(weight))]
    assert {type(array) for array in plain} == {np.ndarray}
    assert type(weight.sum()) is type(weight[0, 0]) is np.float32
    for array in (weight.T, weight.reshape(-1), weight.copy(), copy.deepcopy(weight)):
        np.testing.assert_array_equal(array.numpy(), np.asarray(array))
        with pytest.raises(AttributeError, match="expected a weight of a layer"):
            _ = array.name
        with pytest.raises(AttributeError, match="expected a weight of a layer"):
            array.assign(np.zeros(array.shape))
    changed = weight.copy()
    changed[:] = 0
    assert weight.any()


def _pickled(weight: np.ndarray) -> bytes:
    return pickle.dumps(weight)


def test_layers_that_are_not_built_have_none() -> None:
    layer = Dense(2)
    assert (layer.weights, layer.trainable_weights, layer.kernel) == ([], [], None)
