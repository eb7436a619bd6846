"""Sequences of different lengths: a list of arrays is equivalent to padding with a mask."""

from __future__ import annotations

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
    TimeDistributed,
)
from echocell.models import Sequential
from support.ragged import (
    LENGTHS,
    PAD,
    RNG,
    STACKS,
    STEP_WEIGHTS,
    WEIGHTS,
    Y_LAST,
    Y_STEPS,
    C,
    N,
    X,
    a_model,
    assert_close_weights,
    padded,
    targets_of,
)

# ---- equivalence with padding ------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("batch_size", [1, 5, N])
def test_predict(stack: str, batch_size: int) -> None:
    model, masked = a_model(*STACKS[stack]), a_model(*STACKS[stack], masked=True)
    output = model.predict(X, batch_size=batch_size)
    expected = masked.predict(padded(X, PAD), batch_size=batch_size)
    if len(model.output_shape) == 2:
        np.testing.assert_allclose(output, expected, rtol=1e-12)
        return
    assert type(output) is list
    for k, row in enumerate(output):
        assert row.shape == (LENGTHS[k], C)
        np.testing.assert_allclose(row, expected[k, : LENGTHS[k]], rtol=1e-10)
        alone = model.predict(X[k][np.newaxis])[0]
        np.testing.assert_allclose(row, alone, rtol=1e-10)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("batch_size", [1, 5, N])
@pytest.mark.parametrize("weighted", [False, True])
def test_training_and_evaluation(stack: str, batch_size: int, weighted: bool) -> None:
    model, masked = a_model(*STACKS[stack]), a_model(*STACKS[stack], masked=True)
    y, y_padded = targets_of(model)
    weight, weight_padded = None, None
    if weighted:
        weight = STEP_WEIGHTS if type(y) is list else WEIGHTS
        weight_padded = padded(STEP_WEIGHTS) if type(y) is list else WEIGHTS
    common: dict[str, Any] = {"batch_size": batch_size, "verbose": 0}
    ours = model.fit(X, y, epochs=2, sample_weight=weight, **common).history
    theirs = masked.fit(
        padded(X, PAD), y_padded, epochs=2, sample_weight=weight_padded, **common
    ).history
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-9, err_msg=name)
    assert_close_weights(model, masked, rtol=1e-8)
    np.testing.assert_allclose(
        model.evaluate(X, y, sample_weight=weight, **common),
        masked.evaluate(padded(X, PAD), y_padded, sample_weight=weight_padded, **common),
        rtol=1e-8,
    )


def test_dropout_does_not_see_the_order_inside() -> None:
    """Rows are sorted by length internally; a sample's dropout mask follows its index in the
    batch.
    """
    stack = [
        LSTM(5, return_sequences=True, dropout=0.3, recurrent_dropout=0.2),
        Dropout(0.4),
        TimeDistributed(Dropout(0.2)),
        Bidirectional(GRU(3, return_sequences=True, dropout=0.2)),
        Dense(C),
    ]
    model, masked = a_model(*stack), a_model(*stack, masked=True)
    ours = model.fit(X, Y_STEPS, batch_size=5, epochs=2, verbose=0).history
    theirs = masked.fit(padded(X, PAD), padded(Y_STEPS), batch_size=5, epochs=2, verbose=0).history
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-9)
    assert_close_weights(model, masked)


@pytest.mark.parametrize("weight", [None, WEIGHTS, STEP_WEIGHTS], ids=["none", "row", "step"])
def test_class_numbers_and_class_weights(weight: Any) -> None:
    stack = [LSTM(5, return_sequences=True), Dense(4, activation="softmax")]
    labels = [RNG.integers(0, 4, length) for length in LENGTHS]
    class_weight = {0: 2.0, 3: 0.5}
    results = []
    for masked in (False, True):
        model = a_model(*stack, masked=masked)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        weights = weight
        if masked and weight is STEP_WEIGHTS:
            weights = padded(STEP_WEIGHTS)
        history = model.fit(
            padded(X, PAD) if masked else X,
            padded(labels) if masked else labels,
            epochs=2, batch_size=5, verbose=0, class_weight=class_weight, sample_weight=weights,
        ).history  # fmt: skip
        results.append((model, history))
    (model, ours), (twin, theirs) = results
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-9)
    np.testing.assert_allclose(ours["accuracy"], theirs["accuracy"], rtol=1e-12)
    assert_close_weights(model, twin)
    for ours_row, theirs_row in zip(
        model.predict_classes(X), twin.predict_classes(padded(X, PAD)), strict=True
    ):
        np.testing.assert_array_equal(ours_row, theirs_row[: len(ours_row)])


@pytest.mark.parametrize("mask_zero", [True, False])
@pytest.mark.parametrize("per_step", [True, False])
def test_ids(mask_zero: bool, per_step: bool) -> None:
    """Without mask_zero the id 0 is an ordinary one, and padding does not count either."""
    low = 1 if mask_zero else 0
    ids = [RNG.integers(low, 9, length) for length in LENGTHS]
    np.random.seed(1)
    model = Sequential(
        [Embedding(9, 4, mask_zero=mask_zero), GRU(5, return_sequences=per_step), Dense(C)],
        dtype="float64",
    )
    model.compile("adam", "mse")
    y = Y_STEPS if per_step else Y_LAST
    model.fit(ids, y, epochs=1, batch_size=5, verbose=0)
    output = model.predict(ids, batch_size=5)
    for k, row in enumerate(output):
        np.testing.assert_allclose(row, model.predict(ids[k][np.newaxis])[0], rtol=1e-10)
    squares = [((row - goal) ** 2).mean(axis=-1) for row, goal in zip(output, y, strict=True)]
    loss = model.evaluate(ids, y, batch_size=N, verbose=0)
    assert loss == pytest.approx(np.mean(np.hstack(squares)), rel=1e-10)
    objects = np.empty(N, object)
    objects[:] = [row.tolist() for row in ids]
    for ours, theirs in zip(model.predict(objects, batch_size=5), output, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_masking_counts_besides() -> None:
    """Steps that Masking masks stay masked, and so do those after the end, whatever Masking
    finds.
    """
    x = [row.copy() for row in X]
    x[2][3] = x[5][0] = PAD
    model = a_model(LSTM(4, return_sequences=True), Dense(C), masked=True)
    valid = padded([(row != PAD).any(axis=-1) for row in x]).astype(bool)
    error = padded(model.predict(x, batch_size=N)) - padded(Y_STEPS)
    loss, mae = model.evaluate(x, Y_STEPS, batch_size=N, verbose=0)
    assert loss == pytest.approx(np.mean(error[valid] ** 2), rel=1e-10)
    assert mae == pytest.approx(np.mean(np.abs(error[valid])), rel=1e-10)
    # In the middle of the network, where padding is no longer zero:
    late = a_model(Dense(4, activation="sigmoid"), Masking(0.0), GRU(3), Dense(C))
    for k, row in enumerate(late.predict(X, batch_size=N)):
        np.testing.assert_allclose(row, late.predict(X[k][np.newaxis])[0], rtol=1e-10)


def test_samples_of_more_axes() -> None:
    np.random.seed(1)
    model = Sequential(
        [Input((None, 2, 3)), TimeDistributed(Flatten()), LSTM(4, return_sequences=True)]
    )
    x = [RNG.normal(size=(length, 2, 3)) for length in LENGTHS]
    for k, row in enumerate(model.predict(x, batch_size=N)):
        np.testing.assert_allclose(row, model.predict(x[k][np.newaxis])[0], rtol=1e-4, atol=1e-6)
