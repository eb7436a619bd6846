"""fit(bptt_steps=k): truncated backpropagation through time, compared with an explicit loop."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from echocell.layers import (
    GRU,
    LSTM,
    Dense,
    Input,
)
from echocell.models import Sequential
from support.windows import (
    RECURRENT,
    WEIGHTS,
    Y_LAST,
    Y_STEPS,
    B,
    C,
    F,
    N,
    T,
    X,
    a_model,
    assert_same_states,
    assert_same_weights,
    by_hand,
    segments,
)

# ---- definition --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("per_step", [True, False])
@pytest.mark.parametrize("stateful", [True, False])
def test_segments_as_long_as_the_sequence_change_no_bit(
    kind: str, per_step: bool, stateful: bool
) -> None:
    y = Y_STEPS if per_step else Y_LAST
    results = []
    for k in (None, T, T + 1, 10 * T):
        model = a_model(per_step, stateful, RECURRENT[kind], dropout=0.3, dtype="float32")
        history = model.fit(
            X, y, batch_size=B, epochs=2, shuffle=False, verbose=0, bptt_steps=k,
            validation_data=(X, y),
        )  # fmt: skip
        results.append((model, history.history))
    first, logs = results[0]
    for model, other_logs in results[1:]:
        assert other_logs == logs
        assert_same_weights(model, first)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("k", [1, 3, 4, 10])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_an_output_at_every_step_is_trained_segment_by_segment(
    kind: str, k: int, dropout: float
) -> None:
    model = a_model(recurrent=RECURRENT[kind], dropout=dropout)
    twin = a_model(stateful=True, recurrent=RECURRENT[kind], dropout=dropout)
    history = model.fit(
        X, Y_STEPS, batch_size=B, epochs=2, shuffle=False, verbose=0, bptt_steps=k,
        sample_weight=WEIGHTS,
    ).history  # fmt: skip
    expected = by_hand(twin, k, 2)
    assert_same_weights(model, twin)
    assert model.optimizer.iterations == 2 * (N // B) * len(segments(k))
    np.testing.assert_allclose(history["loss"], [loss for loss, _ in expected], rtol=1e-12)
    np.testing.assert_allclose(history["mae"], [mae for _, mae in expected], rtol=1e-12)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("k", [1, 3, 4, 10])
def test_an_output_at_the_end_is_trained_on_the_last_steps(kind: str, k: int) -> None:
    """The shorter segment is the first one, so that gradients always reach k steps back."""
    model = a_model(per_step=False, recurrent=RECURRENT[kind])
    twin = a_model(per_step=False, stateful=True, recurrent=RECURRENT[kind])
    history = model.fit(
        X, Y_LAST, batch_size=B, epochs=2, shuffle=False, verbose=0, bptt_steps=k
    ).history
    losses = []
    for _ in range(2):
        for first in range(0, N, B):
            batch = slice(first, first + B)
            twin.reset_states()
            *early, last = segments(k, short_first=True)
            assert last.stop - last.start == k
            for steps in early:
                twin.predict(X[batch, steps], batch_size=B)
            losses.append(twin.train_on_batch(X[batch, last], Y_LAST[batch])[0])
    assert_same_weights(model, twin)
    assert model.optimizer.iterations == 2 * (N // B)
    np.testing.assert_allclose(history["loss"], np.mean(np.reshape(losses, (2, -1)), axis=1))


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_stateful_model_goes_on_where_the_batch_before_ended(kind: str) -> None:
    model = a_model(stateful=True, recurrent=RECURRENT[kind])
    twin = a_model(stateful=True, recurrent=RECURRENT[kind])
    for either in (model, twin):
        either.predict(X[:B], batch_size=B)
    model.fit(
        X, Y_STEPS, batch_size=B, epochs=2, shuffle=False, verbose=0, bptt_steps=4,
        sample_weight=WEIGHTS,
    )  # fmt: skip
    by_hand(twin, 4, 2, forget=False)
    assert_same_weights(model, twin)
    assert_same_states(model, twin)


def test_only_the_stateful_layers_keep_their_states() -> None:
    np.random.seed(1)
    model = Sequential(
        [
            LSTM(4, return_sequences=True, stateful=True, batch_input_shape=(B, None, F)),
            GRU(3, return_sequences=True),
            Dense(C),
        ]
    )
    model.compile("sgd", "mse")
    model.train_on_batch(X[:B], Y_STEPS[:B], bptt_steps=4)
    (h, _), (of_gru,) = model.get_states()
    assert h.any()
    assert not of_gru.any()


def test_train_on_batch() -> None:
    model, twin = a_model(), a_model()
    loss, mae = model.train_on_batch(X, Y_STEPS, sample_weight=WEIGHTS, bptt_steps=4)
    history = twin.fit(
        X, Y_STEPS, batch_size=N, epochs=1, sample_weight=WEIGHTS, shuffle=False, bptt_steps=4,
        verbose=0,
    ).history  # fmt: skip
    assert_same_weights(model, twin)
    assert [loss] == history["loss"]
    assert [mae] == history["mae"]


def test_gradients_do_not_cross_segments() -> None:
    """A target that depends on distant inputs: with k = 1 the recurrent weights cannot learn it."""
    whole, cut = a_model(per_step=False), a_model(per_step=False)
    before = whole.get_weights()
    x = X.copy()
    x[:, -1] = 0
    for model, k in ((whole, None), (cut, 1)):
        model.train_on_batch(x, Y_LAST, bptt_steps=k)
    kernel = 0  # of the first layer, whose last input is zero
    assert (whole.get_weights()[kernel] != before[kernel]).any()
    np.testing.assert_array_equal(cut.get_weights()[kernel], before[kernel])


# ---- invariants --------------------------------------------------------------------------------


def test_states_of_step_stay() -> None:
    """Training does not disturb a model that is streaming."""
    model, twin = a_model(), a_model()
    for t in range(3):
        model.step(X[:1, t])
        twin.step(X[:1, t])
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y_STEPS, batch_size=B, epochs=1, verbose=0, bptt_steps=4)
    assert_same_states(model, twin)
    np.testing.assert_array_equal(model.step(X[:1, 3]), twin.step(X[:1, 3]))


@pytest.mark.parametrize("per_step", [True, False])
def test_memory_depends_on_the_segment_alone(per_step: bool) -> None:
    held = []
    for total in (100, 3_000, 100_000):
        np.random.seed(0)
        model = Sequential(
            [Input((None, 1)), LSTM(3, return_sequences=per_step, stateful=True), Dense(1)]
        )
        model.compile("sgd", "mse")
        x = np.ones((1, total, 1), np.float32)
        y = np.zeros((1, total, 1) if per_step else (1, 1), np.float32)
        logs = model.fit(
            x, y, epochs=1, verbose=0, bptt_steps=50, batch_size=1, validation_data=(x, y)
        ).history
        assert np.isfinite(logs["loss"]).all()
        assert model.optimizer.iterations == (total // 50 if per_step else 1)
        held.append(model.graph.network.workspace_bytes)
    assert held[0] == held[1] == held[2]


def test_ctrl_c_between_segments_leaves_a_usable_model() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 200_000, 8)), rng.normal(size=(2, 200_000, 1))
    model = Sequential(
        [LSTM(16, return_sequences=True, stateful=True, batch_input_shape=(2, None, 8)), Dense(1)]
    )
    model.compile("adam", "mse")
    model.train_on_batch(x[:, :5], y[:, :5])
    states = model.get_states()

    def interrupt() -> None:
        while model.optimizer.iterations < 3:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=1000, batch_size=2, shuffle=False, verbose=0, bptt_steps=20)
    assert model.optimizer.iterations > 1
    if model.optimizer.iterations <= 10_000:  # interrupted in the first sequence
        for before, after in zip(states[0], model.get_states()[0], strict=True):
            np.testing.assert_array_equal(before, after)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    updates = int(model.optimizer.iterations)
    model.fit(x[:, :60], y[:, :60], epochs=1, batch_size=2, shuffle=False, verbose=0, bptt_steps=20)
    assert model.optimizer.iterations == updates + 3
