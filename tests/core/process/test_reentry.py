"""Python code that runs in the middle of a call of the core: signal handlers, the garbage
collector, hooks that release their model.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from echocell import backend
from echocell.callbacks import LambdaCallback
from echocell.layers import LSTM, Dense
from echocell.models import Sequential

B, T, F = 64, 10_000, 4
X = np.random.default_rng(0).normal(size=(B, T, F)).astype(np.float32)
Y = np.ones((B, 1), np.float32)
SHORT = X[:, :3].copy()
STATES = [[np.ones((B, 16), np.float32)] * 2, []]


def built() -> Sequential:
    np.random.seed(3)
    first = LSTM(16, stateful=True, return_sequences=True, batch_input_shape=(B, None, F))
    model = Sequential([first, LSTM(16, dropout=0.25), Dense(1)])
    model.compile("adam", "mse")
    model.train_on_batch(SHORT, Y)
    return model


def everything(model: Sequential) -> list[np.ndarray]:
    """Returns all numbers that a call can change."""
    states = [state for layer in model.get_states() for state in layer]
    network = model.graph.network
    return [*model.get_weights(), *states, *network.slots(), np.array(network.random_state)]


# Calls that would change a part of the model that a batch needs unchanged.
REFUSED: dict[str, Callable[[Sequential], Any]] = {
    "fit": lambda model: model.fit(SHORT, Y, batch_size=B, verbose=0, shuffle=False),
    "listened fit": lambda model: model.fit(SHORT, Y, batch_size=B, verbose=2, shuffle=False),
    "train_on_batch": lambda model: model.train_on_batch(SHORT, Y),
    "evaluate": lambda model: model.evaluate(SHORT, Y, batch_size=B, verbose=0),
    "predict": lambda model: model.predict(SHORT, batch_size=B),
    "step": lambda model: model.step(SHORT[:, 0]),
    "gradients": lambda model: model.gradients(SHORT, Y),
    "trace": lambda model: model.layers[0].trace(SHORT),
    "layer": lambda model: model.layers[0](SHORT),
    "reset_states": lambda model: model.reset_states(),
    "reset of rows": lambda model: model.reset_states([0]),
    "get_states": lambda model: model.get_states(),
    "set_states": lambda model: model.set_states(STATES),
    "set_weights": lambda model: model.set_weights([w * 0 for w in model.get_weights()]),
    "compile": lambda model: model.compile("sgd", "mse"),
    "learning_rate": lambda model: setattr(model.optimizer, "learning_rate", 0.5),
    "iterations": lambda model: setattr(model.optimizer, "iterations", 0),
    "trainable": lambda model: setattr(model, "trainable", False),
    "slots": lambda model: model.graph.network.slots(),
    "quick_fit": lambda model: model.graph.network.quick_fit(SHORT, Y, B, 1, False) or refuse(),
    "quick_step": lambda model: model.graph.network.quick_step(SHORT[:, 0].copy()) or refuse(),
}


def refuse() -> None:
    """The fast path returns None if the ordinary call has to raise the error."""
    raise ValueError("middle of a batch")


# Each is a single batch that takes some tenths of a second.
LONG: dict[str, Callable[[Sequential], Any]] = {
    "fit": lambda model: model.fit(X, Y, batch_size=B, shuffle=False, verbose=0).history,
    "windows": lambda model: (
        model.fit(X, Y, batch_size=B, shuffle=False, verbose=0, bptt_steps=8_000).history
    ),
    "predict": lambda model: model.predict(X, batch_size=B),
    "gradients": lambda model: model.gradients(X, Y)[2],
    "layer": lambda model: model.layers[0](X),
}


@pytest.fixture
def alarm() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Makes a signal handler call a function, once, after 0.02 s of processor time.

    Processor time, because on a busy machine a clock could run out before the call begins.
    """
    before = signal.getsignal(signal.SIGPROF)

    def arm(action: Callable[[], None]) -> None:
        signal.signal(signal.SIGPROF, lambda *_: action())
        signal.setitimer(signal.ITIMER_PROF, 0.02)

    yield arm
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("call", LONG)
def test_a_signal_handler_leaves_a_batch_alone(call: str, alarm: Any) -> None:
    quiet, disturbed = built(), built()
    expected = LONG[call](quiet)
    before = disturbed.get_weights()
    told: dict[str, str] = {}

    def meddle() -> None:
        for name, action in REFUSED.items():
            try:
                action(disturbed)
                told[name] = "was allowed"
            except ValueError as error:
                told[name] = str(error)
        backend.clear_session()
        for mine, now in zip(before, disturbed.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, now)

    alarm(meddle)
    result = LONG[call](disturbed)
    assert set(told) == set(REFUSED)
    for name, text in told.items():
        assert "middle of a batch" in text or "while the model trains" in text, name
    np.testing.assert_equal(result, expected)
    for mine, other in zip(everything(disturbed), everything(quiet), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert disturbed.optimizer.learning_rate == quiet.optimizer.learning_rate
    if call == "fit":
        assert disturbed.history.history == expected


def test_between_batches_a_signal_handler_may_do_all(alarm: Any) -> None:
    """Small batches poll signals only between batches."""
    model = Sequential([LSTM(4, input_shape=(3, F)), Dense(1)])
    model.compile("adam", "mse")
    seen: list[Any] = []

    def use() -> None:
        seen.append(model.predict(SHORT).shape)
        seen.append(model.train_on_batch(SHORT, Y))
        model.optimizer.learning_rate = 0.25
        model.reset_states()
        raise KeyboardInterrupt

    alarm(use)
    with pytest.raises(KeyboardInterrupt):
        model.fit(SHORT, Y, batch_size=8, epochs=10**6, verbose=0)
    assert seen[0] == (B, 1)
    assert np.isfinite(seen[1])
    assert float(model.optimizer.learning_rate) == 0.25


def test_a_refused_call_in_a_handler_ends_the_fit(alarm: Any) -> None:
    """An exception from the handler propagates out of fit; the batch has no effect."""
    model = built()
    before = everything(model)[:-1]
    alarm(lambda: model.train_on_batch(SHORT, Y))
    with pytest.raises(ValueError, match="may read its weights and nothing else"):
        model.fit(X, Y, batch_size=B, shuffle=False, verbose=0)
    for mine, now in zip(before, everything(model)[:-1], strict=True):
        np.testing.assert_array_equal(mine, now)
    model.train_on_batch(SHORT, Y)


# ---- the garbage collector ---------------------------------------------------------------------


@pytest.fixture
def frequent_collections() -> Iterator[list[Callable[[], Any]]]:
    """Calls functions at every garbage collection, which almost every allocation starts."""
    actions: list[Callable[[], Any]] = []

    def run(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            for action in actions:
                action()

    before = gc.get_threshold()
    gc.callbacks.append(run)
    gc.set_threshold(1)
    yield actions
    gc.set_threshold(*before)
    gc.callbacks.remove(run)


def test_finalizers_leave_results_alone(frequent_collections: Any) -> None:
    """Collections may run while the core creates its results."""
    x, y = SHORT[:8].copy(), Y[:8].copy()
    model = Sequential([LSTM(8, input_shape=(None, F)), Dense(1)])
    model.compile("sgd", "mse")
    calls: list[Callable[[], Any]] = [
        lambda: model.gradients(x, y)[1],
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x),
        lambda: model.layers[0].trace(x),
        model.get_weights,
    ]
    expected = [call() for call in calls]
    steps = iter(range(4, 10**6))

    def meddle() -> None:
        backend.clear_session()
        with contextlib.suppress(ValueError):
            model.predict(np.zeros((8, 4 + next(steps) % 20, F), np.float32))

    frequent_collections.append(meddle)
    results = [[call() for call in calls] for _ in range(5)]
    frequent_collections.clear()
    for result in results:
        np.testing.assert_equal(result, expected)


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end", "on_test_batch_end"])
def test_a_hook_may_delete_the_model(hook: str) -> None:
    models = [built()]
    gone = weakref.ref(models[0])

    def delete(number: int, logs: Any) -> None:
        models.clear()
        callback.model = None
        gc.collect()

    callback = LambdaCallback(**{hook: delete})
    fit = models[0].fit
    history = fit(
        *(SHORT, Y, B, 2), shuffle=False, verbose=0, validation_data=(SHORT, Y), callbacks=callback
    )
    assert len(history.history["loss"]) == 2
    del fit, history
    gc.collect()
    assert gone() is None
