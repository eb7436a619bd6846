"""Effects on the process: threads, forks, memory, floating-point mode."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import echocell
from echocell.layers import LSTM, Dense, Embedding
from echocell.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6, 5)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, 64)]


def trained(seed: int, epochs: int = 3) -> list[np.ndarray]:
    """Returns the weights of a small model after training, with a fixed seed."""
    model = built(seed)
    model.fit(X, Y, epochs=epochs, batch_size=32, verbose=0)
    return model.get_weights()


def built(seed: int) -> Sequential:
    model = Sequential([LSTM(64, input_shape=(6, 5), dropout=0.2), Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def test_two_threads_train_two_models_at_once() -> None:
    np.random.seed(1)
    models = [built(1), built(2)]
    np.random.seed(1)
    twins = [built(1), built(2)]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(m.fit, X, Y, epochs=30, batch_size=32, verbose=0) for m in models]
        for job in jobs:
            job.result()
    for model, twin in zip(models, twins, strict=True):
        twin.fit(X, Y, epochs=30, batch_size=32, verbose=0)
        for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_one_model_in_two_threads_is_refused() -> None:
    model = built(0)
    started, finished = threading.Event(), threading.Event()

    def train() -> None:
        hook = echocell.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: (started.set(), finished.wait(30))
        )
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[hook])

    thread = threading.Thread(target=train)
    thread.start()
    assert started.wait(30)
    with pytest.raises(ValueError, match="another thread"):
        model.predict(X, verbose=0)
    finished.set()
    thread.join()
    assert model.predict(X, verbose=0).shape == (64, 3)


def test_nothing_is_changed_from_another_thread() -> None:
    model, idle = built(0), built(1)
    optimizer = echocell.optimizers.Adam(0.5)
    for sharing in (idle, model):
        sharing.compile(loss="categorical_crossentropy", optimizer=optimizer)
    network, layer = model.graph.network, model.layers[0]
    slots, random_state = network.slots(), network.random_state
    changes = [
        lambda: setattr(optimizer, "learning_rate", 0.1),
        lambda: setattr(optimizer, "iterations", 7),
        lambda: setattr(layer, "trainable", False),
        lambda: setattr(model, "trainable", False),
        lambda: network.set_regularizer(0, 0, 0.1, 0.1),
        lambda: setattr(network, "random_state", random_state),
        lambda: network.set_slots(slots),
        network.slots,
        lambda: network.random_state,
        lambda: network.workspace_bytes,
        lambda: network.gradients(X, Y),
    ]
    started, finished = threading.Event(), threading.Event()

    def train() -> None:
        hook = echocell.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: (started.set(), finished.wait(30))
        )
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[hook])

    thread = threading.Thread(target=train)
    thread.start()
    assert started.wait(30)
    try:
        for change in changes:
            with pytest.raises(ValueError, match="another thread"):
                change()
        with pytest.raises(ValueError, match="while the model trains"):
            model.compile(loss="mse", optimizer="sgd")
        assert (float(optimizer.learning_rate), int(optimizer.iterations)) == (0.5, 0)
        assert [net.learning_rate for net in (network, idle.graph.network)] == [0.5, 0.5]
        assert [layer.trainable, model.trainable] == [True, True]
    finally:
        finished.set()
        thread.join()
    assert int(optimizer.iterations) == 2
    for change in changes:
        change()
    assert (float(optimizer.learning_rate), int(optimizer.iterations)) == (0.1, 7)


def test_callbacks_may_change_their_model() -> None:
    model = built(0)

    def change(epoch: int, logs: object) -> None:
        model.optimizer.learning_rate = 0.1 / (epoch + 1)
        model.optimizer.iterations = 10
        model.layers[0].trainable = False
        model.graph.network.set_slots(model.graph.network.slots())

    hook = echocell.callbacks.LambdaCallback(on_epoch_begin=change)
    before = model.layers[0].get_weights()
    model.fit(X, Y, epochs=2, batch_size=64, verbose=0, callbacks=[hook])
    assert (float(model.optimizer.learning_rate), int(model.optimizer.iterations)) == (0.05, 11)
    assert all(map(np.array_equal, before, model.layers[0].get_weights()))


def test_the_core_takes_numbers_alone() -> None:
    network = built(0).graph.network
    words = np.full((2, 6, 5), "a")
    for call in (
        lambda: network.predict(words, batch_size=2),
        lambda: network.set_parameter(0, 0, np.full((5, 256), "a")),
        lambda: network.predict(X[0], batch_size=2, lengths=np.array(["six"])),
    ):
        with pytest.raises(ValueError, match="of numbers, received dtype <U"):
            call()


def _train_in_child(queue: multiprocessing.Queue[bytes]) -> None:
    np.random.seed(3)
    queue.put(b"".join(w.tobytes() for w in trained(3)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_trains_and_gives_the_same_bits() -> None:
    np.random.seed(3)
    expected = b"".join(w.tobytes() for w in trained(3))  # opens a parallel region before the fork
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[bytes] = context.Queue()
    child = context.Process(target=_train_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(60)
    assert child.exitcode == 0


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("call", ["train_on_batch", "fit", "predict", "step"])
def test_memory_does_not_grow(call: str) -> None:
    """The short version; bench/compare/memory.py makes a million calls."""
    model = built(0)
    run = {
        "train_on_batch": lambda: model.train_on_batch(X[:1], Y[:1]),
        "fit": lambda: model.fit(X[:1], Y[:1], verbose=0),
        "predict": lambda: model.predict(X[:1], verbose=0),
        "step": lambda: model.step(X[:1, 0]),
    }[call]
    for _ in range(2000):
        run()
    before = resident_bytes()
    for _ in range(10_000):
        run()
    assert resident_bytes() - before < 1 << 20


def test_changing_shapes_do_not_pile_up_workspaces() -> None:
    model = Sequential([LSTM(8, input_shape=(None, 5)), Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    for steps in range(1, 200):
        model.train_on_batch(np.zeros((2, steps, 5)), Y[:2])
    core = model.graph.network
    held = core.workspace_bytes
    for steps in range(1, 200):
        model.train_on_batch(np.zeros((2, steps, 5)), Y[:2])
    assert core.workspace_bytes == held


def wide_rows(count: int) -> np.ndarray:
    """Returns inputs whose workspace is about 60 MiB."""
    return np.zeros((1, 60_000 + count), np.float32)


def test_workspaces_are_bounded_in_bytes() -> None:
    model = Sequential([Embedding(2, 256, input_shape=(None,)), Dense(1)])
    for count in range(6):
        model.predict(wide_rows(count))
    one = 4 * 258 * 60_008
    held = model.graph.network.workspace_bytes
    assert 4 * one <= held <= (256 << 20) + one
    model.predict(wide_rows(5))
    assert model.graph.network.workspace_bytes == held  # the latest are kept


def test_clear_session_lets_go_of_workspaces() -> None:
    models = [built(1), built(2)]
    outputs = []
    for model in models:
        outputs.append((model.predict(X), model.predict(X[:7])))
        model.step(X[:3, 0])
    states = models[0].get_states()
    for clear in (echocell.backend.clear_session, echocell.utils.clear_session):
        assert all(model.graph.network.workspace_bytes > 0 for model in models)
        clear()
        assert all(model.graph.network.workspace_bytes == 0 for model in models)
        np.testing.assert_equal(models[0].get_states(), states)
        for model, (whole, part) in zip(models, outputs, strict=True):
            np.testing.assert_array_equal(model.predict(X), whole)
            np.testing.assert_array_equal(model.predict(X[:7]), part)


def test_clear_session_in_hooks_changes_no_result() -> None:
    clear = echocell.backend.clear_session
    hooks = echocell.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: clear(),
        on_epoch_end=lambda epoch, logs: clear(),
        on_test_batch_end=lambda batch, logs: clear(),
    )
    results = []
    for callbacks in (None, [hooks]):
        np.random.seed(4)
        model = built(4)
        history = model.fit(
            *(X, Y, 24, 3), verbose=0, validation_split=0.25, bptt_steps=4, callbacks=callbacks
        )
        results.append((history.history, model.get_weights()))
    np.testing.assert_equal(results[0], results[1])


def test_the_counters_are_read_while_another_thread_trains() -> None:
    """Run under ThreadSanitizer."""
    model = built(0)
    optimizer = model.optimizer
    seen: list[tuple[int, float]] = []
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(model.fit, X, Y, epochs=50, batch_size=8, verbose=0)
        while not job.done():
            seen.append((int(optimizer.iterations), float(optimizer.learning_rate)))
    counts = [count for count, _ in seen]
    assert counts == sorted(counts)
    assert int(optimizer.iterations) == 50 * 8
    assert {rate for _, rate in seen} <= {float(optimizer.learning_rate)}


def test_the_callers_denormals_survive() -> None:
    trained(0, epochs=1)
    tiny = np.full(4, 1e-40, np.float32)
    assert (tiny * np.float32(0.5) > 0).all()


# ---- without threads ---------------------------------------------------------------------------

# Trains with a batch for several threads when threads can no longer be created.
WITHOUT_THREADS = """
import os, resource, sys, warnings
import numpy as np
import echocell
from echocell import layers, models

def weights(threads):
    echocell.set_num_threads(threads)
    np.random.seed(1)
    model = models.Sequential([layers.LSTM(64, input_shape=(20, 8)), layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(2):
        model.fit(np.ones((64, 20, 8), "f4"), np.ones((64, 1), "f4"), batch_size=64, verbose=0)
    return b"".join(w.tobytes() for w in model.get_weights())

expected = weights(1)
if sys.argv[1] == "memory":  # for everything but a thread's stack
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + (6 << 20)
    resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, 8 << 20))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
else:
    if os.getuid() == 0:
        os.setuid(65534)  # nothing binds the administrator
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert weights(3) == expected
print(echocell.get_num_threads(), *(f"{w.category.__name__}: {w.message}" for w in caught))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")
@pytest.mark.skipif("san" in os.environ.get("LD_PRELOAD", ""), reason="it maps memory of its own")
@pytest.mark.parametrize("limit", ["memory", "processes"])
def test_where_no_thread_can_be_made_one_does_the_work(limit: str) -> None:
    """OpenMP's runtime would end the process."""
    command = [sys.executable, "-c", WITHOUT_THREADS, limit]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(r"1 RuntimeWarning: the system refuses to make threads .*\n", run.stdout)
