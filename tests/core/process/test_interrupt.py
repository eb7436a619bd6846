"""Ctrl-C: training stops after a whole batch and leaves a usable model."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from echocell.layers import LSTM, Dense
from echocell.models import Sequential


def interrupt_soon(seconds: float = 0.3) -> None:
    """Sends SIGINT to this process from another thread, after a short delay."""
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


def a_model(**kwargs: object) -> Sequential:
    model = Sequential([LSTM(32, **kwargs), Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    return model


@pytest.mark.parametrize("batch_size", [1, 64])
def test_ctrl_c_leaves_a_usable_model(batch_size: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2048, 50, 16))
    y = np.eye(3)[rng.integers(0, 3, 2048)]
    model = a_model(input_shape=(50, 16))
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=100_000, batch_size=batch_size, verbose=0)
    updates = int(model.optimizer.iterations)
    assert updates > 0
    assert all(np.isfinite(w).all() for w in model.get_weights())
    model.fit(x[:64], y[:64], batch_size=batch_size, verbose=0)
    assert int(model.optimizer.iterations) == updates + 64 // batch_size
    assert np.isfinite(model.predict(x[:5], verbose=0)).all()


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.3, 0.5, 0.8])
def test_one_long_batch_is_dropped_whole(seconds: float) -> None:
    """A batch broken off in the middle changes neither weights nor carried states. It is so long
    that its gates are kept for a segment of steps at a time.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 20_000, 4))
    y = np.eye(3)[rng.integers(0, 3, 64)]
    model = a_model(batch_input_shape=(64, None, 4), stateful=True)
    model.train_on_batch(x[:, :3], y)
    before, states = model.get_weights(), model.get_states()
    interrupt_soon(seconds)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=1000, batch_size=64, shuffle=False, verbose=0)
    if int(model.optimizer.iterations) == 1:  # the usual case: interrupted in the first long batch
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        for old_layer, new_layer in zip(states, model.get_states(), strict=True):
            np.testing.assert_array_equal(old_layer, new_layer)
    assert np.isfinite(model.predict(x[:, :3], batch_size=64, verbose=0)).all()


@pytest.mark.parametrize("bptt_steps", [None, 5_000])
def test_a_first_batch_that_is_broken_off_carries_no_states(bptt_steps: int | None) -> None:
    rng = np.random.default_rng(0)
    model = Sequential([LSTM(32, stateful=True, input_shape=(None, 4)), Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    x, y = rng.normal(size=(64, 60_000, 4)), np.ones((64, 1))
    interrupt_soon(0.1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, shuffle=False, verbose=0, batch_size=64, bptt_steps=bptt_steps)
    if int(model.optimizer.iterations) == 0:  # the usual case
        assert model.get_states() == [[]]
        assert model.predict(x[:2, :3]).shape == (2, 1)


def test_a_first_step_that_is_broken_off_carries_no_states() -> None:
    units, rows = 256, 20_000
    model = Sequential([LSTM(units, return_sequences=True, input_shape=(None, units))])
    x = np.zeros((rows, units), np.float32)

    def first_steps() -> None:
        for _ in range(10_000):
            model.reset_states()
            model.step(x)

    interrupt_soon(0.1)
    with pytest.raises(KeyboardInterrupt):
        first_steps()
    carried = model.graph.network.state_batch
    assert carried in (0, rows)  # between two steps the last one counts
    model.reset_states()
    assert model.step(x[:1]).shape == (1, units)
