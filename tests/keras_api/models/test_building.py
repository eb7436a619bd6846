"""When a model gets its weights: from data, from another model, from a file."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    MemoryBlocks,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential, load_model

pytestmark = pytest.mark.usefixtures("fresh_process")

N, T, F, C = 6, 5, 3, 2


def data(features: int = F, steps: int = T) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(features)
    return rng.random((N, steps, features)), rng.random((N, C))


CHAINS: dict[str, Callable[[], list[Layer]]] = {
    "lstm": lambda: [LSTM(4), Dense(C)],
    "two": lambda: [GRU(4, return_sequences=True), SimpleRNN(3), Dense(C)],
    "fixed steps": lambda: [Dense(4), Flatten(), Dense(C)],
    "wrappers": lambda: [
        Masking(),
        TimeDistributed(Dense(4)),
        Bidirectional(LSTM(3, dropout=0.2)),
        Dense(C),
    ],
    "blocks": lambda: [MemoryBlocks(2, 2), Dropout(0.2), Dense(C), Activation("tanh")],
    "repeat": lambda: [LSTM(4), RepeatVector(2), LSTM(3), Dense(C)],
}

VERBS: dict[str, Callable[[Sequential, Any, Any], Any]] = {
    "predict": lambda m, x, y: m.predict(x),
    "call": lambda m, x, y: m(x),
    "predict_on_batch": lambda m, x, y: m.predict_on_batch(x),
    "evaluate": lambda m, x, y: m.evaluate(x, y, verbose=0),
    "test_on_batch": lambda m, x, y: m.test_on_batch(x, y),
    "fit": lambda m, x, y: m.fit(x, y, verbose=0),
    "train_on_batch": lambda m, x, y: m.train_on_batch(x, y),
    "gradients": lambda m, x, y: m.gradients(x, y),
    "trace": lambda m, x, y: m.trace(x, layer=0),
}


def waiting(chain: str) -> Sequential:
    model = Sequential(CHAINS[chain]())
    model.compile("sgd", "mse")
    return model


def is_waiting(model: Sequential) -> bool:
    return (
        not model.built
        and model.weights == model.get_weights() == []
        and not any(layer.built for layer in model.layers)
    )


# ---- from data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("chain", CHAINS)
def test_data_build_what_waits(chain: str, verb: str) -> None:
    model = waiting(chain)
    assert is_waiting(model)
    x, y = data()
    result = VERBS[verb](model, x, y)
    assert model.built
    if verb in ("predict", "call", "predict_on_batch"):
        told = Sequential([Input((T, F)), *CHAINS[chain]()])
        told.set_weights(model.get_weights())
        np.testing.assert_allclose(result, told.predict(x), rtol=1e-5, atol=1e-6)


def test_a_step_builds() -> None:
    model = Sequential([LSTM(4, return_sequences=True), LSTM(C)])
    x, _ = data()
    steps = [model.step(x[:, t]) for t in range(T)]
    assert model.input_shape == (None, None, F)
    np.testing.assert_allclose(steps[-1], model.predict(x), rtol=1e-5, atol=1e-6)
    refused = Sequential([Bidirectional(LSTM(4))])
    for wrong in (x[:, 0], x, 3.0):
        with pytest.raises(ValueError, match=r"step|x: expected"):
            refused.step(wrong)
    other = Sequential([LSTM(4)])
    with pytest.raises(ValueError, match="NaN"):
        other.step(np.full((2, F), np.nan))
    assert is_waiting(other)


@given(
    chain=st.sampled_from(sorted(CHAINS)),
    verb=st.sampled_from(sorted(VERBS)),
    fault=st.sampled_from(["nan", "targets", "text", "empty", "axes"]),
    features=st.integers(1, 4),
)
def test_data_that_do_not_fit_leave_it_waiting(
    chain: str, verb: str, fault: str, features: int
) -> None:
    model = waiting(chain)
    x, y = data(features)
    bad_x, bad_y = {
        "nan": (np.where(x > 0.5, np.nan, x), y),
        "targets": (x, np.ones((N, C + 1))),
        "text": (np.full(x.shape, "a"), y),
        "empty": (x[:0], y[:0]),
        "axes": (np.ones((N, 2, 2, 2, 2)), y),
    }[fault]
    if (fault, chain) == ("axes", "fixed steps"):
        return  # which takes them
    if fault == "targets" and verb in ("predict", "predict_on_batch", "call", "trace"):
        return  # which have none
    with pytest.raises((TypeError, ValueError)):
        VERBS[verb](model, bad_x, bad_y)
    assert is_waiting(model)
    other, y = data(features + 1)
    VERBS[verb](model, other, y)
    assert model.input_shape[-1] == features + 1


def test_what_fails_to_build_is_as_before() -> None:
    model = Sequential([Dense(3), LSTM(4)])
    with pytest.raises(ValueError, match="lstm"):
        model.build((None, 5))  # accepted by Dense, but not by LSTM
    assert is_waiting(model)
    model.build((None, T, 7))
    assert model.output_shape == (None, 4)
    empty = Sequential()
    with pytest.raises(ValueError, match="lstm"):
        empty.add(LSTM(4, input_shape=(5,)))
    assert not hasattr(empty, "input_shape")
    inner = Dense(3)
    weights = inner(np.ones((2, F))) is not None and inner.get_weights()
    wrapped = Sequential([TimeDistributed(inner), LSTM(4, return_sequences=True), Flatten()])
    with pytest.raises(ValueError, match="finite"):
        wrapped.predict(np.full((2, T, F), np.nan))
    np.testing.assert_array_equal(inner.get_weights()[0], weights[0])
    layer = LSTM(4)
    with pytest.raises(ValueError, match="finite"):
        layer(np.full((2, T, F), np.inf))
    assert not layer.built


# ---- before it is built --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [Sequential, lambda: Sequential([LSTM(4)]), lambda: LSTM(3), lambda: Bidirectional(LSTM(3))],
)
def test_before_there_are_shapes(make: Callable[[], Any]) -> None:
    thing = make()
    for name in ("input_shape", "output_shape"):
        assert not hasattr(thing, name)
        assert getattr(thing, name, None) is None
        with pytest.raises(AttributeError, match="does not know the shape of its input"):
            getattr(thing, name)
    assert thing.weights == thing.trainable_weights == thing.get_weights() == []
    thing.set_weights(thing.get_weights())
    thing.set_weights(iter(()))
    with pytest.raises(ValueError, match=r"the shape of its input|has no layers"):
        thing.set_weights([np.ones(3)])


def test_one_layer_is_a_model() -> None:
    model = Sequential(LSTM(3))
    assert model.predict(np.ones((2, T, F))).shape == (2, 3)
    assert Sequential(LSTM(3, input_shape=(T, F))).output_shape == (None, 3)
    with pytest.raises(TypeError):
        Sequential(3)


# ---- layers of other models --------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:layer .* already belongs")
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("chain", CHAINS)
def test_the_layers_of_a_trained_model(chain: str, told: bool) -> None:
    x, y = data()
    trained = Sequential([*([Input((T, F))] if told else []), *CHAINS[chain]()])
    trained.compile("adam", "mse")
    trained.fit(x, y, verbose=0)
    features = Sequential(trained.layers[:-1])
    before = np.random.get_state()[1].copy()
    assert len(features.weights) == len(features.get_weights())
    for ours, theirs in zip(features.layers, trained.layers, strict=False):
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert np.array_equal(before, np.random.get_state()[1])
    with pytest.raises(ValueError, match="expected"):
        features.predict(np.ones((N, T, F + 1)))
    inner = features.predict(x)
    last = trained.layers[-1]
    np.testing.assert_allclose(last(inner), trained.predict(x), rtol=1e-5, atol=1e-6)


# ---- loading draws no random numbers -----------------------------------------------------------


@pytest.mark.parametrize("chain", CHAINS)
def test_copies_draw_nothing(chain: str, tmp_path: Path, monkeypatch) -> None:
    x, y = data()
    model = waiting(chain)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model")
    pickled = pickle.dumps(model)

    def refuse(*_: object) -> None:
        raise AssertionError("initial weights are drawn")

    before = np.random.get_state()[1].copy()
    with monkeypatch.context() as patch:
        patch.setattr(Layer, "_draw_one", refuse)
        for kind in (LSTM, MemoryBlocks):
            patch.setattr(kind, "_draw_one", refuse)
        copies = [
            load_model(tmp_path / "model"),
            load_model(tmp_path / "model", compile=False),
            pickle.loads(pickled),
            copy.deepcopy(model),
        ]
        layers = [copy.deepcopy(layer) for layer in model.layers]
    assert np.array_equal(before, np.random.get_state()[1])
    expected = model.predict(x)
    for other in copies:
        np.testing.assert_array_equal(other.predict(x), expected)
    for other in layers:
        x = other(x)
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)


def test_a_file_with_the_weights_of_other_layers() -> None:
    from echocell.models import saving

    model = Sequential([Input((T, F)), LSTM(4)])
    tensors, content = saving.describe(model)
    for names in (content["weights"][:-1], [*content["weights"], content["weights"][0]]):
        with pytest.raises(ValueError, match="weight"):
            saving.restore(Sequential, tensors, {**content, "weights": names}, "a file")
    strange = {**tensors, "weights/none/kernel": np.ones(3, "float32")}
    names = [*content["weights"], "weights/none/kernel"]
    with pytest.raises(ValueError, match="weight"):
        saving.restore(Sequential, strange, {**content, "weights": names}, "a file")


# ---- reading has no side effects ---------------------------------------------------------------


LOOKS: dict[str, Callable[[Layer, Any], Any]] = {
    "trace": lambda layer, x: layer.trace(x),
    "call": lambda layer, x: layer(x),
    "training": lambda layer, x: layer(x, training=True),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_looking_does_not_change_the_training(look: str, dtype: str) -> None:
    x, y = data()

    def trained(looks: bool) -> list[np.ndarray]:
        np.random.seed(1)
        layers = [LSTM(4, dropout=0.2, recurrent_dropout=0.2, input_shape=(T, F)), Dense(C)]
        model = Sequential(layers, dtype=dtype)
        model.compile("adam", "mse")
        for _ in range(3):
            model.fit(x, y, batch_size=2, verbose=0)
            if looks:
                LOOKS[look](model.layers[0], x)
                model.get_weights()
                model.predict(x)
        return model.get_weights()

    for a, b in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_layer_in_training_draws_from_a_stream_of_its_own() -> None:
    layer = Dropout(0.5)
    x = np.ones((4, 50))
    first, second = layer(x, training=True), layer(x, training=True)
    assert (first != second).any()
    again = copy.deepcopy(layer)
    np.testing.assert_array_equal(layer(x, training=True), again(x, training=True))


# ---- states --------------------------------------------------------------------------------------


STATEFUL: dict[str, tuple[Callable[[], Any], list[tuple[int, int]]]] = {
    "lstm": (lambda: LSTM(3, stateful=True), [(2, 3)] * 2),
    "gru": (lambda: GRU(3, stateful=True), [(2, 3)]),
    "blocks": (lambda: MemoryBlocks(3, gates="io", stateful=True), [(2, 9), (2, 3)]),
    "both": (lambda: Bidirectional(LSTM(3, stateful=True)), [(2, 3)] * 4),
}


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("in_model", [False, True])
def test_states_of_a_built_stateful_layer_are_zeros(name: str, in_model: bool) -> None:
    make, shapes = STATEFUL[name]
    layer = make()
    assert layer.states == []
    if in_model:
        Sequential([Input(batch_shape=(2, T, F)), layer])
    else:
        layer.build((2, T, F))
    assert layer.input_shape == (2, T, F)
    assert [state.shape for state in layer.states] == shapes
    assert not any(state.any() for state in layer.states)
    assert {state.dtype for state in layer.states} == {np.dtype("float32")}


def test_states_without_a_batch_size() -> None:
    layer = LSTM(3, stateful=True)
    layer.build((None, T, F))
    assert layer.states == [None, None]
    fixed = LSTM(3, stateful=True)
    fixed.build((2, T, F))
    with pytest.raises(ValueError, match="batches of 2 samples, received 3"):
        fixed(np.ones((3, T, F)))
    assert not any(state.any() for state in fixed.states)
    fixed(np.ones((2, T, F)))
    assert all(state.any() for state in fixed.states)
    plain = LSTM(3)
    plain.build((2, T, F))
    assert plain(np.ones((4, T, F))).shape == (4, 3)


def test_ids_wait_too() -> None:
    model = Sequential([Embedding(5, 3), Flatten(), Dense(C)])
    with pytest.raises(ValueError, match="Embedding"):
        model.predict(np.full((2, T), 9))
    assert not model.built
    assert model.predict(np.ones((2, T), int)).shape == (2, C)
