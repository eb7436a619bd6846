"""Sequences of different lengths in every call, and refused ones."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    LSTM,
    Dense,
    Embedding,
    Flatten,
    Input,
    Reshape,
)
from echocell.models import Sequential
from support.ragged import (
    LENGTHS,
    LONGEST,
    PAD,
    STACKS,
    STEP_WEIGHTS,
    Y_LAST,
    Y_STEPS,
    C,
    F,
    N,
    X,
    a_model,
    assert_close_weights,
    padded,
    targets_of,
)

# ---- the methods -------------------------------------------------------------------------------


def test_the_order_of_the_samples_is_the_users() -> None:
    """The order differs only within a batch, so shuffle=False trains the batches in order."""
    a, b = a_model(*STACKS["lstm"]), a_model(*STACKS["lstm"])
    a.fit(X, Y_STEPS, batch_size=4, epochs=1, shuffle=False, verbose=0)
    for first in range(0, N, 4):
        b.train_on_batch(X[first : first + 4], Y_STEPS[first : first + 4])
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_batch_is_padded_to_its_own_longest_sequence() -> None:
    np.random.seed(1)
    model = Sequential([Input((None, F)), LSTM(8), Dense(C)])
    model.compile("sgd", "mse")
    short = [np.ones((2 + k % 2, F)) for k in range(8)]
    model.fit(short, np.zeros((8, C)), batch_size=4, epochs=1, verbose=0)
    core = model.graph.network
    held = core.workspace_bytes
    model = Sequential([Input((None, F)), LSTM(8), Dense(C)])
    model.compile("sgd", "mse")
    long = [*short, np.ones((500, F)), np.ones((400, F))]
    weights = np.zeros((10, C))
    model.fit(long[:8], weights[:8], batch_size=4, epochs=1, verbose=0, shuffle=False)
    assert model.graph.network.workspace_bytes == held
    model.fit(long, weights, batch_size=4, epochs=1, verbose=0, shuffle=False)
    assert model.graph.network.workspace_bytes > 10 * held


def test_equal_lengths_are_an_array() -> None:
    """Bitwise equal, and the result is an array."""
    x, y = [row[:1] for row in X], [row[:1] for row in Y_STEPS]
    a, b = a_model(*STACKS["lstm"]), a_model(*STACKS["lstm"])
    a.fit(x, y, epochs=1, verbose=0)
    b.fit(np.array(x), np.array(y), epochs=1, verbose=0)
    ours, theirs = a.predict(x), b.predict(np.array(x))
    assert type(ours) is np.ndarray
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("stack", ["lstm", "lstm, last"])
def test_validation(stack: str) -> None:
    model = a_model(*STACKS[stack])
    y, _ = targets_of(model)
    split = model.fit(X, y, epochs=1, batch_size=4, validation_split=0.25, verbose=0).history
    other = a_model(*STACKS[stack])
    given = other.fit(
        X[:9], y[:9], epochs=1, batch_size=4, validation_data=(X[9:], y[9:]), verbose=0
    ).history
    assert split == given
    loss, mae = other.evaluate(X[9:], y[9:], batch_size=4, verbose=0)
    assert given["val_loss"] == [loss]
    assert given["val_mae"] == [mae]
    dense = np.array([row[:1] for row in X])
    dense_y = np.array([row[:1] for row in y]) if type(y) is list else y
    mixed = other.fit(X, y, epochs=1, validation_data=(dense, dense_y), verbose=0).history
    assert mixed["val_loss"] == [other.evaluate(dense, dense_y, verbose=0)[0]]


def test_single_batches() -> None:
    model = a_model(*STACKS["lstm"])
    loss, mae = model.test_on_batch(X, Y_STEPS)
    assert model.evaluate(X, Y_STEPS, batch_size=N, verbose=0) == [loss, mae]
    assert model.train_on_batch(X, Y_STEPS) == [loss, mae]
    for a, b in zip(model.predict_on_batch(X), model(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_without_a_shape_is_built_for_a_list() -> None:
    model = Sequential([LSTM(4), Dense(C)])
    model.compile("sgd", "mse")
    model.fit(X, Y_LAST, epochs=1, verbose=0)
    assert model.input_shape == (None, None, F)


def test_lists_of_lists() -> None:
    model = a_model(*STACKS["gru, last"])
    np.testing.assert_array_equal(model.predict([row.tolist() for row in X]), model.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes(dtype: str) -> None:
    model = a_model(*STACKS["lstm"], dtype=dtype)
    x = [row.astype(kind) for row, kind in zip(X, ["f4", "f8", "f2"] * 4, strict=True)]
    assert {row.dtype.name for row in model.predict(x)} == {dtype}


def test_callbacks_see_the_batches() -> None:
    from echocell.callbacks import Callback

    class Counts(Callback):
        steps = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert np.isfinite(logs["loss"])
            self.steps += 1

    counts = Counts()
    model = a_model(*STACKS["lstm"])
    model.fit(X, Y_STEPS, batch_size=5, epochs=2, callbacks=[counts], verbose=0)
    assert counts.steps == 2 * 3
    assert model.history.params["steps"] == 3


@pytest.mark.parametrize("k", [1, 3, 4])
@pytest.mark.parametrize("stack", ["lstm", "lstm, last", "gru", "gru, last"])
def test_truncated_backpropagation(stack: str, k: int) -> None:
    """By segments, as with padded data; the trained part of a sequence is always its end."""
    model, masked = a_model(*STACKS[stack]), a_model(*STACKS[stack], masked=True)
    y, y_padded = targets_of(model)
    x = padded(X, PAD)
    if type(y) is not list:  # all end in the last segment
        x = np.array([np.roll(row, LONGEST - n, axis=0) for row, n in zip(x, LENGTHS, strict=True)])
    common: dict[str, Any] = {"batch_size": N, "epochs": 2, "verbose": 0, "bptt_steps": k}
    ours = model.fit(X, y, validation_data=(X, y), **common).history
    theirs = masked.fit(x, y_padded, validation_data=(x, y_padded), **common).history
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-9, err_msg=name)
    assert_close_weights(model, masked)


def test_threads_change_no_bit(threads: int) -> None:
    rng = np.random.default_rng(2)
    x = [rng.normal(size=(length, F)) for length in rng.integers(1, 60, 128)]
    y = [rng.normal(size=(len(row), C)) for row in x]
    model = a_model(*STACKS["lstm"], dtype="float32")
    history = model.fit(x, y, batch_size=64, epochs=2, verbose=0).history
    signature = (history["loss"], [float(w.sum()) for w in model.get_weights()])
    assert signature == _SIGNATURES.setdefault("one", signature)


_SIGNATURES: dict[str, Any] = {}


# ---- errors ------------------------------------------------------------------------------------


def with_row(rows: list[Any], k: int, row: Any) -> list[Any]:
    return [*rows[:k], row, *rows[k + 1 :]]


BAD_DATA: dict[str, tuple[Any, Any, str]] = {
    "features": (
        with_row(X, 4, np.zeros((2, F + 1))),
        Y_STEPS,
        "x[4]: expected a sequence of shape (time steps, 3), received (2, 4)",
    ),
    "axes": (with_row(X, 4, np.zeros(2)), Y_STEPS, "x[4]: expected a sequence of shape"),
    "empty": (with_row(X, 7, np.zeros((0, F))), Y_STEPS, "x[7]: expected a sequence of shape"),
    "nan": (
        with_row(X, 5, np.where(np.arange(27).reshape(9, 3) == 7, np.nan, X[5])),
        Y_STEPS,
        "x[5]: expected finite numbers, received nan at x[5][2, 1]",
    ),
    "strings": (with_row(X, 3, [["a"] * F] * 7), Y_STEPS, "x[3]: expected numbers"),
    "steps of y": (
        X,
        with_row(Y_STEPS, 2, np.zeros((6, C))),
        "y[2]: expected one row per time step, 7 as in the sequence, received 6 rows",
    ),
    "shape of y": (
        X,
        with_row(Y_STEPS, 2, np.zeros((7, C + 1))),
        "y[2]: expected the shape of the output, (time steps, 2), received (7, 3)",
    ),
    "nan in y": (X, with_row(Y_STEPS, 1, np.full((1, C), np.inf)), "y[1]: expected finite"),
    "number of y": (X, Y_STEPS[:-1], "one per sequence, 12 in all, received 11 rows"),
    "padded y": (X, padded(Y_STEPS), "y[0]: expected one row per time step, 4 as in"),
    "y of samples": (X, Y_LAST, "y[0]: expected one row per time step, 4 as in"),
}


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("verb", ["fit", "evaluate", "train_on_batch"])
def test_errors_name_the_sequence(case: str, verb: str) -> None:
    x, y, words = BAD_DATA[case]
    model = a_model(*STACKS["lstm"])
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(model, verb)(x, y)
    assert words in str(caught.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_errors_name_the_sequence_of_the_validation() -> None:
    model = a_model(*STACKS["lstm"])
    bad = with_row(X, 5, np.full((9, F), np.nan))
    with pytest.raises(ValueError, match=r"validation_data\[0\]\[5\]: expected finite"):
        model.fit(X, Y_STEPS, validation_data=(bad, Y_STEPS), verbose=0)


def test_errors_of_weights() -> None:
    model = a_model(*STACKS["lstm"])
    short = with_row(STEP_WEIGHTS, 3, np.ones(2))
    with pytest.raises(ValueError, match=r"sample_weight\[3\]: expected one row per time step, 7"):
        model.fit(X, Y_STEPS, sample_weight=short, verbose=0)
    with pytest.raises(ValueError, match=r"sample_weight: expected one weight per sample"):
        model.fit(X, Y_STEPS, sample_weight=np.ones(N + 1), verbose=0)


def test_an_id_out_of_range() -> None:
    model = Sequential([Embedding(5, 2), LSTM(3), Dense(1)])
    with pytest.raises(ValueError, match=r"x\[1\]: Embedding\(input_dim=5\)"):
        model.predict([[1, 2], [1, 5, 2]])


REFUSED: dict[str, tuple[list[Any], str]] = {
    "fixed": ([Input((4, F)), LSTM(3), Dense(C)], "4 time steps, received lengths 1 to 9"),
    "Flatten": ([Input((None, F)), Flatten(name="flat")], "layer 'flat' (Flatten)"),
    "Reshape": ([Input((None, F)), Reshape((-1, 1), name="other")], "layer 'other' (Reshape)"),
    "backwards": (
        [Input((None, F)), LSTM(3, return_sequences=True, go_backwards=True, name="back")],
        "layer 'back' (LSTM)",
    ),
    "stateful": (
        [Input((None, F)), LSTM(3, stateful=True), Dense(C)],
        "a stateful model takes sequences of one length",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_models_that_need_one_length(case: str) -> None:
    layers, words = REFUSED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the layers belonged to a model of another test
        model = Sequential(layers)
    with pytest.raises(ValueError, match=r"^x: ") as caught:
        model.predict(X)
    assert words in str(caught.value)
    if case != "fixed":
        assert len(model.predict([row[:1] for row in X])) == N


def test_a_model_without_steps() -> None:
    model = Sequential([Input((3,)), Dense(C)])
    with pytest.raises(ValueError, match="x: expected rows of one length, received lengths 2 to 3"):
        model.predict([[1.0, 2.0], [1.0, 2.0, 3.0]])
