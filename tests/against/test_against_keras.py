"""Compares the public API with Keras, with random weights and data, if Keras is installed.

In float32, Keras's default: most of its backends do not support float64.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import echocell
import echocell.layers
import echocell.losses
import echocell.metrics
import echocell.models
import echocell.optimizers
from support import cases, tools


def choose_backend() -> None:
    """Sets an installed backend; masks of PyTorch and TensorFlow agree, those of JAX differ."""
    for backend, module in (("torch", "torch"), ("tensorflow", "tensorflow"), ("jax", "jax")):
        if importlib.util.find_spec(module):
            os.environ.setdefault("KERAS_BACKEND", backend)
            return


choose_backend()
keras = pytest.importorskip("keras", minversion="3.0")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


def make_pair(case: cases.Case, rng: np.random.Generator) -> tuple[Any, Any]:
    """Makes the model in Keras and here, with the same weights."""
    theirs, ours = cases.make_model(keras, case), cases.make_model(echocell, case)
    weights = cases.make_weights([w.shape for w in theirs.get_weights()], rng)
    theirs.set_weights(weights)
    ours.set_weights(weights)
    return theirs, ours


@pytest.mark.parametrize("case", cases.PREDICT_CASES, ids=lambda case: case.name)
def test_outputs(case, seed):
    rng = np.random.default_rng(seed)
    theirs, ours = make_pair(case, rng)
    x = cases.make_inputs(case, 5, rng).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(x))
    tools.assert_close(ours.predict(x, verbose=0), expected, "float32")


@pytest.mark.parametrize("fit", cases.FIT_CASES, ids=lambda fit: fit.name)
def test_fit(fit, seed):
    """Compares the losses of the epochs, and the final weights, with plain gradient descent.

    Adam would magnify the rounding errors of gradients that are almost 0.
    """
    if keras.config.backend() == "jax" and fit.case.masked and fit.metrics:
        fit = replace(fit, metrics=[])  # JAX's trainer drops the mask before the metrics
    fit = replace(fit, optimizer=("SGD", {"learning_rate": 0.05}))
    rng = np.random.default_rng(seed)
    theirs, ours = make_pair(fit.case, rng)
    x = cases.make_inputs(fit.case, fit.samples, rng).astype("float32")
    y = cases.make_targets(fit, fit.samples, rng)
    weight = cases.make_sample_weight(fit, fit.samples, rng)
    histories = []
    for package, model in ((keras, theirs), (echocell, ours)):
        cases.compile_model(package, model, fit)
        history = model.fit(
            x,
            y,
            sample_weight=weight,
            class_weight=cases.class_weight(fit),
            batch_size=fit.batch_size,
            epochs=2,
            shuffle=False,
            verbose=0,
        )
        histories.append(history.history)
    assert set(histories[0]) == set(histories[1])
    tools.assert_close(histories[1]["loss"], histories[0]["loss"], "float32", "loss")
    for actual, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        tools.assert_close(actual, expected, "float32", "weights")
