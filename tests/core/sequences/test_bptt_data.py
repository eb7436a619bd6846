"""fit(bptt_steps=k) with masks, ids and threads; refused models and data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Embedding,
    Flatten,
    Input,
    Masking,
    RepeatVector,
    Reshape,
    TimeDistributed,
)
from echocell.models import Sequential
from support.windows import (
    RECURRENT,
    RNG,
    Y_LAST,
    Y_STEPS,
    B,
    C,
    F,
    N,
    T,
    X,
    a_model,
    assert_same_weights,
    padded,
    segments,
)


@pytest.mark.parametrize("in_front", [True, False])
def test_masked_steps_do_not_count(in_front: bool) -> None:
    """Padding before the steps is equivalent to padding after them: all start in the first
    segment.
    """
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
    """Validation in fit is processed in segments, evaluate() is not.

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
