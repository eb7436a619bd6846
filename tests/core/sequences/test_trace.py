"""Gates over time: of a single layer, within its model, for sequences of different lengths."""

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
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Masking,
    MemoryBlocks,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential

F, H = 3, 4
RECURRENT = {
    "LSTM": lambda: LSTM(H, return_sequences=True),
    "GRU": lambda: GRU(H, return_sequences=True),
    "SimpleRNN": lambda: SimpleRNN(H, return_sequences=True),
    "MemoryBlocks": lambda: MemoryBlocks(2, 2, return_sequences=True),
}
IN_FRONT: dict[str, Callable[[], Layer]] = {
    **RECURRENT,
    "Bidirectional": lambda: Bidirectional(LSTM(2, return_sequences=True)),
    "Dense": lambda: Dense(5, activation="relu"),
    "Dropout": lambda: Dropout(0.5),
    "Activation": lambda: Activation("tanh"),
    "TimeDistributed": lambda: TimeDistributed(Dense(2)),
}


def model_of(*layers: Layer) -> Sequential:
    return Sequential([*layers], dtype="float64")


def sequences(lengths: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(len(lengths))
    return [rng.normal(size=(length, F)) for length in lengths]


@given(
    st.lists(st.sampled_from(sorted(IN_FRONT)), max_size=3),
    st.sampled_from(sorted(RECURRENT)),
    st.integers(1, 40),
    st.integers(1, 7),
    st.booleans(),
)
def test_an_inner_layer_is_traced_from_the_input_of_the_model(
    front: list[str], traced: str, batch: int, steps: int, masked: bool
) -> None:
    layers = [Masking(input_shape=(None, F)) if masked else Dropout(0.1, input_shape=(None, F))]
    layers += [IN_FRONT[name]() for name in front]
    upto = model_of(*layers, RECURRENT[traced]())
    x = np.random.default_rng(steps).normal(size=(batch, steps, F))
    if masked:
        x[::2, steps // 2 :] = 0
    expected = upto.predict(x)
    longer = model_of(*(type(one).from_config(one.get_config()) for one in upto.layers), Dense(1))
    longer.set_weights([*upto.get_weights(), np.zeros((H, 1)), np.zeros(1)])
    for model in (upto, longer):
        trace = model.trace(x, layer=len(layers))
        np.testing.assert_allclose(trace["h"], expected, rtol=1e-12, atol=1e-14)
        assert {values.shape[:2] for values in trace.values()} == {(batch, steps)}


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5).filter(lambda n: len({*n}) > 1))
def test_a_list_is_traced_sequence_by_sequence(lengths: list[int]) -> None:
    model = model_of(
        Dense(5, input_shape=(None, F)),
        Bidirectional(LSTM(H, return_sequences=True)),
        GRU(H, name="second"),
    )
    x = sequences(lengths)
    hidden = [model.layers[1](model.layers[0](row[np.newaxis]))[0] for row in x]
    own = model.layers[2].trace(hidden)
    through = model.trace(x, layer="second")
    assert list(own) == list(through) == ["z", "r", "g", "h"]
    for name, rows in through.items():
        assert [row.shape for row in rows] == [(length, H) for length in lengths]
        for k, row in enumerate(rows):
            np.testing.assert_allclose(row, own[name][k], rtol=1e-12, atol=1e-14)
            alone = model.trace(x[k][np.newaxis], layer="second")[name][0]
            np.testing.assert_array_equal(row, alone)


def test_a_list_is_the_same_as_padding_with_a_mask() -> None:
    layer = LSTM(H, dtype="float64")
    x = sequences([2, 5, 3])
    mask = [np.array([True] * (len(row) - 1) + [False]) for row in x]
    states = [np.random.default_rng(k).normal(size=(3, H)) for k in range(2)]
    padded, padded_mask = np.zeros((3, 5, F)), np.zeros((3, 5), bool)
    for k, row in enumerate(x):
        padded[k, : len(row)], padded_mask[k, : len(row)] = row, mask[k]
    expected = layer.trace(padded, mask=padded_mask, initial_state=states)
    for name, rows in layer.trace(x, mask=mask, initial_state=states).items():
        for k, row in enumerate(rows):
            np.testing.assert_allclose(row[:-1], expected[name][k, : len(row) - 1], rtol=1e-12)


def test_ids_and_their_mask() -> None:
    embedding = Embedding(6, F, mask_zero=True, input_length=None)
    model = model_of(embedding, LSTM(H, return_sequences=True))
    ids = np.array([[1, 2, 0, 3], [4, 0, 0, 0]])
    np.testing.assert_allclose(model.trace(ids)["h"], model.predict(ids), rtol=1e-12)
    rows = [np.array([1, 2]), np.array([3, 4, 5])]
    for traced, predicted in zip(model.trace(rows)["h"], model.predict(rows), strict=True):
        np.testing.assert_allclose(traced, predicted, rtol=1e-12)


def test_a_decoder_has_time_steps_of_its_own() -> None:
    model = model_of(
        LSTM(H, input_shape=(5, F)), RepeatVector(2), GRU(H, return_sequences=True), Flatten()
    )
    x = np.random.default_rng(0).normal(size=(3, 5, F))
    trace = model.trace(x, layer=-2)
    assert trace["h"].shape == (3, 2, H)
    np.testing.assert_allclose(trace["h"].reshape(3, -1), model.predict(x), rtol=1e-12)


def test_which_layer() -> None:
    model = model_of(
        Dense(2, input_shape=(4, F)), LSTM(H, return_sequences=True, name="a"), GRU(H, name="b")
    )
    x = np.random.default_rng(0).normal(size=(2, 4, F))
    assert list(model.trace(x)) == list(model.trace(x, "a")) == ["i", "f", "g", "o", "c", "h"]
    assert list(model.trace(x, "b")) == list(model.trace(x, 2)) == ["z", "r", "g", "h"]
    assert model.trace(x, 0) == {}


def test_a_model_that_waits_for_data_is_built() -> None:
    model = model_of(LSTM(H), Dense(1))
    assert model.trace(sequences([2, 4]))["h"][1].shape == (4, H)
    assert model.built


def test_tracing_changes_nothing() -> None:
    model = model_of(
        LSTM(H, stateful=True, return_sequences=True, batch_input_shape=(2, 4, F)), LSTM(H)
    )
    x = np.random.default_rng(0).normal(size=(2, 4, F))
    first = model.trace(x, 1)
    model.predict(x)
    before = model.get_states()
    for name, values in model.trace(x, 1).items():
        np.testing.assert_array_equal(values, first[name])  # from zeros, whatever is carried
    np.testing.assert_array_equal(model.get_states()[0], before[0])


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (lambda model, x: model.trace(x, "c"), "no layer is named 'c'"),
        (lambda model, x: model.trace(x, 7), "received 7"),
        (lambda model, x: model.trace(x, -3), "expected an integer of at least -2"),
        (lambda model, x: model.trace(x[0]), "expected shape"),
        (lambda model, x: model.trace(x * np.nan), "expected finite numbers"),
        (lambda model, x: model.trace([x[0], x[1, :2] * np.nan]), r"x\[1\]: expected finite"),
        (lambda model, x: model_of(Dense(1, input_shape=(F,))).trace(x[0]), "has none"),
        (lambda model, x: model_of(LSTM(H)).trace(x[0]), "expects input of shape"),
        (lambda model, x: model.layers[0].trace([*x, x[0, :2, :1]]), "expected shape"),
        (
            lambda model, x: LSTM(H).trace([x[0], x[0, :2]], mask=[[1, 1, 1, 1]]),
            "mask: expected a list of arrays, one per sequence, 2 in all",
        ),
    ],
)
def test_what_does_not_fit(trace: Callable[..., Any], message: str) -> None:
    model = model_of(LSTM(H, return_sequences=True, input_shape=(None, F)), LSTM(H))
    x = np.random.default_rng(0).normal(size=(2, 4, F))
    with pytest.raises(ValueError, match=message):
        trace(model, x)


def test_an_inner_layer_takes_what_fits_its_model_alone() -> None:
    model = Sequential([LSTM(3, return_sequences=True, input_shape=(None, 2)), LSTM(4)])
    inner = model.layers[1]
    x = np.random.default_rng(0).normal(size=(2, 5, 2))
    expected = model.trace(x, 1)
    for name, values in inner.trace(x).items():
        np.testing.assert_array_equal(values, expected[name])
    sequences = [x[0], x[1, :3]]
    for actual, row in zip(
        inner.trace(sequences)["h"], model.trace(sequences, 1)["h"], strict=True
    ):
        np.testing.assert_array_equal(actual, row)
    hidden = np.random.default_rng(1).normal(size=(2, 5, 3))
    assert inner.trace(hidden)["h"].shape == (2, 5, 4)
    with pytest.raises(ValueError, match="expected"):
        inner.trace(np.ones((2, 5, 7)))
