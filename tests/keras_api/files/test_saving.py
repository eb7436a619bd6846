"""Saving and loading: everything is restored, and training continues with the same bits."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import initializers, models, optimizers
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
    Masking,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.losses import CategoricalCrossentropy
from echocell.metrics import TopKCategoricalAccuracy
from echocell.models import Sequential, load_model, saving

N, T, F, C = 12, 5, 3, 4
RNG = np.random.default_rng(4)
X = RNG.normal(size=(N, T, F))
Y = np.eye(C)[RNG.integers(0, C, N)]


@pytest.fixture(autouse=True)
def seeded() -> None:
    np.random.seed(21)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def network(dtype: str = "float32", optimizer: Any = "adam") -> Sequential:
    """Makes a model with all kinds of random numbers: shuffling and both kinds of dropout."""
    model = Sequential(
        [
            LSTM(6, input_shape=(T, F), dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
            GRU(5, kernel_regularizer="l2"),
            Dropout(0.3),
            Dense(C, activation="softmax"),
        ],
        dtype=dtype,
    )
    model.compile(optimizer, "categorical_crossentropy", metrics=["acc"])
    return model


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, decay=1e-2),
    "rmsprop": lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    "adam": lambda: optimizers.Adam(0.01, clipnorm=1.0),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "adagrad": lambda: optimizers.Adagrad(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_goes_on_to_the_bit(path: Path, name: str, dtype: str) -> None:
    model = network(dtype, OPTIMIZERS[name]())
    model.fit(X, Y, batch_size=5, epochs=3, verbose=0)
    model.optimizer.learning_rate = 0.0123
    model.save(path)
    np.random.seed(99)  # must have no effect
    loaded = load_model(path)
    assert loaded.dtype == dtype
    assert float(loaded.optimizer.learning_rate) == 0.0123
    assert loaded.optimizer.iterations == model.optimizer.iterations == 9
    for each in (model, loaded):
        each.history = each.fit(X, Y, batch_size=5, epochs=3, verbose=0)
    assert loaded.history.history == model.history.history
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_carried_states_come_back(path: Path) -> None:
    model = Sequential([LSTM(4, batch_input_shape=(3, None, F), stateful=True), Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, np.ones(N), shuffle=False, verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert loaded.input_shape == (3, None, F)
    np.testing.assert_array_equal(loaded.get_states()[0], model.get_states()[0])
    np.testing.assert_array_equal(loaded.predict(X[:3, :2]), model.predict(X[:3, :2]))
    fitted = [each.fit(X, np.ones(N), shuffle=False, verbose=0) for each in (model, loaded)]
    assert fitted[0].history == fitted[1].history


def test_every_layer_comes_back(path: Path) -> None:
    model = Sequential(
        [
            Input((T,)),
            Embedding(9, 6, mask_zero=True),
            Bidirectional(LSTM(3, peephole=True, gates="io", return_sequences=True), "ave"),
            Bidirectional(
                GRU(3, return_sequences=True),
                backward_layer=SimpleRNN(2, go_backwards=True, return_sequences=True),
            ),
            TimeDistributed(Dense(4, kernel_initializer=initializers.RandomNormal(stddev=0.1))),
            LSTM(3, coupled=True, activation="softsign", name="mine"),
            RepeatVector(4),
            Masking(0.5),
            Reshape((2, -1)),
            Activation("relu"),
            Flatten(),
            Dropout(0.1, seed=3),
            Dense(2, trainable=False),
        ]
    )
    model.save(path)
    loaded = load_model(path)
    ids = RNG.integers(0, 9, (N, T))
    np.testing.assert_array_equal(loaded.predict(ids), model.predict(ids))
    assert loaded.get_config() == model.get_config()
    assert loaded.get_layer("mine").coupled
    assert not loaded.layers[-1].trainable
    assert loaded.optimizer is None


def test_what_was_compiled_comes_back(path: Path) -> None:
    model = network()
    model.compile(
        optimizers.RMSprop(0.02, rho=0.8),
        CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["acc", TopKCategoricalAccuracy(k=2, name="top")],
    )
    model.fit(X, Y, verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert loaded.metrics_names == ["loss", "acc", "top"]
    assert loaded.optimizer.rho == 0.8
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_without_the_optimizer(path: Path) -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(path, include_optimizer=False)
    assert load_model(path).optimizer is None
    model.save(path)
    assert load_model(path, compile=False).optimizer is None


def test_metadata_of_the_user(path: Path) -> None:
    model = network()
    model.metadata["scaler"] = {"low": 1.5, "names": ["a", "b"], "none": None}
    model.save(path)
    assert load_model(path).metadata == model.metadata


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model", "model.hdf5"])
def test_the_name_of_the_file_does_not_matter(tmp_path: Path, name: str) -> None:
    model = network()
    model.save(str(tmp_path / name))
    np.testing.assert_array_equal(load_model(str(tmp_path / name)).predict(X), model.predict(X))
    assert os.listdir(tmp_path) == [name]


def test_a_loaded_model_saves_the_same(path: Path, tmp_path: Path) -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(path)
    again = tmp_path / "again"
    load_model(path).save(again)
    (tensors, content), (tensors_again, content_again) = saving._read(path), saving._read(again)
    assert content == content_again
    assert tensors.keys() == tensors_again.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, tensors_again[name])


def test_other_programs_can_read_the_weights(path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file

    model = network()
    model.save(path)
    tensors = load_file(path)
    name = model.layers[0].name
    np.testing.assert_array_equal(tensors[f"weights/{name}/kernel"], model.layers[0].kernel)
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()["content"])
    assert content["config"]["layers"][0]["class_name"] == "LSTM"


# ---- weights alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["save", "save_weights"])
def test_weights_go_to_another_model_by_order(path: Path, verb: str) -> None:
    model, other = network(), network("float64")
    getattr(model, verb)(path)
    other.load_weights(path)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ---- atomic writing ----------------------------------------------------------------------------


def test_overwriting(path: Path) -> None:
    model = network()
    model.save(path)
    model.save(path)
    for save in (model.save, model.save_weights):
        with pytest.raises(FileExistsError, match="overwrite is False"):
            save(path, overwrite=False)
    models.save_model(model, path)


def test_a_failure_while_writing_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network()
    model.save(path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError("no space left")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(saving.os, name, full)
            with pytest.raises(OSError, match="no space left"):
                network().save(path)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none" / "model"
    with pytest.raises(FileNotFoundError, match=r"there is no folder '.*none'") as caught:
        network().save(path)
    assert caught.value.filename == str(path)
    assert str(caught.value).endswith(f"{str(path)!r}")

    assert not path.parent.exists()


def test_a_path_that_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in ("", ".", str(folder)):
        with pytest.raises(IsADirectoryError) as caught:
            network().save(path)
        assert caught.value.filename == (path or ".")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


# ---- copies ------------------------------------------------------------------------------------

COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda original: pickle.loads(pickle.dumps(original)),
}


@pytest.fixture(params=COPIES)
def copied(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return COPIES[request.param]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_of_a_copy_goes_on_to_the_bit(copied: Callable[[Any], Any], dtype: str) -> None:
    model = network(dtype)
    model.metadata["note"] = [1, "a"]
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    model.optimizer.learning_rate = 0.0123
    twin = copied(model)
    assert type(twin) is Sequential
    assert twin.get_config() == model.get_config()
    assert twin.metadata == model.metadata
    assert twin.metadata is not model.metadata
    logs = [each.fit(X, Y, batch_size=5, epochs=3, verbose=0).history for each in (model, twin)]
    assert logs[0] == logs[1]
    assert_equal(twin.get_weights(), model.get_weights())
    twin.optimizer.learning_rate = 0.5
    twin.fit(X, Y, verbose=0)
    assert float(model.optimizer.learning_rate) == 0.0123
    assert (twin.layers[0].kernel != model.layers[0].kernel).any()


def assert_equal(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_copy_carries_the_states(copied: Callable[[Any], Any]) -> None:
    model = Sequential([LSTM(4, batch_input_shape=(3, None, F), stateful=True), Dense(1)])
    model.predict(X)
    twin = copied(model)
    assert_equal(twin.get_states()[0], model.get_states()[0])
    np.testing.assert_array_equal(twin.predict(X[:3]), model.predict(X[:3]))


def test_a_copy_of_a_model_that_waits_for_data(copied: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(3, weights=[np.ones((F, 3)), np.ones(3)]), Dense(1)])
    model.compile("adam", "mse", metrics=["accuracy", TopKCategoricalAccuracy(k=2, name="top")])
    twin = copied(model)
    assert not twin.built
    twin.build((None, F))
    np.testing.assert_array_equal(twin.layers[0].kernel, np.ones((F, 3)))
    assert twin.predict(np.ones((2, F))).shape == (2, 1)
    assert twin.metrics_names == ["loss", "accuracy", "top"]
    assert not model.built
    assert copied(Sequential()).layers == []


class Mine(Sequential):
    pass


def test_a_copy_is_of_the_same_class(copied: Callable[[Any], Any]) -> None:
    assert type(copied(Mine([LSTM(2, input_shape=(T, F))]))) is Mine


def test_what_is_no_plain_value_cannot_be_copied() -> None:
    model = network()
    model.metadata["scaler"] = object()
    with pytest.raises(ValueError, match=r"plain values .* in model\.metadata"):
        copy.deepcopy(model)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LSTM(4, peephole=True, kernel_regularizer="l2", dropout=0.3),
        lambda: Bidirectional(GRU(3, return_sequences=True), "sum"),
        lambda: TimeDistributed(Dense(2, trainable=False)),
        lambda: Dropout(0.4),
    ],
)
def test_copy_of_a_layer(copied: Callable[[Any], Any], make: Callable[[], Any]) -> None:
    layer = make()
    assert not copied(layer).built
    layer(X)
    twin = copied(layer)
    assert type(twin) is type(layer)
    assert twin.get_config() == layer.get_config()
    assert_equal(twin.get_weights(), layer.get_weights())
    for training in (False, True, True):
        np.testing.assert_array_equal(twin(X, training=training), layer(X, training=training))


def test_copy_of_a_layer_with_states(copied: Callable[[Any], Any]) -> None:
    layer = LSTM(4, stateful=True)
    layer(X)
    twin = copied(layer)
    assert_equal(twin.get_states(), layer.get_states())
    np.testing.assert_array_equal(twin(X), layer(X))


def test_copy_of_a_layer_in_a_model_stands_alone(copied: Callable[[Any], Any]) -> None:
    model = Sequential([Bidirectional(LSTM(2, return_sequences=True), input_shape=(T, F)), GRU(3)])
    twin = copied(model.layers[1])
    twin.set_weights([0 * weight for weight in twin.get_weights()])
    assert model.layers[1].kernel.any()
    model.pop()
    model.add(twin)  # no warning: it belongs to no model
    inner = copied(model.layers[0].backward_layer)
    assert_equal(inner.get_weights(), model.layers[0].get_weights()[3:])
    assert inner(X).shape == (N, T, 2)
