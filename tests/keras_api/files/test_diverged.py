"""Models that have diverged: their content is copied, saved and restored unchanged."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import optimizers
from echocell.callbacks import EarlyStopping
from echocell.initializers import Initializer
from echocell.layers import GRU, LSTM, Bidirectional, Dense
from echocell.models import Sequential, load_model

B, T, F = 4, 5, 2
RNG = np.random.default_rng(7)
X = RNG.normal(size=(B, T, F))
Y = RNG.normal(size=(B, 1))


def network(dtype: str = "float32", stateful: bool = False) -> Sequential:
    model = Sequential(
        [
            Bidirectional(GRU(3, return_sequences=True), input_shape=(T, F))
            if not stateful
            else GRU(3, return_sequences=True, stateful=True, batch_input_shape=(B, T, F)),
            LSTM(4, stateful=stateful),
            Dense(1),
        ],
        dtype=dtype,
    )
    model.compile("adam", "mse")
    return model


def diverged(**options: Any) -> Sequential:
    """Trains a model until its weights, the optimizer's slots and the states are NaN."""
    model = network(**options)
    model.compile(optimizers.Adam(1e300), "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    assert not all(np.isfinite(weight).all() for weight in model.get_weights())
    return model


def assert_same(ours: Sequential, theirs: Sequential) -> None:
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def through_file(model: Sequential, path: Path) -> Sequential:
    model.save(path)
    return load_model(path)


COPIES: dict[str, Callable[[Sequential, Path], Sequential]] = {
    "file": through_file,
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_copied_as_it_is(way: str, stateful: bool, dtype: str, tmp_path: Path) -> None:
    model = diverged(stateful=stateful, dtype=dtype)
    twin = COPIES[way](model, tmp_path / "model")
    for ours, theirs in zip(twin.get_states(), model.get_states(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(twin.graph.ready().slots(), model.graph.ready().slots(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert_same(twin, model)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_of_a_file_go_to_another_model(dtype: str, tmp_path: Path) -> None:
    model, other = diverged(dtype="float64"), network(dtype)
    model.save_weights(tmp_path / "weights")
    other.load_weights(tmp_path / "weights")
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs.astype(dtype))


def test_weights_beyond_float32_are_refused_by_a_float32_model(tmp_path: Path) -> None:
    model, other = network("float64"), network()
    model.set_weights([1e300 + 0 * weight for weight in model.get_weights()])
    model.save_weights(tmp_path / "weights")
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"weights: layer .* 1e\+300: too large for float32"):
        other.load_weights(tmp_path / "weights")
    for ours, kept in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_what_it_gives_can_be_set_again() -> None:
    model = diverged()
    kept = model.get_weights()
    model.set_weights(kept)
    model.layers[0].set_weights(kept[:6])
    for ours, theirs in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.set_weights([0 * np.nan_to_num(weight) for weight in kept])
    with pytest.raises(
        ValueError, match="expected finite numbers"
    ):  # differs from the current value
        model.set_weights(kept)


def test_its_layers_change() -> None:
    model = diverged()
    kept = model.get_weights()
    model.add(Dense(2))
    assert np.isnan(model.predict(X)).all()
    for ours, theirs in zip(model.get_weights(), kept, strict=False):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.warns(UserWarning, match="a copy of it"):
        other = Sequential([*model.layers[:-1]])
    assert np.isnan(other.predict(X)).all()
    twin = copy.deepcopy(model.layers[0])
    for ours, theirs in zip(twin.get_weights(), kept, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_a_stateful_layer_by_itself_carries_what_is_not_finite() -> None:
    layer = LSTM(2, stateful=True)
    layer(X)
    layer.built_location().network.set_parameter(0, 0, np.full((F, 8), np.nan, np.float32))
    assert np.isnan(layer(X)).all()
    assert np.isnan(copy.deepcopy(layer).get_states()[0]).all()


def test_early_stopping_puts_back_the_best() -> None:
    stopper = EarlyStopping("loss", restore_best_weights=True)
    model = diverged()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[stopper])
    assert not all(np.isfinite(weight).all() for weight in stopper.best_weights)
    for ours, theirs in zip(model.get_weights(), stopper.best_weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Infinite(Initializer):
    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        return np.full(shape, np.inf, dtype)


def test_initial_weights_that_are_not_finite_are_refused() -> None:
    for layer in (
        Dense(2, weights=[np.full((F, 2), np.nan), np.zeros(2)]),
        Dense(2, kernel_initializer=Infinite()),
    ):
        with pytest.raises(ValueError, match=r"layer 'dense.*: expected finite numbers"):
            layer(X[:, 0])
