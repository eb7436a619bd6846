"""Settings, names and metadata of any scalar type can be saved and loaded."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import callbacks, initializers, losses, metrics, optimizers, regularizers
from echocell.layers import LSTM, Dense, class_table
from echocell.models import Sequential, load_model, model_from_json

# For arguments whose default is None.
VALUES = {
    "seed": 3,
    "max_time": 20.5,
    "clipnorm": 1.5,
    "weight_decay": 0.25,
    "decay": 0.125,
    "batch_size": 4,
}
REQUIRED: dict[str, Callable[[type], Any]] = {
    "Embedding": lambda kind: kind(5, 3),
    "MemoryBlocks": lambda kind: kind(2, 3),
    "Activation": lambda kind: kind("relu"),
    "Dropout": lambda kind: kind(0.5),
    "RepeatVector": lambda kind: kind(2),
    "Reshape": lambda kind: kind((2, -1)),
    "TimeDistributed": lambda kind: kind(Dense(2, kernel_regularizer="l2")),
    "Bidirectional": lambda kind: kind(LSTM(2, seed=4, dropout=0.5)),
    "InputLayer": lambda kind: kind((5, 2)),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "Dense"), lambda kind: kind(3)),
}


def registered() -> Iterator[type]:
    yield from class_table._classes.values()
    for module in (initializers, regularizers, optimizers, losses, metrics):
        yield from dict.fromkeys(module._REGISTRY.classes.values())


def in_numpy(value: Any) -> Any:
    """Returns the same with a NumPy scalar for each number."""
    if isinstance(value, dict):
        return {key: in_numpy(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_numpy(inner) for inner in value]
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return np.int64(value) if value < 0 else np.uint16(value)
    if isinstance(value, float):
        return np.float32(value) if float(np.float32(value)) == value else np.float64(value)
    return value


def assert_plain(value: Any) -> None:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            assert_plain(inner)
    else:
        assert type(value) in (type(None), bool, int, float, str), value


@pytest.mark.parametrize(
    "kind", [*registered()], ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_numbers_of_numpy_are_those_of_python(kind: type) -> None:
    config = REQUIRED.get(kind.__name__, lambda kind: kind())(kind).get_config()
    config |= {key: VALUES[key] for key in config if key in VALUES}
    if kind.__name__ == "Reshape":
        config["target_shape"] = [2, -1]
    ours = kind.from_config(in_numpy(config)).get_config()
    assert ours == kind.from_config(config).get_config()
    assert_plain(ours)
    assert json.loads(json.dumps(ours)) == ours


def test_a_model_of_numbers_of_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model = Sequential(
        [
            LSTM(np.int64(4), seed=rng.integers(1000), dropout=np.float32(0.5), input_shape=(5, 3)),
            Dense(np.int8(1), kernel_initializer=initializers.Constant(np.float32(0.5))),
        ]
    )
    model.compile(optimizers.Adam(np.float32(0.5)), losses.Huber(np.float64(2)))
    model.fit(np.ones((4, 5, 3)), np.ones((4, 1)), verbose=0)
    model.metadata["scale"] = [np.float32(0.1), np.int64(3), np.bool_(True), {"a": np.str_("b")}]
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.get_config() == model.get_config()
    assert loaded.metadata == model.metadata
    assert model_from_json(model.to_json()).get_config() == model.get_config()


@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"])
def test_callbacks_take_numbers_of_numpy(name: str) -> None:
    kind = getattr(callbacks, name)
    given = {"filepath": "x"} if name == "ModelCheckpoint" else {}
    given |= {"initial_value_threshold": 0.5} if name == "ModelCheckpoint" else {}
    given |= {"baseline": 0.5} if name == "EarlyStopping" else {}
    for parameter in inspect.signature(kind).parameters.values():
        if isinstance(parameter.default, (int, float)):
            given[parameter.name] = parameter.default
    ours, theirs = kind(**in_numpy(given)), kind(**given)
    for attribute, value in vars(theirs).items():
        assert getattr(ours, attribute) == value
        if isinstance(value, float) and not isinstance(value, bool):
            assert type(getattr(ours, attribute)) is float


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LSTM(2, seed=3.5), "LSTM: expected an integer or None for seed, received 3.5"),
        (lambda: LSTM(2, seed=np.True_), "LSTM: expected an integer or None"),
        (lambda: initializers.GlorotUniform("x"), "GlorotUniform: expected an integer or"),
        (lambda: LSTM(2, dropout=np.array([0.5])), "LSTM: dropout: expected a number, received"),
        (lambda: optimizers.Adam(np.ones(2)), "Adam: expected a number for learning_rate"),
        (lambda: optimizers.SGD(np.True_), "SGD: expected a number for learning_rate"),
        (lambda: optimizers.SGD(name=5), "SGD: name: expected a string, received 5"),
        (lambda: losses.Huber(name=5), "Huber: name: expected a string, received 5"),
        (lambda: initializers.Constant("x"), "Constant: value: expected numbers"),
    ],
)
def test_what_is_no_number(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        make()


def test_integers_beyond_all_floats() -> None:
    with pytest.raises(ValueError, match="expected 0 <= learning_rate and finite, received 1000"):
        optimizers.SGD(10**400)
    with pytest.raises(ValueError, match="expected -inf <= mean and finite"):
        initializers.RandomNormal(-(10**400))


# ---- metadata ----------------------------------------------------------------------------------

NESTED: list[Any] = []
NESTED.append(NESTED)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"a": {"b": [1, (2, 3)]}}, r"in model\.metadata\['a'\]\['b'\]\[1\], received \(2, 3\)"),
        ({"a": {1: 2}}, r"strings as keys, in model\.metadata\['a'\], received the key 1 of int"),
        ({None: 2}, r"in model\.metadata, received the key None"),
        ({"a": {1, 2}}, r"in model\.metadata\['a'\], received \{1, 2\} of set"),
        ({"a": np.zeros(3)}, r"in model\.metadata\['a'\], received array.* of ndarray"),
        ({"a": b"x"}, r"in model\.metadata\['a'\], received b'x' of bytes"),
        ({"a": np.datetime64("2020-01-01")}, r"in model\.metadata\['a'\], received"),
        ({"a": 1j}, r"in model\.metadata\['a'\], received 1j of complex"),
        ({"a": NESTED}, "at most 100 levels"),
    ],
)
def test_metadata_that_would_not_come_back(metadata: Any, words: str, tmp_path: Path) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.save(tmp_path / "model")
    before = (tmp_path / "model").read_bytes()
    model.metadata = metadata
    for act in (lambda: model.save(tmp_path / "model"), lambda: copy.deepcopy(model)):
        with pytest.raises(ValueError, match=words):
            act()
    assert (tmp_path / "model").read_bytes() == before
    model.metadata = {}
    model.save(tmp_path / "model")


def test_metadata_comes_back_equal(tmp_path: Path) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.metadata = {
        "": [None, True, 10**40, -0.0, 1e-320, "\ud800 \u00e9 \0"],
        "a/b": {"c": [[]]},
    }
    model.metadata["a/b"] = {"c": [[]]}
    model.metadata["infinite"] = [float("inf"), -float("inf")]
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").metadata == model.metadata


def test_metadata_is_a_dict() -> None:
    model = Sequential()
    for value in ([1], None, "x"):
        with pytest.raises(TypeError, match=r"model\.metadata: expected a dict, received"):
            model.metadata = value
    assert model.metadata == {}
