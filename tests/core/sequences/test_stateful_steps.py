"""TimeDistributed with a stateful layer: states are carried from step to step and batch to
batch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import GRU, LSTM, Bidirectional, Flatten, Input, Layer, TimeDistributed
from echocell.models import Sequential, load_model

pytestmark = pytest.mark.usefixtures("fresh_process")

INNER: dict[str, Callable[..., Layer]] = {
    "lstm": lambda **options: LSTM(3, **options),
    "sequences": lambda **options: GRU(2, return_sequences=True, **options),
    "both": lambda **options: Bidirectional(LSTM(2, **options)),
}


def model_of(inner: str, batch: int, steps: int | None, dtype: str = "float64") -> Sequential:
    layer = TimeDistributed(INNER[inner](stateful=True))
    return Sequential([Input(batch_shape=(batch, steps, 4, 5)), layer], dtype=dtype)


def carried_on(inner: str, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Computes the same with a stateful layer that is called step by step."""
    alone = INNER[inner](stateful=True)
    alone.dtype = "float64"
    alone.build((None, *x.shape[2:]))
    alone.set_weights(weights)
    return np.stack([alone(x[:, t]) for t in range(x.shape[1])], axis=1)


@given(
    inner=st.sampled_from(sorted(INNER)),
    batch=st.integers(1, 5),
    steps=st.integers(1, 4),
    batches=st.integers(1, 3),
    is_open=st.booleans(),
)
def test_states_go_from_step_to_step(
    inner: str, batch: int, steps: int, batches: int, is_open: bool
) -> None:
    x = np.random.default_rng(steps).standard_normal((batch, steps * batches, 4, 5))
    model = model_of(inner, batch, None if is_open else steps)
    pieces = np.split(x, batches, axis=1)
    found = np.concatenate([model.predict(piece, batch_size=batch) for piece in pieces], axis=1)
    expected = carried_on(inner, model.get_weights(), x)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    model.reset_states()
    first = model.predict(pieces[0], batch_size=batch)
    np.testing.assert_allclose(first, expected[:, :steps], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("carries", [False, True])
def test_gradients_go_from_step_to_step(inner: str, carries: bool, threads: int) -> None:
    rng = np.random.default_rng(3)
    x, before = rng.standard_normal((2, 3, 3, 4, 5))
    model = model_of(inner, 3, 3)
    model.add(Flatten())
    model.compile("sgd", "mse")
    y = rng.standard_normal((3, model.output_shape[1]))
    if carries:
        model.predict(before, batch_size=3)
    states = model.get_states()

    def loss(weights: list[np.ndarray], inputs: np.ndarray) -> float:
        model.set_weights(weights)
        model.set_states(states)
        return float(np.mean((model.predict(inputs, batch_size=3) - y) ** 2))

    weights = model.get_weights()
    value, gradients, dx = model.gradients(x, y)
    assert value == pytest.approx(loss(weights, x), rel=1e-12)
    model.set_weights(weights)
    step = 1e-5
    for _ in range(3):
        directions = [rng.standard_normal(w.shape) for w in weights]
        towards = rng.standard_normal(x.shape)

        def moved(
            by: float, directions: list[np.ndarray] = directions, towards: np.ndarray = towards
        ) -> float:
            pairs = zip(weights, directions, strict=True)
            return loss([w + by * d for w, d in pairs], x + by * towards)

        numeric = (moved(step) - moved(-step)) / (2 * step)
        pairs = zip(gradients, directions, strict=True)
        exact = sum((g * d).sum() for g, d in pairs) + (dx * towards).sum()
        assert exact == pytest.approx(numeric, rel=1e-6, abs=1e-9)


def test_training_and_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((4, 3, 4, 5))
    model = Sequential(
        [
            Input(batch_shape=(2, 3, 4, 5)),
            TimeDistributed(LSTM(3, stateful=True, dropout=0.2, recurrent_dropout=0.2)),
            Flatten(),
        ]
    )
    model.compile("adam", "mse")
    y = np.zeros((4, 9))
    first = model.evaluate(x, y, batch_size=2, verbose=0)
    model.fit(x, y, batch_size=2, epochs=20, shuffle=False, verbose=0)
    model.save(tmp_path / "model")
    for other in (load_model(tmp_path / "model"), copy.deepcopy(model)):
        for a, b in zip(model.get_states()[0], other.get_states()[0], strict=True):
            np.testing.assert_array_equal(a, b)
        other.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.predict(x, 2), other.predict(x, 2))
    assert model.evaluate(x, y, batch_size=2, verbose=0) < first
    assert [state.shape for state in model.layers[0].states] == [(2, 3), (2, 3)]


def test_a_step_is_one_outer_step() -> None:
    x = np.random.default_rng(6).standard_normal((2, 3, 4, 5))
    layer = TimeDistributed(LSTM(3, stateful=True))
    stateless = TimeDistributed(LSTM(3))
    stateless(x)
    layer.build((2, 3, 4, 5))
    layer.set_weights(stateless.get_weights())
    assert [state.shape for state in layer.states] == [(2, 3), (2, 3)]
    np.testing.assert_allclose(layer(x)[:, 0], stateless(x)[:, 0], rtol=1e-6)
    assert np.abs(layer(x)[:, 1] - stateless(x)[:, 1]).max() > 1e-4
    assert stateless.get_states() == []
