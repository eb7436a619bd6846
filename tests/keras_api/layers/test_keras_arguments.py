"""Arguments of Keras: each takes effect or is refused by name; none is ignored."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echocell
from echocell import layers, optimizers
from echocell._common import keras_arguments as tables
from echocell._common.keras_arguments import KerasArguments
from echocell.layers import GRU, LSTM, Dense, Dropout, Embedding, Flatten, Input, TimeDistributed
from echocell.models import (
    Sequential,
    clone_model,
    load_model,
    model_from_config,
    model_from_json,
    save_model,
)

X = np.random.default_rng(5).standard_normal((6, 4, 2))
Y = np.ones((6, 1))


def network(name: str = "a") -> Sequential:
    model = Sequential([Input((4, 2)), LSTM(3, name="encoder"), Dense(1, name=name)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


# ---- every table -------------------------------------------------------------------------------

#: Each table, and a call that passes keywords to the function that it belongs to.
CALLS: list[tuple[KerasArguments, Callable[..., Any]]] = [
    (tables.COMPILE, lambda path, **k: network().compile("adam", "mse", **k)),
    (tables.FIT, lambda path, **k: network().fit(X, Y, verbose=0, **k)),
    (tables.PREDICT, lambda path, **k: network().predict(X, **k)),
    (tables.EVALUATE, lambda path, **k: network().evaluate(X, Y, verbose=0, **k)),
    (tables.SUMMARY, lambda path, **k: network().summary(print_fn=len, **k)),
    (tables.SAVE, lambda path, **k: network().save(path, **k)),
    (tables.SAVE, lambda path, **k: save_model(network(), path, **k)),
    (tables.SAVE_WEIGHTS, lambda path, **k: network().save_weights(path, **k)),
    (tables.LOAD_WEIGHTS, lambda path, **k: network().load_weights(saved(path), **k)),
    (tables.LOAD_MODEL, lambda path, **k: load_model(saved(path), **k)),
    (tables.CLONE_MODEL, lambda path, **k: clone_model(network(), **k)),
    (tables.INPUT, lambda path, **k: Input((3,), **k)),
    (tables.LAYER, lambda path, **k: Flatten(**k)),
    (tables.DENSE, lambda path, **k: Dense(2, **k)),
    (tables.EMBEDDING, lambda path, **k: Embedding(2, 2, **k)),
    (tables.DROPOUT, lambda path, **k: Dropout(0.1, **k)),
    *((tables.RECURRENT, lambda path, cls=cls, **k: cls(2, **k)) for cls in (LSTM, GRU)),
    (tables.OPTIMIZER, lambda path, **k: optimizers.Adam(**k)),
]


def saved(path: Path) -> Path:
    network().save(path)
    return path


@pytest.mark.parametrize(("table", "call"), CALLS)
def test_arguments_of_keras_are_accepted_or_refused_by_name(
    table: KerasArguments, call: Callable[..., Any], path: Path
) -> None:
    for name in table.ignored:
        call(path, **{name: 1})
    for name, values in table.neutral.items():
        for value in values:
            call(path, **{name: value})
        with pytest.raises(ValueError, match=f"{name}='other' is not supported, only {name}="):
            call(path, **{name: "other"})
    with pytest.raises(TypeError, match="no_such_argument"):
        call(path, no_such_argument=None)
    if table.neutral:
        name = next(iter(table.neutral))
        with pytest.raises(TypeError, match=f"unknown argument '{name}x'.* mean '{name}'"):
            call(path, **{f"{name}x": None})


def test_plot_model_refuses_what_it_does_not_draw(path: Path) -> None:
    for name in tables.PLOT_MODEL.neutral:
        with pytest.raises(ValueError, match=f"{name}='other' is not supported"):
            echocell.utils.plot_model(network(), path, **{name: "other"})


def test_no_public_function_swallows_arguments() -> None:
    """No parameter is unused: unused ones are called _ and __ by convention."""
    found = []
    for module in public_modules():
        for owner in vars(module).values():
            if not getattr(owner, "__module__", "").startswith("echocell"):
                continue
            members = vars(owner).values() if isinstance(owner, type) else [owner]
            for function in filter(inspect.isfunction, members):
                for name, parameter in inspect.signature(function).parameters.items():
                    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                        found += [f"{function.__qualname__}: {name}"] * name.startswith("_")
    assert not found


def public_modules() -> list[Any]:
    names = [info.name for info in pkgutil.iter_modules(echocell.__path__)]
    public = [
        name for name in names if not name.startswith("_") and name not in ("keras", "keras_alias")
    ]
    return [echocell, *(importlib.import_module(f"echocell.{name}") for name in public)]


@pytest.mark.parametrize("verb", ["train_on_batch", "test_on_batch"])
def test_metrics_that_go_on_are_refused(verb: str) -> None:
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match="reset_metrics=False is not supported"):
        getattr(model, verb)(X, Y, reset_metrics=False)
    np.testing.assert_equal(model.get_weights(), before)


# ---- load_weights ------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["save", "save_weights"])
def test_weights_by_name(path: Path, verb: str) -> None:
    source, model = network("old"), network("new")
    getattr(source, verb)(path)
    dense = model.layers[1].get_weights()
    model.load_weights(path, by_name=True)
    np.testing.assert_equal(model.layers[0].get_weights(), source.layers[0].get_weights())
    np.testing.assert_equal(model.layers[1].get_weights(), dense)


def test_weights_by_name_find_their_layers_wherever_they_stand(path: Path) -> None:
    source = Sequential([Input((3,)), Dense(4, name="a"), Dense(5, name="b"), Dense(4, name="c")])
    source.save_weights(path)
    model = Sequential([Input((4,)), Dense(5, name="b"), Dense(4, name="c"), Dense(2, name="d")])
    last = model.layers[2].get_weights()
    model.load_weights(path, by_name=True)
    np.testing.assert_equal(model.layers[0].get_weights(), source.layers[1].get_weights())
    np.testing.assert_equal(model.layers[1].get_weights(), source.layers[2].get_weights())
    np.testing.assert_equal(model.layers[2].get_weights(), last)


def test_no_name_in_common_warns(path: Path) -> None:
    network().save_weights(path)
    model = Sequential([Input((4, 2)), LSTM(3, name="other")])
    before = model.get_weights()
    with pytest.warns(UserWarning, match=r"no layer has the name of one in the file \(encoder, a"):
        model.load_weights(path, by_name=True)
    np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.parametrize("by_name", [False, True])
def test_weights_of_other_shapes(path: Path, by_name: bool) -> None:
    """As in Keras, weights that fit are loaded: here the bias, which has the same shape in both."""
    source = Sequential([Input((3,)), Dense(4, name="a"), Dense(2, name="b")])
    source.layers[1].set_weights([np.ones((4, 2)), [5.0, 6.0]])
    source.save_weights(path)
    model = Sequential([Input((3,)), Dense(7, name="a"), Dense(2, name="b")])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"kernel: expected shape \(3, 7\), received \(3, 4\)"):
        model.load_weights(path, by_name=by_name)
    np.testing.assert_equal(model.get_weights(), before)
    with pytest.warns(UserWarning, match="it keeps its own weights") as warned:
        model.load_weights(path, by_name=by_name, skip_mismatch=True)
    assert len(warned) == 3
    np.testing.assert_equal(model.get_weights(), [*before[:3], np.array([5.0, 6.0])])


def test_layers_with_another_number_of_weights(path: Path) -> None:
    source = Sequential([Input((3,)), Dense(4, name="a")])
    source.save_weights(path)
    model = Sequential([Input((3,)), Dense(4, use_bias=False, name="a")])
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected 1 weight arrays, received 2"):
        model.load_weights(path, by_name=True)
    with pytest.warns(UserWarning, match="expected 1 weight arrays, received 2"):
        model.load_weights(path, by_name=True, skip_mismatch=True)
    np.testing.assert_equal(model.get_weights(), before)
    more = Sequential([Input((3,)), Dense(4), Dense(4)])
    with pytest.raises(ValueError, match="expected the weights of 2 layers, received those of 1"):
        more.load_weights(path, skip_mismatch=True)


# ---- Flatten -----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    sample=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    rows=st.integers(1, 3),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_channels_first(sample: tuple[int, ...], rows: int, dtype: str) -> None:
    x = np.random.default_rng(1).standard_normal((rows, *sample)).astype(dtype)
    layer = Flatten(data_format="channels_first", dtype=dtype, input_shape=sample)
    expected = np.moveaxis(x, 1, -1).reshape(rows, -1)
    np.testing.assert_array_equal(layer(x), expected)
    copy = Flatten.from_config(layer.get_config())
    np.testing.assert_array_equal(Sequential([copy], dtype=dtype).predict(x), expected)


def test_gradients_of_channels_first_go_back_to_their_places() -> None:
    x = X.astype("float64")
    model = Sequential(
        [Input((4, 2)), Flatten(data_format="channels_first"), Dense(1)], dtype="float64"
    )
    model.compile("sgd", "mse")
    last = Sequential([Input((2, 4)), Flatten(), Dense(1)], dtype="float64")
    last.compile("sgd", "mse")
    last.set_weights(model.get_weights())
    loss, weights, by_x = model.gradients(x, Y)
    same_loss, same_weights, same_by_x = last.gradients(np.moveaxis(x, 1, 2), Y)
    assert loss == same_loss
    np.testing.assert_equal(weights, same_weights)
    np.testing.assert_array_equal(by_x, np.moveaxis(same_by_x, 2, 1))


def test_channels_first_at_every_step() -> None:
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    model = Sequential([Input((2, 3, 2)), TimeDistributed(Flatten("channels_first"))])
    np.testing.assert_array_equal(model.predict(x), x.swapaxes(2, 3).reshape(2, 2, 6))


def test_other_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="data_format: expected 'channels_last' or"):
        Flatten(data_format="channel_first")


# ---- clone_model and custom_objects ------------------------------------------------------------


def test_clone_function_makes_the_layers() -> None:
    model = Sequential([Input((4, 2)), LSTM(3), Dense(2)])

    def wider(layer: layers.Layer) -> layers.Layer:
        return Dense(7) if isinstance(layer, Dense) else type(layer).from_config(layer.get_config())

    clone = clone_model(model, clone_function=wider)
    assert clone.output_shape == (None, 7)
    assert clone.input_shape == (None, 4, 2)
    assert clone.name == model.name
    assert model.output_shape == (None, 2)
    with pytest.raises(TypeError, match="add: expected a layer, received None"):
        clone_model(model, clone_function=lambda layer: None)
    with pytest.raises(TypeError, match="clone_model: expected a function, received 3"):
        clone_model(model, clone_function=3)


def test_custom_objects_are_echocells_own_or_refused(path: Path) -> None:
    model = network()
    model.save(path)
    loads: list[Callable[[Any], Any]] = [
        lambda objects: load_model(path, custom_objects=objects),
        lambda objects: model_from_json(model.to_json(), custom_objects=objects),
        lambda objects: model_from_config(model.get_config(), custom_objects=objects),
    ]
    for load in loads:
        for objects in (None, {}, {"LSTM": LSTM, "mse": echocell.losses.mse}):
            assert load(objects).output_shape == (None, 1)
        with pytest.raises(ValueError, match="custom_objects: 'rmse' is none of echocell's own"):
            load({"rmse": lambda y, p: 0})
        with pytest.raises(TypeError, match="custom_objects: expected a dict, received 'rmse'"):
            load("rmse")
