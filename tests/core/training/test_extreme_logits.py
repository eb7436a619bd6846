"""Losses of logits up to the largest float: never NaN, and correct wherever representable."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from echocell import losses
from echocell.layers import Activation, Input
from echocell.models import Sequential

DTYPES = ["float32", "float64"]


@functools.cache
def a_model(dtype: str, width: int, loss: str, fused: bool, **options: float) -> Sequential:
    """Makes a model whose logits are its inputs, so that d/dx is the gradient by the logits."""
    activation = "sigmoid" if loss.startswith("Binary") else "softmax"
    last = Activation(activation if fused else "linear")
    model = Sequential([Input((width,)), Activation("linear"), last], dtype=dtype)
    config = {"from_logits": not fused, **options}
    model.compile("sgd", losses.deserialize({"class_name": loss, "config": config}))
    return model


def logits(rng: np.random.Generator, width: int, dtype: str) -> np.ndarray:
    """Draws fractions of the largest float, of either sign, among small numbers."""
    largest = float(np.finfo(dtype).max)
    huge = rng.choice([0.3, 0.5, 0.501, 0.9, 1.0], width) * rng.choice([-1, 1], width) * largest
    small = rng.choice([0.0, 1e-3, 1.0, 40.0], width) * rng.choice([-1, 1], width)
    return np.where(rng.uniform(size=width) < 0.5, huge, small).astype(dtype)


def categorical(z: np.ndarray, y: np.ndarray) -> float:
    """Computes in a wider type, and clips the result to the dtype's range."""
    wide = z.astype(np.longdouble)
    below = wide.max() - wide
    terms = (np.log(np.exp(-below).sum()) + below) * y
    return float(min(terms.sum(), np.longdouble(np.finfo(z.dtype).max)))


def binary(z: np.ndarray, y: np.ndarray) -> float:
    wide = z.astype(np.longdouble)
    terms = np.log1p(np.exp(-abs(wide))) + np.maximum(wide, 0) - y * wide
    return float(terms.mean())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("width", [2, 3, 20])
def test_categorical(dtype: str, fused: bool, sparse: bool, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    loss = "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"
    model = a_model(dtype, width, loss, fused)
    rel = 1e-5 if dtype == "float32" else 1e-12
    for _ in range(60):
        z, k = logits(rng, width, dtype), int(rng.integers(0, width))
        y = np.eye(width)[k]
        target = np.array([k]) if sparse else y[np.newaxis]
        value = model.evaluate(z[np.newaxis], target, verbose=0)
        assert value == pytest.approx(categorical(z, y), rel=rel, abs=1e-6)
        p = np.exp(z.astype(np.longdouble) - z.max()).astype(float)
        with_gradient, _, dz = model.gradients(z[np.newaxis], target)
        assert with_gradient == value
        np.testing.assert_allclose(dz[0], p / p.sum() - y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("width", [1, 3, 20])
def test_binary(dtype: str, fused: bool, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = a_model(dtype, width, "BinaryCrossentropy", fused)
    rel = 1e-5 if dtype == "float32" else 1e-12
    for _ in range(60):
        z, y = logits(rng, width, dtype), rng.choice([0.0, 0.5, 1.0], width)
        value = model.evaluate(z[np.newaxis], y[np.newaxis], verbose=0)
        assert value == pytest.approx(binary(z, y), rel=rel, abs=1e-6)
        _, _, dz = model.gradients(z[np.newaxis], y[np.newaxis])
        with np.errstate(over="ignore"):
            sigmoid = 1 / (1 + np.exp(-z.astype(float)))
        np.testing.assert_allclose(dz[0], (sigmoid - y) / width, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_itself(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    model = Sequential([Input((3,)), Activation("softmax")], dtype=dtype)
    x = np.array([[largest, -largest, 0], [largest, largest, 0], [-largest] * 3], dtype)
    np.testing.assert_allclose(
        model.predict(x), [[1, 0, 0], [0.5, 0.5, 0], [1 / 3] * 3], rtol=1e-6, atol=1e-30
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_smoothed_and_soft_targets(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    z = np.array([[0.9 * largest, -0.9 * largest, 0]], dtype)
    for smoothing, y in ((0.1, [1.0, 0, 0]), (0.0, [0.5, 0.25, 0.25])):
        model = a_model(dtype, 3, "CategoricalCrossentropy", True, label_smoothing=smoothing)
        value = model.evaluate(z, np.array([y]), verbose=0)
        assert np.isfinite(value)
        assert value > 0.3 * smoothing * largest
