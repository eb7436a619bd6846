"""One-hot targets, padding, threads, normalising, seeding, the backend's functions, activations."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import echocell
from echocell import activations, backend, utils
from echocell.preprocessing import sequence

# ---- to_categorical ----------------------------------------------------------------------------


def test_to_categorical() -> None:
    one_hot = utils.to_categorical([0, 2, 1])
    assert one_hot.dtype == np.float32
    assert np.array_equal(one_hot, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize(
    ("shape", "result"), [((4,), (4, 5)), ((4, 1), (4, 5)), ((2, 3), (2, 3, 5)), ((), (5,))]
)
def test_to_categorical_shapes(shape: tuple[int, ...], result: tuple[int, ...]) -> None:
    labels = np.random.default_rng(0).integers(0, 5, shape)
    one_hot = utils.to_categorical(labels, 5)
    assert one_hot.shape == result
    assert np.array_equal(one_hot.argmax(-1), labels.reshape(result[:-1]))
    assert np.array_equal(one_hot.sum(-1), np.ones(result[:-1]))


def test_to_categorical_old_names_and_dtypes() -> None:
    assert utils.np_utils.to_categorical([1], nb_classes=3).shape == (1, 3)
    assert utils.to_categorical([1.0, 0.0], 3, "float64").dtype == np.float64
    assert utils.to_categorical(np.array([True, False])).shape == (2, 2)
    assert utils.to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 3], 3, "from 0 to 2, received 3"),
        ([0, -1], 3, "from 0 to 2, received -1"),
        ([0.5, 1], None, "integer class indices, received 0.5"),
        ([np.nan, 1], None, "received nan"),
        (["a", "b"], None, "integer class indices, received dtype"),
        ([[1], [1, 2]], None, "an array of class indices"),
        ([], None, "num_classes is needed"),
    ],
)
def test_to_categorical_errors(labels: list, classes: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        utils.to_categorical(labels, classes)


# ---- pad_sequences -----------------------------------------------------------------------------

ROWS = [[1], [2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"value": -1}, [[-1, -1, 1], [-1, 2, 3], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
        ({"maxlen": 5, "padding": "post"}, [[1, 0, 0, 0, 0], [2, 3, 0, 0, 0], [4, 5, 6, 0, 0]]),
    ],
)
def test_pad_sequences(options: dict, expected: list) -> None:
    padded = sequence.pad_sequences(ROWS, **options)
    assert padded.dtype == np.int32
    assert np.array_equal(padded, expected)


def test_pad_sequences_of_vectors() -> None:
    rows = [np.ones((2, 3)), np.full((4, 3), 2.5), np.zeros((0, 3))]
    padded = sequence.pad_sequences(rows, dtype="float32", value=-1)
    assert padded.shape == (3, 4, 3)
    assert np.array_equal(padded[0, :, 0], [-1, -1, 1, 1])
    assert np.array_equal(padded[1], np.full((4, 3), 2.5))
    assert np.array_equal(padded[2], np.full((4, 3), -1))


def test_pad_sequences_edges() -> None:
    assert sequence.pad_sequences([[], [1]]).tolist() == [[0], [1]]
    assert sequence.pad_sequences([]).shape == (0, 0)
    assert sequence.pad_sequences(ROWS, maxlen=0).shape == (3, 0)
    assert sequence.pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [
        ["-", "a"],
        ["b", "c"],
    ]
    assert utils.pad_sequences is sequence.pad_sequences


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([1, 2], {}, "received 1 at index 0"),
        (5, {}, "expected a list of sequences, received int"),
        (ROWS, {"padding": "left"}, "padding 'pre' or 'post', received 'left'"),
        (ROWS, {"truncating": "left"}, "truncating 'pre' or 'post', received 'left'"),
        (ROWS, {"value": "x"}, "does not fit dtype int32"),
        ([[1], ["a"]], {}, r"fit dtype int32, received \['a'\] at index 1 .*dtype=object"),
        ([[None]], {}, r"fit dtype int32, received \[None\] at index 0"),
        (["ab"], {}, "received 'ab' at index 0"),
        (np.array([[1j]]), {}, "received .* at index 0 .complex numbers"),
        ([np.ones((2, 3)), np.ones((2, 4))], {}, r"shape \(3,\).*received \(4,\) at index 1"),
    ],
)
def test_pad_sequences_errors(rows: object, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sequence.pad_sequences(rows, **options)


# ---- threads -----------------------------------------------------------------------------------


def test_number_of_threads() -> None:
    before = echocell.get_num_threads()
    try:
        for count in (1, np.int64(3)):
            echocell.set_num_threads(count)
            assert echocell.get_num_threads() == count
        for wrong in (2.5, 2.0, "2", None, True):
            with pytest.raises(TypeError, match="set_num_threads: expected an integer, received"):
                echocell.set_num_threads(wrong)
        for wrong in (0, -1, 2**40):
            with pytest.raises(ValueError, match=f"expected an integer from 1 .* {wrong}"):
                echocell.set_num_threads(wrong)
        assert echocell.get_num_threads() == 3
    finally:
        echocell.set_num_threads(before)


# ---- the rest of utils -------------------------------------------------------------------------


def test_normalize() -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert np.allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    assert np.allclose(utils.normalize(x, axis=0), [[1, 1], [0, 0]])
    assert np.allclose(utils.normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0]])


def test_set_random_seed() -> None:
    utils.set_random_seed(11)
    first = random.random(), np.random.rand()
    utils.set_random_seed(11)
    assert (random.random(), np.random.rand()) == first
    with pytest.raises(TypeError, match="expected an integer, received '1'"):
        utils.set_random_seed("1")
    with pytest.raises(TypeError, match="expected an integer"):
        utils.set_random_seed(True)
    with pytest.raises(ValueError, match="received -1"):
        utils.set_random_seed(-1)


def test_suggest() -> None:
    assert utils.suggest("sigmod", ["tanh", "sigmoid"]) == " Did you mean 'sigmoid'?"
    assert utils.suggest("ADAM", ["Adam", "SGD"]) == " Did you mean 'Adam'?"
    assert utils.suggest("zzz", ["tanh"]) == ""
    assert utils.suggest("zzz", []) == ""


def test_plot_model(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from echocell import Sequential, layers

    model = Sequential([layers.LSTM(4, input_shape=(None, 2)), layers.Dense(1)])
    for name, options in (("a.png", {}), ("b.svg", {"show_shapes": True, "rankdir": "TB"})):
        utils.plot_model(model, to_file=tmp_path / name, **options)
        assert (tmp_path / name).stat().st_size > 1000


# ---- activations -------------------------------------------------------------------------------

POINTS = np.array([-1000.0, -4.0, -1.0, -0.25, 0.0, 0.25, 1.0, 4.0, 1000.0])
EXPECTED = {
    "linear": lambda x: x,
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.minimum(1, np.maximum(0, x / 6 + 0.5)),
    "relu": lambda x: x * (x > 0),
    "softsign": lambda x: x / (1 + abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "bipolar_sigmoid": lambda x: 2 / (1 + np.exp(-x)) - 1,
    "bipolar_sigmoid_2": lambda x: 4 / (1 + np.exp(-x)) - 2,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_activation(name: str) -> None:
    function = getattr(activations, name)
    assert np.isfinite(function(POINTS)).all()
    inner = POINTS[1:-1]
    assert np.allclose(function(inner), EXPECTED[name](inner), rtol=1e-12, atol=1e-15)
    assert function(inner.astype(np.float32)).dtype == np.float32
    assert activations.get(name) == activations.get(function) == name
    assert activations.deserialize(activations.serialize(function)) is function


def test_activation_identifiers() -> None:
    assert activations.get(None) == "linear"
    assert activations.get({"class_name": "function", "config": "relu"}) == "relu"
    with pytest.raises(ValueError, match=r"unknown activation 'sigmod'\. Did you mean 'sigm"):
        activations.get("sigmod")
    with pytest.raises(TypeError, match="compiled core cannot run"):
        activations.get(lambda x: x)
    with pytest.raises(TypeError, match="expected a name or None, received 3"):
        activations.get(3)


# ---- backend -----------------------------------------------------------------------------------


def test_floatx() -> None:
    assert backend.floatx() == "float32"
    try:
        backend.set_floatx("float64")
        assert backend.floatx() == "float64"
        assert backend.cast_to_floatx([1]).dtype == np.float64
    finally:
        backend.set_floatx("float32")
    with pytest.raises(ValueError, match="received 'float16'"):
        backend.set_floatx("float16")


def test_variables() -> None:
    class Variable:
        value = 1.0

        def numpy(self):
            return self.value

        def assign(self, value):
            self.value = value

    variable = Variable()
    backend.set_value(variable, 0.5)
    assert backend.get_value(variable) == backend.eval(variable) == 0.5
    assert backend.get_value(3.0) == 3.0
    with pytest.raises(TypeError, match="expected a variable"):
        backend.set_value(3.0, 4.0)


def test_small_backend_functions() -> None:
    assert backend.backend() == "echocell"
    assert backend.epsilon() == 1e-7
    assert backend.dtype(np.zeros(1, "float64")) == "float64"
    assert backend.dtype(0.5) == "float32"
    assert backend.cast(3, "float32") / 2 == 1.5
    backend.clear_session()
