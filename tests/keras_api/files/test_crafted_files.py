"""Files with a correct checksum and invalid content give a model or a ValueError that names them.

Valid files of several models are changed at random: values of other types and sizes, missing and
additional entries, nested layers, tensors of other shapes, dtypes and numbers.
"""

from __future__ import annotations

import copy
import json
import pickle
import random
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from echocell import optimizers
from echocell._common import container
from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MemoryBlocks,
    RepeatVector,
    TimeDistributed,
)
from echocell.layers.pickling import layer_from_bytes, layer_to_bytes
from echocell.models import (
    Sequential,
    load_model,
    model_from_config,
    model_from_json,
    pickling,
    saving,
)

Tensors = dict[str, np.ndarray]
Content = dict[str, Any]
X = np.random.default_rng(5).normal(size=(4, 5, 2))


# ---- valid models ------------------------------------------------------------------------------


def wrapped() -> Sequential:
    model = Sequential(
        [
            LSTM(3, input_shape=(5, 2), return_sequences=True, peephole=True, seed=3),
            Bidirectional(GRU(2, return_sequences=True)),
            TimeDistributed(Dense(2, activation="relu")),
            MemoryBlocks(2, 2),
            Dropout(0.3),
            Dense(2, activation="softmax", kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    model.fit(X, np.eye(2)[[0, 1, 0, 1]], verbose=0)
    model.metadata["scaler"] = {"names": ["a", "b"], "low": 0.5}
    return model


def ids() -> Sequential:
    model = Sequential([Embedding(5, 3, mask_zero=True), Flatten(), Dense(1)])
    model.compile(optimizers.RMSprop(centered=True, momentum=0.1), "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
    return model


def stateful() -> Sequential:
    model = Sequential(
        [LSTM(2, stateful=True, batch_input_shape=(4, 5, 2)), RepeatVector(2), Dense(1)]
    )
    model.compile("sgd", "mae")
    model.predict(X)
    return model


def waiting() -> Sequential:
    model = Sequential([Dense(3, weights=[np.ones((2, 3)), np.ones(3)]), Dense(1)])
    model.compile(optimizers.Adagrad(), "huber", metrics=["accuracy"])
    return model


MODELS: dict[str, Callable[[], Sequential]] = {
    make.__name__: make for make in (wrapped, ids, stateful, waiting)
}


def packed(tensors: Tensors, content: Any) -> bytes:
    """Returns a file with a correct checksum and any content."""
    text = content if isinstance(content, str) else json.dumps(content)
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    checksum = container._checksum(arrays, text)
    metadata = {"format": "echocell", "version": "1", "content": text, "checksum": checksum}
    return bytes(save(arrays, metadata))


# ---- changes -----------------------------------------------------------------------------------

NUMBERS = [-1, 0, 3, 10**9, 2**31, 2**63 - 1, 2**63, 10**300, 1.5, 1e308, float("nan"), True]
OTHERS = [
    None,
    "",
    "a/b",
    "lstm",
    "softmax",
    "float64",
    "\\ud800",
    [],
    {},
    [1],
    [None, 10**9, 10**9],
]
LAYERS = [{"class_name": "LSTM", "config": {"units": 10**9}}, {"class_name": 5}]
ODD = [*NUMBERS, *OTHERS, *LAYERS]
KEYS = ["units", "self", "layers", "weights", "batch_input_shape", "name", "more"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def change_content(draw: random.Random, content: Content) -> None:
    *path, last = draw.choice([*places(content)])
    parent: Any = content
    for key in path:
        parent = parent[key]
    kind = draw.choice(["other", "other", "other", "without", "deep", "layers", "more"])
    if kind == "without":
        del parent[last]
    elif kind == "other":
        parent[last] = copy.deepcopy(draw.choice(ODD))
    elif kind == "more" and isinstance(parent, dict):
        parent[draw.choice(KEYS)] = copy.deepcopy(draw.choice(ODD))
    else:
        for _ in range(draw.choice([2, 20, 200])):
            inner = {"class_name": "TimeDistributed", "config": {"layer": parent[last]}}
            parent[last] = inner if kind == "layers" else [parent[last]]


def change_tensors(draw: random.Random, tensors: Tensors) -> None:
    name = draw.choice(sorted(tensors))
    array = tensors.pop(name)
    with np.errstate(invalid="ignore"):
        cast = array.astype(draw.choice([np.float64, np.float16, np.int8, np.bool_]))
        full = np.full_like(array, draw.choice([np.nan, np.inf, -1.0]))
    further = draw.choice(["optimizer/9", "optimizer/x", "weights/x", "states/lstm/0"])
    tensors.update(
        draw.choice(
            [
                {},
                {name: cast},
                {name: array.reshape(-1)[: draw.randrange(array.size + 1)]},
                {name: full},
                {name: array[None]},
                {name: array, further: array},
                {name: np.zeros((0, *array.shape), array.dtype)},
            ]
        )
    )


def changed(draw: random.Random, tensors: Tensors, content: Content) -> tuple[Tensors, Content]:
    tensors, content = dict(tensors), copy.deepcopy(content)
    for _ in range(draw.choice([1, 1, 2, 3])):
        if tensors and draw.random() < 0.3:
            change_tensors(draw, tensors)
        elif content:
            change_content(draw, content)
    return tensors, content


ACCEPTED = "no ValueError"


# ---- random content ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_changed_file_is_a_model_or_a_value_error(name: str, tmp_path: Path) -> None:
    good = saving.describe(MODELS[name]())
    path = tmp_path / "model"
    loaded = 0
    for seed in range(60):
        tensors, content = changed(random.Random(f"{name} {seed}"), *good)
        data = packed(tensors, content)
        path.write_bytes(data)
        text = json.dumps({"class_name": "Sequential", "config": content.get("config")})
        for words, attempt in (
            (str(path), partial(load_model, path)),
            ("pickled", partial(pickling.model_from_bytes, Sequential, data)),
            ("model", partial(model_from_json, text)),
        ):
            message = refusal(attempt)
            assert words in message or message == ACCEPTED, seed
            assert len(message) < 1500, seed
            loaded += message == ACCEPTED
    assert loaded > 15  # not all changes make a file invalid


def refusal(attempt: Callable[[], Any]) -> str:
    """Returns the message of the ValueError; all other exceptions propagate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            attempt()
        except ValueError as error:
            return str(error)
    return ACCEPTED


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_a_changed_file(name: str, tmp_path: Path) -> None:
    good = saving.describe(MODELS[name]())
    model = wrapped()
    kept = model.get_weights()
    path = tmp_path / "model"
    for seed in range(40):
        tensors, content = changed(random.Random(f"weights {name} {seed}"), *good)
        path.write_bytes(packed(tensors, content))
        message = refusal(partial(model.load_weights, path))
        if message == ACCEPTED:
            model.set_weights(kept)
        else:
            assert str(path) in message, seed
        for ours, theirs in zip(model.get_weights(), kept, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("make", [lambda: LSTM(2, stateful=True), lambda: Bidirectional(GRU(2))])
def test_a_changed_pickle_of_a_layer(make: Callable[[], Any]) -> None:
    layer = make()
    layer(X)
    good = container.unpack(layer_to_bytes(layer), "layer")
    for seed in range(60):
        tensors, content = changed(random.Random(seed), *good)
        message = refusal(partial(layer_from_bytes, packed(tensors, content)))
        assert "pickled" in message or message == ACCEPTED, seed


# ---- single faults -----------------------------------------------------------------------------


def at(*path: Any) -> Callable[[Any], Callable[[Tensors, Content], None]]:
    def to(value: Any) -> Callable[[Tensors, Content], None]:
        def change(tensors: Tensors, content: Content) -> None:
            parent: Any = content
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = value

        return change

    return to


def filled(name: str, value: float) -> Callable[[Tensors, Content], None]:
    def change(tensors: Tensors, content: Content) -> None:
        tensors[name] = np.full_like(tensors[name], value)

    return change


UNITS = at("config", "layers", 0, "config", "units")
FAULTS: dict[str, tuple[Callable[[Tensors, Content], None], str]] = {
    "a giant layer": (UNITS(50_000), r"layer 'lstm.*': kernel: expected shape \(2, 200000\)"),
    "a layer beyond all sizes": (UNITS(10**9), "layer 'lstm.*': too large"),
    "units beyond all integers": (UNITS(10**300), "LSTM: units: expected at most"),
    "units that are NaN": (UNITS(float("nan")), "LSTM: units: expected an integer, received nan"),
    "no config": (at("config", "layers", 0)({"class_name": "LSTM"}), "layer: expected a config"),
    "weights missing": (at("weights")([]), "expected 4 weight arrays .*, received 0"),
    "iterations below 0": (at("training", "iterations")(-1), "iterations: expected an integer of"),
    "many iterations": (at("training", "iterations")(2**63 - 1), r"iterations: expected at most"),
    "iterations": (at("training", "iterations")("x"), "iterations: expected a int, received 'x'"),
    "NaN slots": (filled("optimizer/0", np.nan), "the optimizer's memory: expected finite"),
    "infinite momentum": (filled("optimizer/0", np.inf), "the optimizer's memory: expected finite"),
    "negative squares": (filled("optimizer/1", -1), "squares that are not negative"),
    "draws below 0": (at("random_state")([1, -1]), "random_state: expected an integer below"),
    "a text as metadata": (at("metadata")("x"), "metadata: expected a dict, received 'x'"),
    "learning rate": (at("training", "optimizer", "config", "learning_rate")(10**400), "received"),
    "layers without end": (at("config", "layers")([{}] * 100_000), "at most 1000 layers"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, tmp_path: Path) -> None:
    change, words = FAULTS[name]
    tensors, content = saving.describe(wrapped())
    change(tensors, content)
    path = tmp_path / "model"
    path.write_bytes(packed(tensors, content))
    with pytest.raises(ValueError, match=rf"model: cannot be restored: .*{words}"):
        load_model(path)


@pytest.mark.parametrize(
    "content", ["5", "[]", "null", "[" * 100_000, '{"a": ' * 150 + "1" + "}" * 150]
)
def test_content_that_is_no_dict_of_a_few_levels(content: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(packed({}, content))
    for load in (load_model, wrapped().load_weights):
        with pytest.raises(ValueError, match=r"model: (expected a|nested too)"):
            load(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("{", "expected JSON"),
        ("5", "expected a configuration with 'layers'"),
        ('{"layers": [5]}', "layer: expected a configuration"),
        ('{"layers": [{"class_name": "LSTM", "config": {"more": 1}}]}', "unknown argument 'more'"),
        ('{"layers": [], "build_input_shape": 5}', "build_input_shape: expected a tuple"),
    ],
)
def test_json_that_is_no_model(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model_from_json(text)


def test_a_configuration_of_a_model_that_no_memory_holds() -> None:
    config = {
        "layers": [
            {"class_name": "Dense", "config": {"units": 2, "batch_input_shape": [None, 5, 3]}},
            {"class_name": "LSTM", "config": {"units": 10**6, "name": "giant"}},
        ]
    }
    with pytest.raises(ValueError, match="layer 'giant': expected weights that fit into"):
        model_from_config(config)


def test_layers_within_layers_without_end() -> None:
    config: Any = {"class_name": "Dense", "config": {"units": 2}}
    for _ in range(20_000):
        config = {"class_name": "TimeDistributed", "config": {"layer": config}}
    with pytest.raises(ValueError, match="nested too deeply"):
        model_from_config({"layers": [config]})


def test_the_memory_of_an_optimizer_that_diverged_is_left_out(tmp_path: Path) -> None:
    model = wrapped()
    kept = model.get_weights()
    model.optimizer.learning_rate = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, np.eye(2)[[0, 1, 0, 1]], epochs=3, verbose=0)
    model.set_weights(kept)
    model.optimizer.learning_rate = 0.001
    for again in (
        lambda: (model.save(tmp_path / "model"), load_model(tmp_path / "model"))[1],
        lambda: pickle.loads(pickle.dumps(model)),
    ):
        with pytest.warns(UserWarning, match="the optimizer's memory is from training that dive"):
            twin = again()
        twin.fit(X, np.eye(2)[[0, 1, 0, 1]], verbose=0)
        assert all(np.isfinite(weight).all() for weight in twin.get_weights())
