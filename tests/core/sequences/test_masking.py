"""Masking, Embedding(mask_zero=True) and mask= are equivalent; padding never changes results."""

from __future__ import annotations

from collections.abc import Callable
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
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential
from echocell.optimizers import SGD
from support import layer_problems, tools
from support.examples import examples

N, T, PADDED, F, C = 6, 4, 7, 3, 4
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, T, F))
LENGTHS = np.array([4, 1, 3, 2, 4, 3])
VALID = np.arange(PADDED) < LENGTHS[:, None]  # [N, PADDED]
PAD = -9.0


def padded(valid: np.ndarray = VALID, pad: float = PAD) -> np.ndarray:
    """Random sequences with `pad` where they are not valid."""
    x = RNG.normal(size=(*valid.shape, F))
    x[~valid] = pad
    return x


RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": lambda **k: LSTM(5, **k),
    "lstm peephole": lambda **k: LSTM(5, peephole=True, peephole_initializer="ones", **k),
    "gru": lambda **k: GRU(5, **k),
    "gru reset before": lambda **k: GRU(5, reset_after=False, **k),
    "simple rnn": lambda **k: SimpleRNN(5, **k),
}


@pytest.fixture(autouse=True)
def seeded() -> None:
    np.random.seed(3)


@pytest.fixture(params=RECURRENT)
def recurrent(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return RECURRENT[request.param]


def model_of(*behind: Any, first: Any = None) -> Sequential:
    return Sequential(
        [Input((None, F)), Masking(PAD) if first is None else first, *behind], dtype="float64"
    )


def test_masking_and_mask_are_the_same(recurrent: Callable[..., Any]) -> None:
    for options in ({}, {"return_sequences": True}, {"go_backwards": True}):
        model = model_of(recurrent(**options))
        x = padded()
        layer = model.layers[1]
        np.testing.assert_array_equal(model.predict(x), layer(x, mask=VALID))
        np.testing.assert_array_equal(layer(x, mask=VALID), layer(x, mask=VALID.astype(int)))
        assert not np.allclose(model.predict(x), layer(x))


def test_padding_behind_changes_nothing(recurrent: Callable[..., Any]) -> None:
    model = model_of(recurrent())
    x = padded()
    output = model.predict(x)
    for row, length in enumerate(LENGTHS):
        alone = model.layers[1](x[row : row + 1, :length])
        np.testing.assert_allclose(output[row], alone[0], rtol=1e-12)


def test_padding_in_front_and_in_the_middle_changes_nothing(
    recurrent: Callable[..., Any],
) -> None:
    for valid in (VALID[:, ::-1].copy(), RNG.random((N, PADDED)) < 0.5):
        valid[:, 3] = True
        model = model_of(recurrent(go_backwards=bool(valid[0, 0])))
        x = padded(valid)
        output = model.predict(x)
        for row in range(N):
            alone = model.layers[1](x[row : row + 1, valid[row]])
            np.testing.assert_allclose(output[row], alone[0], rtol=1e-12)


def test_masked_steps_repeat_the_last_output(recurrent: Callable[..., Any]) -> None:
    model = model_of(recurrent(return_sequences=True))
    output = model.predict(padded())
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(
            output[row, length:], np.repeat(output[row, length - 1 : length], PADDED - length, 0)
        )


def test_a_row_of_padding_alone_gives_zeros(recurrent: Callable[..., Any]) -> None:
    model = model_of(recurrent())
    output = model.predict(np.full((2, 3, F), PAD))
    np.testing.assert_array_equal(output, np.zeros((2, 5)))


def test_a_step_counts_unless_all_its_features_are_the_mask_value() -> None:
    model = model_of(LSTM(5))
    x = padded()
    x[:, -1] = [PAD, PAD, 0.1]
    valid = VALID.copy()
    valid[:, -1] = True
    np.testing.assert_array_equal(model.predict(x), model.layers[1](x, mask=valid))


def test_the_mask_goes_through_layers_that_keep_the_steps() -> None:
    x = padded()
    stack = [
        Dense(4, activation="tanh"),
        Dropout(0.5),
        Activation("relu"),
        TimeDistributed(Dense(3)),
        LSTM(4, return_sequences=True),
        GRU(3),
    ]
    model = model_of(*stack)
    output = model.predict(x)
    for row, length in enumerate(LENGTHS):
        alone = model.predict(x[row : row + 1, :length])
        np.testing.assert_allclose(output[row], alone[0], rtol=1e-12)


def test_the_mask_ends_at_a_layer_without_steps() -> None:
    model = model_of(LSTM(4), RepeatVector(3), GRU(2, return_sequences=True), Flatten(), Dense(2))
    x = padded()
    output = model.predict(x)
    for row, length in enumerate(LENGTHS):
        alone = model.predict(x[row : row + 1, :length])
        np.testing.assert_allclose(output[row], alone[0], rtol=1e-12)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave"])
@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional(merge_mode: str, sequences: bool) -> None:
    model = model_of(Bidirectional(LSTM(3, return_sequences=sequences), merge_mode=merge_mode))
    x = padded()
    output = model.predict(x)
    for row, length in enumerate(LENGTHS):
        alone = model.predict(x[row : row + 1, :length])[0]
        ours = output[row, :length] if sequences else output[row]
        np.testing.assert_allclose(ours, alone, rtol=1e-12)
        if sequences:  # as in Keras, which forces zeros here
            assert not output[row, length:].any()


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
def test_embedding_masks_the_id_0(layer: Any) -> None:
    model = Sequential([Embedding(9, 4, mask_zero=True), layer(3)])
    ids = RNG.integers(1, 9, (N, PADDED)) * VALID
    output = model.predict(ids)
    for row, length in enumerate(LENGTHS):
        alone = model.predict(ids[row : row + 1, :length])
        np.testing.assert_allclose(output[row], alone[0], rtol=1e-5, atol=1e-7)
    unmasked = Sequential([Embedding(9, 4), layer(3)])
    unmasked.set_weights(model.get_weights())
    assert not np.allclose(unmasked.predict(ids), output)


def test_the_loss_counts_valid_steps_alone() -> None:
    model = model_of(LSTM(4, return_sequences=True), Dense(1))
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = padded(), RNG.normal(size=(N, PADDED))
    error = model.predict(x)[..., 0] - y
    loss, mae = model.evaluate(x, y, batch_size=N, verbose=0)
    assert loss == pytest.approx(np.mean(error[VALID] ** 2), rel=1e-12)
    assert mae == pytest.approx(np.mean(np.abs(error[VALID])), rel=1e-12)


def test_training_does_not_see_the_padding() -> None:
    """More padding, or other targets at padding, gives the same loss and the same weights."""
    x, y = padded(), RNG.normal(size=(N, PADDED, 1))
    longer = np.concatenate([x, np.full((N, 3, F), PAD)], axis=1)
    targets = np.concatenate([y * VALID[..., None], np.ones((N, 3, 1))], axis=1)
    results = []
    for data, goal in ((x, y), (longer, targets)):
        np.random.seed(4)
        model = model_of(LSTM(4, return_sequences=True), GRU(3, return_sequences=True), Dense(1))
        model.compile(SGD(0.1), "mse")
        losses = model.fit(data, goal, batch_size=N, epochs=3, shuffle=False, verbose=0)
        results.append((losses.history["loss"], model.get_weights()))
    (losses, weights), (losses_longer, weights_longer) = results
    np.testing.assert_allclose(losses, losses_longer, rtol=1e-12)
    for short, long in zip(weights, weights_longer, strict=True):
        np.testing.assert_allclose(short, long, rtol=1e-9, atol=1e-12)


def test_masked_steps_keep_the_carried_state() -> None:
    """Padding does not change the state of a stateful layer."""
    layer = LSTM(4, stateful=True)
    layer(X)
    before = layer.get_states()
    layer(X, mask=np.zeros((N, T)))
    for was, now in zip(before, layer.get_states(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_trace_takes_a_mask() -> None:
    layer = LSTM(4)
    x = padded()
    traced = layer.trace(x, mask=VALID)
    np.testing.assert_allclose(traced["h"][:, -1], layer(x, mask=VALID), rtol=1e-6)


# ---- a row is equivalent to the row without its masked steps -----------------------------------


def sequences(kind: Any, units: int, **options: Any) -> Any:
    return kind(units=units, return_sequences=True, **options)


def both_ways(kind: Any, units: int, **options: Any) -> Any:
    return _core.BidirectionalOptions(
        forward=kind(units=units, **options),
        backward=kind(units=units, go_backwards=True, **options),
    )


#: Without an output per step, a masked step is neither in the output nor in the loss.
STACKS: dict[str, list[Any]] = {
    "lstm": [_core.LSTMOptions(units=5)],
    "lstm 1997": [_core.LSTMOptions(units=17, gates="io", peephole=True)],
    "lstm coupled": [_core.LSTMOptions(units=3, coupled=True, peephole=True)],
    "gru": [_core.GRUOptions(units=18)],
    "gru reset before": [_core.GRUOptions(units=5, reset_after=False)],
    "simple rnn": [_core.SimpleRNNOptions(units=5)],
    "backwards": [_core.GRUOptions(units=4, go_backwards=True)],
    "both ways": [both_ways(_core.LSTMOptions, 3)],
    "stack": [
        sequences(_core.LSTMOptions, 6),
        _core.DenseOptions(units=4, activation="tanh"),
        sequences(_core.SimpleRNNOptions, 3),
        _core.GRUOptions(units=5),
    ],
    "stack of both ways": [
        both_ways(_core.GRUOptions, 3, return_sequences=True),
        both_ways(_core.LSTMOptions, 2),
    ],
}


def weights_of(layers: list[Any], rng: np.random.Generator) -> dict[int, list[np.ndarray]]:
    blank = _core.make_network(layers, [-1, F], "float64", 1)
    return {
        k: [rng.normal(0, 0.5, shape) for _, shape in blank.parameters(k)]
        for k in range(len(layers))
    }


@examples(60)
@given(
    name=st.sampled_from(list(STACKS)),
    padding=st.sampled_from(layer_problems.PADDING),
    batch=st.integers(1, 40),
    steps=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradients_are_those_of_the_rows_alone(
    name: str, padding: str, batch: int, steps: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layers = [_core.MaskingOptions(), *STACKS[name]]
    network = tools.make_network(layers, [-1, F], "float64", weights_of(layers, rng))
    valid = layer_problems.make_mask(rng, padding, batch, steps)
    x = np.where(valid[..., None], rng.normal(size=(batch, steps, F)), 0.0)
    y = rng.normal(size=(batch, *network.output_shape(len(layers) - 1)))
    loss, gradients, dx = network.gradients(x, y)

    expected_loss, expected_dx = 0.0, np.zeros_like(x)
    expected = [[np.zeros_like(g) for g in layer] for layer in gradients]
    for row in range(batch):
        if not valid[row].any():  # the output is zero for any weights
            expected_loss += np.mean(y[row] ** 2) / batch
            continue
        alone, more, dx_row = network.gradients(x[row : row + 1, valid[row]], y[row : row + 1])
        expected_loss += alone / batch
        expected_dx[row, valid[row]] = dx_row[0] / batch
        for sums, layer in zip(expected, more, strict=True):
            for total, gradient in zip(sums, layer, strict=True):
                total += gradient / batch
    assert loss == pytest.approx(expected_loss, rel=1e-10)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-8, atol=1e-12)
    for sums, layer in zip(expected, gradients, strict=True):
        for total, gradient in zip(sums, layer, strict=True):
            np.testing.assert_allclose(gradient, total, rtol=1e-8, atol=1e-12)
