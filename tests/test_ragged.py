"""Sequences of different lengths: a list of arrays means the same as padding with a mask."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell.layers import (
    GRU,
    LSTM,
    Activation,
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

F, C = 3, 2
LENGTHS = [4, 1, 7, 7, 2, 9, 3, 5, 1, 6, 8, 2]
N, LONGEST = len(LENGTHS), max(LENGTHS)
RNG = np.random.default_rng(12)
X = [RNG.normal(size=(length, F)) for length in LENGTHS]
Y_STEPS = [RNG.normal(size=(length, C)) for length in LENGTHS]
Y_LAST = RNG.normal(size=(N, C))
STEP_WEIGHTS = [RNG.uniform(0.5, 2, size=length) for length in LENGTHS]
WEIGHTS = RNG.uniform(0.5, 2, size=N)
PAD = -77.0
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def padded(rows: list[np.ndarray], value: float = 0.0, to: int = LONGEST) -> np.ndarray:
    result = np.full((len(rows), to, *rows[0].shape[1:]), value)
    for k, row in enumerate(rows):
        result[k, : len(row)] = row
    return result


def a_model(
    *layers: Any, masked: bool = False, dtype: str = "float64", optimizer: Any = "adam"
) -> Sequential:
    """The same weights and random numbers every time. masked: for padded data."""
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    first = Masking(PAD) if masked else Activation("linear", name="first")
    np.random.seed(23)
    model = Sequential([Input((None, F)), first, *copies], dtype=dtype)
    model.compile(optimizer, "mse", metrics=["mae"])
    rng = np.random.default_rng(23)
    model.set_weights([rng.normal(size=w.shape) / 3 for w in model.get_weights()])
    return model


STACKS: dict[str, list[Any]] = {
    "lstm": [LSTM(5, return_sequences=True), LSTM(4, return_sequences=True), Dense(C)],
    "lstm, last": [LSTM(5, return_sequences=True), LSTM(4), Dense(C)],
    "gru": [GRU(5, return_sequences=True), TimeDistributed(Dense(C))],
    "gru, last": [GRU(5), Dense(C)],
    "simple rnn": [SimpleRNN(5, return_sequences=True), Dense(C)],
    "both ways": [Bidirectional(LSTM(3, return_sequences=True)), Dense(C)],
    "both ways, last": [Bidirectional(GRU(3)), Dense(C)],
    "backwards": [LSTM(3, go_backwards=True), Dense(C)],
    "dense": [Dense(4), Activation("tanh"), LSTM(3, return_sequences=True), Dense(C)],
    "repeated": [LSTM(4), RepeatVector(3), GRU(2, return_sequences=True), Flatten(), Dense(C)],
}


def targets_of(model: Sequential) -> tuple[Any, np.ndarray]:
    """As a list and padded."""
    if len(model.output_shape) == 3:
        return Y_STEPS, padded(Y_STEPS)
    return Y_LAST, Y_LAST


def assert_close_weights(a: Sequential, b: Sequential, rtol: float = 1e-9) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-11)


# ---- the same as padding -----------------------------------------------------------------------


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
    """Rows are sorted by length inside; the mask of a sample is that of its place in the batch."""
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
    """Without mask_zero the id 0 is one like any other, and the padding does not count either."""
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
    """A step that Masking takes out stays out; and one behind the end, whatever Masking says."""
    x = [row.copy() for row in X]
    x[2][3] = x[5][0] = PAD
    model = a_model(LSTM(4, return_sequences=True), Dense(C), masked=True)
    valid = padded([(row != PAD).any(axis=-1) for row in x]).astype(bool)
    error = padded(model.predict(x, batch_size=N)) - padded(Y_STEPS)
    loss, mae = model.evaluate(x, Y_STEPS, batch_size=N, verbose=0)
    assert loss == pytest.approx(np.mean(error[valid] ** 2), rel=1e-10)
    assert mae == pytest.approx(np.mean(np.abs(error[valid])), rel=1e-10)
    # In the middle of the network, where padding is not zero any more:
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


# ---- the verbs ---------------------------------------------------------------------------------


def test_the_order_of_the_samples_is_the_users() -> None:
    """Only inside a batch is it another; so shuffle=False trains the batches as they come."""
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
    """Bit for bit, and what comes back is an array."""
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
    """By segments, as with padded data; what is trained of a sequence is always its own end."""
    model, masked = a_model(*STACKS[stack]), a_model(*STACKS[stack], masked=True)
    y, y_padded = targets_of(model)
    x = padded(X, PAD)
    if type(y) is not list:  # all end with the last segment
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
        warnings.simplefilter("ignore")  # the layers stood in a model of another test
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
