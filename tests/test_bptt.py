"""fit(bptt_steps=k): truncated backpropagation through time, held against a loop by hand."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    MemoryBlocks,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential

N, B, T, F, C = 6, 3, 11, 3, 2
RNG = np.random.default_rng(41)
X = RNG.normal(size=(N, T, F))
Y_STEPS = RNG.normal(size=(N, T, C))
Y_LAST = RNG.normal(size=(N, C))
WEIGHTS = RNG.uniform(0.5, 2.0, size=(N, T))
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def a_model(
    per_step: bool = True,
    stateful: bool = False,
    recurrent: Any = LSTM,
    dropout: float = 0.0,
    first: Any = None,
    dtype: str = "float64",
) -> Sequential:
    """Two recurrent layers and a Dense; the same weights and random numbers every time."""
    np.random.seed(17)
    model = Sequential(
        [
            Input((None, F), batch_size=B if stateful else None),
            *([] if first is None else [first]),
            recurrent(5, return_sequences=True, stateful=stateful, recurrent_dropout=dropout),
            Dropout(dropout),
            recurrent(4, return_sequences=per_step, stateful=stateful, dropout=dropout),
            Dense(C),
        ],
        dtype=dtype,
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def assert_same_weights(a: Sequential, b: Sequential) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def assert_same_states(a: Sequential, b: Sequential) -> None:
    for layer_a, layer_b in zip(a.get_states(), b.get_states(), strict=True):
        for ours, theirs in zip(layer_a, layer_b, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def segments(k: int, short_first: bool = False, total: int = T) -> list[slice]:
    first = total % k if short_first and total % k else k
    edges = [0, *range(first, total, k), total]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def by_hand(
    twin: Sequential, k: int, epochs: int, forget: bool = True
) -> list[tuple[float, float]]:
    """What fit(shuffle=False, batch_size=B, bptt_steps=k) means, with a stateful twin.

    Returns the loss and the metric of each epoch.
    """
    history = []
    for _ in range(epochs):
        rows = []
        for first in range(0, N, B):
            batch = slice(first, first + B)
            if forget:
                twin.reset_states()
            for steps in segments(k):
                loss = twin.train_on_batch(
                    X[batch, steps], Y_STEPS[batch, steps], sample_weight=WEIGHTS[batch, steps]
                )
                rows.append((steps.stop - steps.start, *loss))
        table = np.array(rows)
        means = np.average(table[:, 1:], axis=0, weights=table[:, 0])
        history.append((float(means[0]), float(means[1])))
    return history


# ---- what it means -----------------------------------------------------------------------------


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
    """The shorter segment comes first: gradients always go k steps back."""
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
    """A target that depends on x far back: the recurrent weights of k = 1 learn nothing of it."""
    whole, cut = a_model(per_step=False), a_model(per_step=False)
    before = whole.get_weights()
    x = X.copy()
    x[:, -1] = 0
    for model, k in ((whole, None), (cut, 1)):
        model.train_on_batch(x, Y_LAST, bptt_steps=k)
    kernel = 0  # of the first layer: the last input is zero
    assert (whole.get_weights()[kernel] != before[kernel]).any()
    np.testing.assert_array_equal(cut.get_weights()[kernel], before[kernel])


# ---- masks, ids, validation --------------------------------------------------------------------


def padded(lengths: list[int], in_front: bool) -> tuple[np.ndarray, np.ndarray]:
    x, valid = X.copy(), np.arange(T) < np.array(lengths)[:, None]
    if in_front:
        valid = valid[:, ::-1]
    x[~valid] = 0.0
    return x, valid


@pytest.mark.parametrize("in_front", [True, False])
def test_masked_steps_do_not_count(in_front: bool) -> None:
    """Rows padded in front are walked as those padded behind: all begin in the first segment."""
    lengths = [11, 2, 5, 7, 3, 9]
    x, valid = padded(lengths, in_front)
    model, twin = a_model(first=Masking()), a_model(first=Masking(), stateful=True)
    logs = model.fit(
        x, Y_STEPS, batch_size=B, epochs=1, shuffle=False, verbose=0, bptt_steps=4
    ).history
    y = Y_STEPS.copy()
    if in_front:
        x, y = (
            np.array([np.roll(row, length, axis=0) for row, length in zip(a, lengths, strict=True)])
            for a in (x, y)
        )
        valid = valid[:, ::-1]
    losses, maes, counts = [], [], []
    for first in range(0, N, B):
        batch = slice(first, first + B)
        twin.reset_states()
        for steps in segments(4):
            loss, mae = twin.train_on_batch(x[batch, steps], y[batch, steps])
            losses.append(loss)
            maes.append(mae)
            counts.append(valid[batch, steps].sum())
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-14)
    half = len(losses) // 2
    means = [np.average(losses[:half], weights=counts[:half])]
    means.append(np.average(losses[half:], weights=counts[half:]))
    assert logs["loss"] == [pytest.approx(np.mean(means), rel=1e-12)]
    assert logs["mae"] == [pytest.approx(np.average(maes, weights=counts), rel=1e-12)]


@pytest.mark.parametrize("per_step", [True, False])
@pytest.mark.parametrize("in_front", [True, False])
@pytest.mark.parametrize("kind", RECURRENT)
def test_segments_change_no_result_forward(per_step: bool, in_front: bool, kind: str) -> None:
    """The validation of fit is walked in segments, evaluate() is not.

    A row may end long before the last segment.
    """
    x, _ = padded([11, 2, 5, 7, 3, 9], in_front)
    y = Y_STEPS if per_step else Y_LAST
    model = a_model(per_step, recurrent=RECURRENT[kind], first=Masking())
    logs = model.fit(
        x, y, batch_size=4, epochs=1, verbose=0, bptt_steps=3, validation_data=(x, y)
    ).history
    loss, mae = model.evaluate(x, y, batch_size=4, verbose=0)
    assert logs["val_loss"] == [pytest.approx(loss, rel=1e-12)]
    assert logs["val_mae"] == [pytest.approx(mae, rel=1e-12)]


def test_a_segment_of_padding_alone_does_no_harm() -> None:
    x, _ = padded([4, 3, 4, 2, 4, 1], in_front=False)
    model = a_model(first=Masking())
    loss = model.fit(x, Y_STEPS, epochs=2, verbose=0, bptt_steps=4).history["loss"]
    assert np.isfinite(loss).all()
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_ids() -> None:
    ids = RNG.integers(0, 7, (B, T))
    following = np.roll(ids, -1, axis=1)
    models = []
    for stateful in (False, True):
        np.random.seed(5)
        model = Sequential(
            [
                Embedding(7, 4, batch_input_shape=(B, None)),
                LSTM(5, return_sequences=True, stateful=stateful),
                Dense(7, activation="softmax"),
            ],
            dtype="float64",
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        models.append(model)
    model, twin = models
    model.fit(ids, following, epochs=1, shuffle=False, verbose=0, bptt_steps=4)
    for steps in segments(4):
        twin.train_on_batch(ids[:, steps], following[:, steps])
    assert_same_weights(model, twin)


def test_without_a_recurrent_layer() -> None:
    model = Sequential([Input((None, F)), TimeDistributed(Dense(C))])
    model.compile("sgd", "mse")
    model.fit(X, Y_STEPS, epochs=1, verbose=0, bptt_steps=4, batch_size=N)
    assert model.optimizer.iterations == 3


def test_threads_change_no_bit(threads: int) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(64, 40, F)), rng.normal(size=(64, 40, C))
    model = a_model(dropout=0.2, dtype="float32")
    history = model.fit(x, y, batch_size=64, epochs=2, verbose=0, bptt_steps=7).history
    signature = (history["loss"], [float(w.sum()) for w in model.get_weights()])
    first = _SIGNATURES.setdefault("one", signature)
    assert signature == first


_SIGNATURES: dict[str, Any] = {}


# ---- what must not change ----------------------------------------------------------------------


def test_states_of_step_stay() -> None:
    """A model that streams, and is trained meanwhile, streams on."""
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
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=1000, batch_size=2, shuffle=False, verbose=0, bptt_steps=20)
    assert model.optimizer.iterations > 1
    if model.optimizer.iterations <= 10_000:  # the first sequence was being walked
        for before, after in zip(states[0], model.get_states()[0], strict=True):
            np.testing.assert_array_equal(before, after)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    updates = int(model.optimizer.iterations)
    model.fit(x[:, :60], y[:, :60], epochs=1, batch_size=2, shuffle=False, verbose=0, bptt_steps=20)
    assert model.optimizer.iterations == updates + 3


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "culprit"),
    [
        ([Bidirectional(LSTM(3), name="both"), Dense(C)], "layer 'both' (Bidirectional)"),
        ([LSTM(3, go_backwards=True, name="back"), Dense(C)], "layer 'back' (LSTM)"),
        ([LSTM(3, return_sequences=True), Flatten(name="flat"), Dense(C)], "'flat' (Flatten)"),
        ([LSTM(3), RepeatVector(2, name="again"), GRU(2), Dense(C)], "'again' (RepeatVector)"),
        ([Reshape((T * F, 1), name="other"), GRU(2), Dense(C)], "'other' (Reshape)"),
    ],
    ids=["Bidirectional", "go_backwards", "Flatten", "RepeatVector", "Reshape"],
)
@pytest.mark.parametrize("k", [4, T])
def test_layers_that_need_the_whole_sequence(layers: list[Any], culprit: str, k: int) -> None:
    model = Sequential([Input((T, F)), *[type(x).from_config(x.get_config()) for x in layers]])
    model.compile("sgd", "mse")
    before = model.get_weights()
    verbs = {
        "fit": lambda: model.fit(X, Y_LAST, verbose=0, bptt_steps=k),
        "train_on_batch": lambda: model.train_on_batch(X, Y_LAST, bptt_steps=k),
    }
    for act in verbs.values():
        with pytest.raises(ValueError, match="bptt_steps") as caught:
            act()
        assert culprit in str(caught.value)
        assert "whole sequence" in str(caught.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.fit(X, Y_LAST, verbose=0)


def test_an_input_without_steps() -> None:
    model = Sequential([Dense(C, input_shape=(F,))])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no time steps"):
        model.fit(X[:, 0], Y_LAST, verbose=0, bptt_steps=2)


@pytest.mark.parametrize(("value", "kind"), [(0, ValueError), (-3, ValueError), ("a", TypeError)])
def test_a_wrong_number_of_steps(value: Any, kind: type[Exception]) -> None:
    model = a_model()
    for act in (model.fit, model.train_on_batch):
        with pytest.raises(kind, match="bptt_steps: expected"):
            act(X, Y_STEPS, bptt_steps=value)
