"""Sequences of different lengths through models whose output has its own time steps.

N sequences, F features, n steps of the output, C numbers at each of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
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
    RepeatVector,
    Reshape,
    TimeDistributed,
)
from echocell.models import Sequential

F, C, PAD = 2, 3, -9.0
ENCODERS: dict[str, list[Any]] = {
    "lstm": [LSTM(6)],
    "two layers": [GRU(3, return_sequences=True), Dropout(0.2), LSTM(6)],
    "both ways": [Bidirectional(LSTM(3))],
    "backwards": [GRU(6, go_backwards=True)],
}
DECODERS: dict[str, list[Any]] = {
    "repeated": [RepeatVector(2), Dense(C)],
    "recurrent": [RepeatVector(4), LSTM(3, return_sequences=True), TimeDistributed(Dense(C))],
    "reshaped": [Dense(3 * C), Reshape((3, C))],
    "reshaped openly": [Reshape((-1, 2)), Dense(C), Activation("tanh")],
    "to one step": [Reshape((1, 6)), Dense(C)],
    "more axes": [Dense(4 * C), Reshape((2, 2, C))],
}


def a_model(encoder: str, decoder: str, masked: bool) -> Sequential:
    """Makes a model with the same weights and random numbers every time. masked: for padded
    data.
    """
    layers = [*ENCODERS[encoder], *DECODERS[decoder]]
    first = Masking(PAD) if masked else Activation("linear")
    np.random.seed(5)
    model = Sequential(
        [Input((None, F)), first, *(type(k).from_config(k.get_config()) for k in layers)],
        dtype="float64",
    )
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@given(
    encoder=st.sampled_from(sorted(ENCODERS)),
    decoder=st.sampled_from(sorted(DECODERS)),
    lengths=st.lists(st.integers(1, 12), min_size=2, max_size=7).filter(lambda k: len({*k}) > 1),
    batch_size=st.integers(1, 8),
    weighted=st.sampled_from(["not", "samples", "steps"]),
    seed=st.integers(0, 999),
)
def test_the_same_as_one_by_one_and_as_padded(
    encoder: str, decoder: str, lengths: list[int], batch_size: int, weighted: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(length, F)) for length in lengths]
    padded = np.full((len(x), max(lengths), F), PAD)
    for k, row in enumerate(x):
        padded[k, : len(row)] = row
    model, masked = a_model(encoder, decoder, False), a_model(encoder, decoder, True)

    output = model.predict(x, batch_size=batch_size)
    assert isinstance(output, np.ndarray)
    alone = np.concatenate([model.predict(row[np.newaxis]) for row in x])
    np.testing.assert_allclose(output, alone, rtol=1e-10)

    y = rng.normal(size=output.shape)
    shape = {"not": None, "samples": (len(x),), "steps": (len(x), output.shape[1])}[weighted]
    weights = None if shape is None else rng.uniform(0.5, 2, size=shape)
    options: dict[str, Any] = {"batch_size": batch_size, "verbose": 0, "sample_weight": weights}
    for targets in (y, list(y)):
        np.testing.assert_allclose(
            model.evaluate(x, targets, **options), masked.evaluate(padded, y, **options), rtol=1e-9
        )
    held_out = (x, y) if weights is None else (x, y, weights)
    logs = model.fit(x, y, shuffle=False, validation_data=held_out, **options).history
    expected = masked.fit(padded, y, shuffle=False, **options).history
    np.testing.assert_allclose(logs["loss"], expected["loss"], rtol=1e-9)
    assert len(logs["val_loss"]) == 1
    for ours, theirs in zip(model.get_weights(), masked.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


def test_class_numbers_at_the_steps_of_the_output() -> None:
    rng = np.random.default_rng(0)
    ids = [rng.integers(1, 9, size=length) for length in (3, 1, 7, 2)]
    model = Sequential(
        [Embedding(9, 3, input_shape=(None,)), LSTM(4), RepeatVector(2), Dense(5, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    y = rng.integers(0, 5, size=(4, 2))
    weights = rng.uniform(size=(4, 2))
    for target in (y, y[..., np.newaxis]):
        model.fit(ids, target, sample_weight=weights, class_weight={2: 3.0}, verbose=0)
    assert np.isfinite(model.train_on_batch(ids, y)).all()
    assert model.predict(ids).shape == (4, 2, 5)


def test_one_row_much_longer_than_the_others() -> None:
    """The longest row is much longer than the output."""
    model = a_model("lstm", "repeated", False)
    rng = np.random.default_rng(1)
    x = [rng.normal(size=(length, F)) for length in (3, 50_000, 1)]
    output = model.predict(x)
    assert output.shape == (3, 2, C)
    np.testing.assert_allclose(output[:1], model.predict(x[0][np.newaxis]), rtol=1e-10)


@pytest.mark.parametrize("steps", [3, 5, 9])
def test_targets_of_the_sequences_lengths_are_refused(steps: int) -> None:
    """Also if the output has as many steps as one of the sequences."""
    model = a_model("lstm", "repeated", False)
    x = [np.ones((2, F)), np.ones((steps, F))]
    before = model.get_weights()
    for y in ([np.ones((2, C)), np.ones((steps, C))], np.ones((2, steps, C)), np.ones((3, 2, C))):
        with pytest.raises(ValueError, match="y: expected"):
            model.fit(x, y, verbose=0)
    for weights in (np.ones((2, steps)), [np.ones(2), np.ones(steps)]):
        with pytest.raises(ValueError, match="sample_weight"):
            model.fit(x, np.ones((2, 2, C)), sample_weight=weights, verbose=0)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ---- properties of the core --------------------------------------------------------------------


def core_of(*layers: Any, shape: tuple[int | None, ...] = (None, F)) -> _core.Network:
    return Sequential([Input(shape), *layers]).graph.ready()


@pytest.mark.parametrize(
    ("layers", "timed", "misled"),
    [
        ([LSTM(2, return_sequences=True), Dropout(0.1), Dense(3)], True, None),
        ([TimeDistributed(Dense(3)), Masking(), Activation("tanh")], True, None),
        ([LSTM(2), RepeatVector(2), LSTM(3, return_sequences=True)], False, None),
        ([LSTM(4), Reshape((2, 2))], False, None),
        ([LSTM(4), Dense(4)], False, None),
        ([Bidirectional(LSTM(2, return_sequences=True))], True, None),
        ([Dense(2), Reshape((-1, 1)), LSTM(2)], False, 1),
        ([LSTM(3, return_sequences=True), Flatten()], False, 1),
        ([LSTM(3, return_sequences=True, go_backwards=True)], False, 0),
    ],
)
def test_whose_time_steps_the_output_has(
    layers: list[Any], timed: bool, misled: int | None
) -> None:
    network = core_of(*layers)
    assert network.timed_input
    assert network.timed_output is timed
    assert network.layer_misled_by_padding == misled


def test_vectors_have_no_time_steps_and_ids_have() -> None:
    vectors = core_of(RepeatVector(3), LSTM(2, return_sequences=True), shape=(F,))
    assert (vectors.timed_input, vectors.timed_output) == (False, False)
    assert vectors.layer_misled_by_padding is None
    ids = core_of(Embedding(5, 3), LSTM(2, return_sequences=True), shape=(None,))
    assert (ids.timed_input, ids.timed_output) == (True, True)


def test_the_core_itself_refuses_lengths_that_would_mislead_a_layer() -> None:
    network = core_of(Flatten())
    with pytest.raises(ValueError, match=r"\(Flatten\) takes sequences of one length"):
        network.predict(np.ones((5, F), "f4"), lengths=np.array([2, 3]), batch_size=2)
