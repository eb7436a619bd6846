"""Models without weights, and samples without axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
from echocell.layers import (
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Masking,
    RepeatVector,
    Reshape,
    TimeDistributed,
)
from echocell.models import Sequential
from echocell.optimizers import SGD, Adam

T, F = 4, 3
WEIGHTLESS: dict[str, Any] = {
    "softmax": lambda: Activation("softmax"),
    "sigmoid": lambda: Activation("sigmoid"),
    "linear": lambda: Activation("linear"),
    "time distributed": lambda: TimeDistributed(Activation("softmax")),
    "dropout": lambda: Dropout(0.3),
    "masking": lambda: Masking(),
    "flatten": lambda: Flatten(),
    "reshape": lambda: Reshape((6, 2)),
}
LOSSES = ["mse", "categorical_crossentropy", "sparse_categorical_crossentropy"]
LOSSES.append("binary_crossentropy")


@given(
    kinds=st.lists(st.sampled_from(sorted(WEIGHTLESS)), min_size=1, max_size=3),
    loss=st.sampled_from(LOSSES),
    optimizer=st.sampled_from(["sgd", "clipped", "adam"]),
    seed=st.integers(0, 99),
)
def test_nothing_is_trained_and_all_else_works(
    kinds: list[str], loss: str, optimizer: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.1, 0.9, size=(5, T, F))
    try:
        model = Sequential([Input((T, F)), *(WEIGHTLESS[kind]() for kind in kinds)])
    except ValueError:
        return  # TimeDistributed behind Flatten
    chosen = {"sgd": "sgd", "clipped": SGD(clipnorm=1.0), "adam": Adam()}[optimizer]
    model.compile(chosen, loss)
    output = model.predict(x)
    y: Any = rng.uniform(size=output.shape)
    if loss == "categorical_crossentropy":
        y = np.eye(output.shape[-1])[rng.integers(0, output.shape[-1], output.shape[:-1])]
    elif loss.startswith("sparse"):
        y = rng.integers(0, output.shape[-1], output.shape[:-1])
    assert np.isfinite(model.fit(x, y, epochs=2, batch_size=2, verbose=0).history["loss"]).all()
    value = model.evaluate(x, y, verbose=0)
    assert np.isfinite(model.train_on_batch(x, y))
    of_gradients, weights, dx = model.gradients(x, y)
    assert of_gradients == pytest.approx(value, rel=1e-5)
    assert weights == []
    assert dx.shape == x.shape
    np.testing.assert_array_equal(model.predict(x), output)


@pytest.mark.parametrize("shape", [(F,), (T, F), (None, F)])
@pytest.mark.parametrize(
    ("activation", "loss"),
    [("softmax", "categorical_crossentropy"), ("sigmoid", "binary_crossentropy")],
)
def test_an_activation_alone_in_front_of_its_loss(
    shape: tuple[int | None, ...], activation: str, loss: str
) -> None:
    """The loss is computed from the input itself."""
    model = Sequential([Input(shape), Activation(activation)])
    model.compile("adam", loss, metrics=["accuracy"])
    extents = [T if extent is None else extent for extent in shape]
    x = np.random.default_rng(2).normal(size=(6, *extents))
    y = np.eye(F)[np.arange(x.size // F) % F].reshape(x.shape)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True) if activation == "softmax" else 1 / (1 + np.exp(-x))
    expected = -(y * np.log(p)).sum(axis=-1).mean()
    if activation == "sigmoid":
        expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    logs = model.fit(x, y, epochs=2, verbose=0).history
    assert logs["loss"] == [pytest.approx(expected, rel=1e-5)] * 2


# ---- samples without axes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [
        [Dropout(0.3)],
        [Activation("relu")],
        [Flatten(), Dense(50)],
        [Reshape((1,)), Dense(2)],
        [RepeatVector(2)],
        [Masking()],
        [Embedding(3, 2)],
        [Dense(1)],
        [LSTM(2)],
    ],
    ids=lambda layers: type(layers[0]).__name__,
)
def test_samples_of_a_single_number_are_refused(layers: list[Any]) -> None:
    with pytest.raises(ValueError, match="axis"):
        Sequential([Input(()), *layers])
    with pytest.raises(ValueError, match="axis"):
        Sequential(layers).build((None,))


def test_the_sentence_says_what_to_give() -> None:
    with pytest.raises(ValueError, match=r"Input\(\(1,\)\), and x of shape \(samples, 1\)"):
        Sequential([InputLayer(shape=()), Dropout(0.3)])
    with pytest.raises(ValueError, match="at least one axis"):
        Sequential([Dropout(0.3, batch_input_shape=(2,))])
    with pytest.raises(ValueError, match="at least one axis"):
        Dropout(0.3).build_sample((), "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_core_refuses_them_itself(dtype: str) -> None:
    options = [_core.DropoutOptions(rate=0.1), _core.FlattenOptions()]
    with pytest.raises(ValueError, match="at least one axis"):
        _core.make_network(options, [], dtype)
    network = _core.make_network(options, [1], dtype)
    for x in (np.ones(3, dtype), np.ones((), dtype)):
        with pytest.raises(ValueError, match="expected x"):
            network.predict(x, batch_size=1)
        with pytest.raises(ValueError, match="expected x"):
            network.run_layer(0, x)
    assert network.quick_predict(np.ones(3, dtype), 2) is None


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_reshape_to_nothing_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="target_shape"):
        Sequential([Input(shape), Reshape(())])
    with pytest.raises(ValueError, match="target_shape"):
        Sequential([Input((2, *shape)), TimeDistributed(Reshape(()))])
