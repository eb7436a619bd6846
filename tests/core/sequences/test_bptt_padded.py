"""bptt_steps with padded, masked rows, which are processed like lists of sequences.

N rows, T time steps with the padding, F features, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import (
    GRU,
    LSTM,
    Dense,
    Dropout,
    Embedding,
    Input,
    Masking,
    MemoryBlocks,
    SimpleRNN,
)
from echocell.models import Sequential

F, C, PAD = 2, 2, -5.0
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def a_model(
    kind: str, per_step: bool, dropout: float, ids: bool = False, stateful: int | None = None
) -> Sequential:
    """Makes a model with the same weights and random numbers every time."""
    layer = RECURRENT[kind]
    np.random.seed(8)
    options = {"stateful": stateful is not None}
    model = Sequential(
        [
            Input((None,) if ids else (None, F), batch_size=stateful),
            Embedding(9, F, mask_zero=True) if ids else Masking(PAD),
            Dropout(dropout),
            layer(4, return_sequences=True, dropout=dropout, **options),
            layer(3, return_sequences=per_step, **options),
            Dense(C),
        ],
        dtype="float64",
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def padded(rows: list[np.ndarray], valid: np.ndarray, value: float) -> np.ndarray:
    """Returns the rows at their valid [N, T] steps."""
    result = np.full((*valid.shape, *rows[0].shape[1:]), value)
    for k, row in enumerate(rows):
        result[k, valid[k]] = row
    return result


def assert_same(a: Sequential, b: Sequential) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(
    kind=st.sampled_from(sorted(RECURRENT)),
    per_step=st.booleans(),
    ids=st.booleans(),
    rows=st.integers(2, 6),
    steps=st.integers(2, 13),
    k=st.integers(1, 13),
    place=st.sampled_from(["behind", "in front", "anywhere"]),
    weighted=st.booleans(),
    dropout=st.sampled_from([0.0, 0.3]),
    batch_size=st.integers(1, 6),
    seed=st.integers(0, 999),
)
def test_the_same_to_the_bit_as_lists(
    kind: str, per_step: bool, ids: bool, rows: int, steps: int, k: int, place: str,
    weighted: bool, dropout: float, batch_size: int, seed: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, steps + 1, rows)
    valid = np.arange(steps) < lengths[:, None]
    if place == "in front":
        valid = valid[:, ::-1]
    elif place == "anywhere":
        valid = rng.permuted(valid, axis=1)
    x = [
        rng.integers(1, 9, length).astype(float) if ids else rng.normal(size=(length, F))
        for length in lengths
    ]
    y: Any = [rng.normal(size=(length, C)) for length in lengths]
    y_padded: Any = padded(y, valid, 0.0)
    weights: Any = [rng.uniform(0.5, 2, length) for length in lengths]
    weights_padded: Any = padded(weights, valid, 0.0)
    if not per_step:
        y = y_padded = rng.normal(size=(rows, C))
        weights = weights_padded = rng.uniform(0.5, 2, rows)
    if not weighted:
        weights = weights_padded = None
    if lengths.min() == lengths.max():  # a list of rows of equal length is an array, as is its y
        y = np.array(y)
        weights = None if weights is None else np.array(weights)
    as_list, as_array = a_model(kind, per_step, dropout, ids), a_model(kind, per_step, dropout, ids)
    options: dict[str, Any] = {"batch_size": batch_size, "epochs": 2, "verbose": 0, "bptt_steps": k}
    padded_x = padded(x, valid, 0.0 if ids else PAD)
    logs = as_array.fit(
        padded_x, y_padded, sample_weight=weights_padded,
        validation_data=(padded_x, y_padded), **options,
    ).history  # fmt: skip
    expected = as_list.fit(x, y, sample_weight=weights, validation_data=(x, y), **options).history
    if k < steps:
        assert logs == expected
        assert_same(as_array, as_list)
        assert as_array.optimizer.iterations == as_list.optimizer.iterations
    val_loss, val_mae = as_array.evaluate(padded_x, y_padded, batch_size=batch_size, verbose=0)
    assert logs["val_loss"][-1] == pytest.approx(val_loss, rel=1e-9)
    assert logs["val_mae"][-1] == pytest.approx(val_mae, rel=1e-9)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("k", [1, 3, 5, 11])
def test_rows_that_end_before_the_last_window_are_trained(kind: str, k: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 12, F))
    x[:, 5:] = PAD
    model = a_model(kind, per_step=False, dropout=0.0)
    before = model.get_weights()
    model.fit(x, rng.normal(size=(4, C)), epochs=1, verbose=0, bptt_steps=k)
    for index, (old, new) in enumerate(zip(before, model.get_weights(), strict=True)):
        assert (old != new).any(), index


@pytest.mark.parametrize("per_step", [True, False])
def test_carried_states_stay_with_their_rows(per_step: bool) -> None:
    """Rows of different lengths are not sorted if states are carried."""
    rng = np.random.default_rng(1)
    valid = np.arange(9) < np.array([2, 9, 4])[:, None]
    x = rng.normal(size=(3, 9, F))
    x[~valid] = PAD
    y = rng.normal(size=(3, 9, C) if per_step else (3, C))
    model = a_model("lstm", per_step, 0.0, stateful=3)
    twin = a_model("lstm", per_step, 0.0, stateful=3)
    model.optimizer.learning_rate = 0.0
    for _ in range(2):
        model.train_on_batch(x, y, bptt_steps=4)
        twin.predict(x, batch_size=3)
        for ours, theirs in zip(model.get_states(), twin.get_states(), strict=True):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("per_step", [True, False])
def test_rows_without_a_step_that_counts(per_step: bool) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 9, F))
    x[1], x[2, 3:] = PAD, PAD
    y = rng.normal(size=(4, 9, C) if per_step else (4, C))
    model = a_model("gru", per_step, 0.0)
    logs = model.fit(x, y, verbose=0, bptt_steps=2, validation_data=(x, y)).history
    loss, _ = model.evaluate(x, y, verbose=0)
    assert logs["val_loss"] == [pytest.approx(loss, rel=1e-9)]
    x[:] = PAD
    assert np.isfinite(model.fit(x, y, verbose=0, bptt_steps=2).history["loss"]).all()


def test_masks_that_only_the_model_knows_are_refused_where_the_end_alone_is_trained() -> None:
    x, y = np.ones((2, 6, F)), np.ones((2, 3))
    for layers in (
        [Dense(F), Masking()],
        [Masking(), LSTM(F, return_sequences=True), Masking(name="second")],
    ):
        model = Sequential([Input((None, F)), *layers, LSTM(3)])
        model.compile("sgd", "mse")
        before = model.get_weights()
        with pytest.raises(ValueError, match=r"bptt_steps: .* \(Masking\) does so"):
            model.fit(x, y, verbose=0, bptt_steps=2)
        assert_same_arrays(before, model.get_weights())
        model.fit(x, y, verbose=0)
        copies = [type(layer).from_config(layer.get_config()) for layer in layers]
        per_step = Sequential([Input((None, F)), *copies, LSTM(F, return_sequences=True)])
        per_step.compile("sgd", "mse")
        per_step.fit(x, np.ones((2, 6, F)), verbose=0, bptt_steps=2)


def assert_same_arrays(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for ours, theirs in zip(a, b, strict=True):
        np.testing.assert_array_equal(ours, theirs)
