"""Targets of categorical_crossentropy whose rows do not sum to 1: random, multi-hot, all zero.

Keras's formulas: the loss of a row is -sum(y log p), its gradient by the logits p sum(y) - y.
B samples, T time steps, C classes.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import LSTM, Activation, Dense, Input
from echocell.losses import CategoricalCrossentropy
from echocell.models import Sequential

KINDS = ("random", "multi-hot", "zeros", "negative", "one row")


def targets(kind: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    random = np.random.RandomState(seed)
    if kind == "random":
        return random.rand(*shape) * 3
    if kind == "multi-hot":
        return (random.rand(*shape) < 0.6).astype(float)
    if kind == "negative":
        return random.randn(*shape)
    y = np.eye(shape[-1])[random.randint(0, shape[-1], shape[:-1])]
    y[0] = 0.0 if kind == "zeros" else 0.5
    return y


def classifier(classes: int, dtype: str = "float64", loss: object = None) -> Sequential:
    model = Sequential([Input((4,)), Dense(classes, activation="softmax")], dtype=dtype)
    model.compile("sgd", loss or "categorical_crossentropy")
    return model


@pytest.mark.filterwarnings("ignore:categorical_crossentropy expects")
@pytest.mark.parametrize("fused", [True, False])
@given(
    kind=st.sampled_from(KINDS),
    batch=st.integers(1, 6),
    classes=st.integers(2, 20),
    smoothing=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 999),
)
def test_loss_and_gradient_are_keras(fused, kind, batch, classes, smoothing, seed) -> None:
    loss = CategoricalCrossentropy(from_logits=not fused, label_smoothing=smoothing)
    end = "softmax" if fused else None
    model = Sequential([Input((4,)), Dense(classes, activation=end)], dtype="float64")
    model.compile("sgd", loss)
    x = np.random.RandomState(seed).randn(batch, 4)
    y = targets(kind, (batch, classes), seed)
    kernel, bias = model.get_weights()
    logits = np.exp(x @ kernel + bias)
    p = logits / logits.sum(axis=-1, keepdims=True)
    smooth = y * (1 - smoothing) + smoothing / classes
    delta = (p * smooth.sum(axis=-1, keepdims=True) - smooth) / batch
    value, (d_kernel, d_bias), dx = model.gradients(x, y)
    np.testing.assert_allclose(value, -(smooth * np.log(p)).sum() / batch, atol=1e-10)
    np.testing.assert_allclose(d_kernel, x.T @ delta, atol=1e-10)
    np.testing.assert_allclose(d_bias, delta.sum(axis=0), atol=1e-10)
    np.testing.assert_allclose(dx, delta @ kernel.T, atol=1e-10)


@pytest.mark.filterwarnings("ignore:categorical_crossentropy expects")
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 99))
def test_probabilities_that_are_not_fused(kind: str, seed: int) -> None:
    model = Sequential([Input((3,)), Activation("sigmoid"), Activation("linear")], dtype="float64")
    model.compile("sgd", "categorical_crossentropy")
    x = np.random.RandomState(seed).randn(4, 3)
    y = targets(kind, (4, 3), seed)
    loss = CategoricalCrossentropy()
    value, _, dx = model.gradients(x, y)
    np.testing.assert_allclose(value, loss(y, model.predict(x)), atol=1e-10)
    for k in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[k] = 1e-6
        change = loss(y, model.predict(x + step)) - loss(y, model.predict(x - step))
        np.testing.assert_allclose(dx[k], change / 2e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["random", "multi-hot", "negative", "one row"])
def test_a_model_warns_once(kind: str, dtype: str) -> None:
    model, x = classifier(3, dtype), np.ones((5, 4), dtype)
    y = targets(kind, (5, 3), 1).astype(dtype)
    with pytest.warns(UserWarning, match="expects probabilities that sum to 1, received") as seen:
        model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y))
    assert len(seen) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, verbose=0)
        model.train_on_batch(x, y)
        model.evaluate(x, y, verbose=0)
        model.gradients(x, y)


@pytest.mark.parametrize("verb", ["fit", "train_on_batch", "evaluate", "gradients"])
def test_every_verb_takes_them(verb: str) -> None:
    model, x, y = classifier(3), np.ones((5, 4)), np.full((5, 3), 2.0)
    with pytest.warns(UserWarning, match=r"received \[2, 2, 2\] at y\[0\]"):
        getattr(model, verb)(x, y)


def test_the_warning_names_the_row() -> None:
    x, y = np.ones((99, 4)), np.tile([0.0, 1.0, 0.0], (99, 1))
    y[77] = 4
    with pytest.warns(UserWarning, match=r"received \[4, 4, 4\] at y\[77\]"):
        classifier(3).fit(x, y, verbose=0)
    with pytest.warns(UserWarning, match=r"at validation_data\[1\]\[77\]"):
        classifier(3).fit(x, np.eye(3)[[0] * 99], verbose=0, validation_data=(x, y))


def test_probabilities_and_padding_warn_of_nothing() -> None:
    y = np.array([[1, 0, 0], [0.2, 0.3, 0.5], [0, 0, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier(3).fit(np.ones((3, 4)), y, verbose=0)


@pytest.mark.filterwarnings("ignore:categorical_crossentropy expects")
def test_outputs_at_every_step_and_lists_of_unequal_lengths() -> None:
    model = Sequential([Input((None, 2)), LSTM(4, return_sequences=True)])
    model.add(Dense(3, activation="softmax"))
    model.compile("sgd", "categorical_crossentropy")
    random = np.random.RandomState(0)
    x = [random.rand(n, 2) for n in (3, 1, 5)]
    y = [random.rand(n, 3) for n in (3, 1, 5)]
    rows = sum(map(len, x))
    p = np.concatenate(model.predict(x))
    expected = -(np.concatenate(y) * np.log(p)).sum() / rows
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0, batch_size=3), expected, rtol=1e-5)
    again = model.evaluate(x[2][None], y[2][None], verbose=0)
    np.testing.assert_allclose(again, -(y[2] * np.log(p[4:])).sum() / 5, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [2, 200])
def test_numbers_that_are_not_finite_stay_errors(bad: float, rows: int) -> None:
    model, x, y = classifier(3), np.ones((rows, 4)), np.ones((rows, 3))
    y[1, 2] = bad
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"y: expected finite numbers, received .* at y\[1, 2\]"):
        model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 4), (4, 3), (5, 1, 3)])
def test_wrong_shapes_stay_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="y: expected"):
        classifier(3).fit(np.ones((5, 4)), np.ones(shape), verbose=0)
