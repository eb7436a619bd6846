"""zero_output_for_mask: outputs at masked steps are zeros, as in Keras; and dropout of everything.

N samples, T time steps, F features, H units.
"""

from __future__ import annotations

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
    Input,
    Masking,
    MemoryBlocks,
    SimpleRNN,
)
from echocell.models import Sequential

N, T, F, H = 5, 7, 3, 4
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "memory blocks": MemoryBlocks,
}


def pair(kind: str, **options: Any) -> tuple[Any, Any]:
    """Makes two layers with the same weights: with zeros at masked steps, and without."""
    layers = []
    for zero in (True, False):
        np.random.seed(3)
        layer = RECURRENT[kind](H, zero_output_for_mask=zero, dtype="float64", **options)
        layer.build((None, None, F))
        layers.append(layer)
    return layers[0], layers[1]


def masked(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = rng.uniform(size=(N, T)) < 0.6
    mask[0], mask[1], mask[2, -2:], mask[3, :2], mask[4, -1] = True, False, False, False, True
    return rng.normal(size=(N, T, F)), mask


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("backwards", [False, True])
def test_at_every_step(kind: str, backwards: bool, seed: int) -> None:
    zero, repeated = pair(kind, return_sequences=True, go_backwards=backwards)
    x, mask = masked(seed)
    shown = mask[:, ::-1] if backwards else mask
    expected = repeated(x, mask=mask) * shown[..., np.newaxis]
    np.testing.assert_array_equal(zero(x, mask=mask), expected)
    np.testing.assert_array_equal(zero(x), repeated(x))


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("backwards", [False, True])
def test_at_the_end(kind: str, backwards: bool, seed: int) -> None:
    """The output is zeros if the last processed step is masked; the states are the previous
    ones.
    """
    zero, repeated = pair(kind, return_state=True, go_backwards=backwards)
    x, mask = masked(seed)
    last = mask[:, 0 if backwards else -1]
    output, *states = zero(x, mask=mask)
    expected, *others = repeated(x, mask=mask)
    np.testing.assert_array_equal(output, expected * last[:, np.newaxis])
    for ours, theirs in zip(states, others, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("per_step", [True, False])
def test_gradients(kind: str, per_step: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, mask = masked(seed)
    x[~mask] = 0
    layer = RECURRENT[kind](H, return_sequences=per_step, zero_output_for_mask=True)
    model = Sequential([Input((None, F)), Masking(), layer, Dense(2, "tanh")], dtype="float64")
    model.compile("sgd", "mse")
    y = rng.normal(size=(N, T, 2) if per_step else (N, 2))
    _, gradients, _ = model.gradients(x, y)
    weights = model.get_weights()
    for k in range(len(weights)):
        direction = rng.normal(size=weights[k].shape)
        values = []
        for step in (1e-6, -1e-6):
            model.set_weights(
                [w + step * direction if j == k else w for j, w in enumerate(weights)]
            )
            values.append(model.evaluate(x, y, verbose=0))
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx((gradients[k] * direction).sum(), rel=1e-4, abs=1e-8)


def test_a_shortcut_is_hidden_too() -> None:
    x, mask = masked(1)
    layer = MemoryBlocks(
        H, return_sequences=True, shortcut=True, zero_output_for_mask=True, dtype="float64"
    )
    output = layer(x, mask=mask)
    np.testing.assert_array_equal(output[mask][:, -F:], x[mask])
    assert not output[~mask].any()


@pytest.mark.parametrize("per_step", [True, False])
def test_sequences_of_different_lengths_have_no_masked_end(per_step: bool) -> None:
    """The padding of a list is internal: each row gives the same output as alone."""
    rng = np.random.default_rng(2)
    x = [rng.normal(size=(length, F)) for length in (3, 7, 1, 5)]
    x[1][-1] = 0  # its last step is masked
    model = Sequential(
        [
            Input((None, F)),
            Masking(),
            LSTM(H, return_sequences=per_step, zero_output_for_mask=True),
        ],
        dtype="float64",
    )
    for output, row in zip(model.predict(x), x, strict=True):
        np.testing.assert_allclose(output, model.predict(row[np.newaxis])[0], rtol=1e-10)
    assert not np.ravel(model.predict(x)[1])[-H:].any()


def test_step_by_step() -> None:
    x, mask = masked(5)
    x[~mask] = 0
    model = Sequential(
        [Input((None, F)), Masking(), LSTM(H, return_sequences=True, zero_output_for_mask=True)],
        dtype="float64",
    )
    whole = model.predict(x)
    for t in range(T):
        np.testing.assert_allclose(model.step(x[:, t]), whole[:, t], rtol=1e-10)


def test_in_segments() -> None:
    x, mask = masked(6)
    x[~mask] = 0
    y = np.zeros((N, T, H))
    layer = GRU(H, return_sequences=True, zero_output_for_mask=True)
    model = Sequential([Input((None, F)), Masking(), layer], dtype="float64")
    model.compile("sgd", "mse")
    logs = model.fit(x, y, verbose=0, bptt_steps=2, validation_data=(x, y)).history
    assert logs["val_loss"] == [pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-9)]
    last = Sequential([Input((None, F)), Masking(), GRU(H, zero_output_for_mask=True)])
    last.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"bptt_steps: .*zero_output_for_mask"):
        last.fit(x, y[:, 0], verbose=0, bptt_steps=2)


def test_both_ways() -> None:
    """Keras sets it if there are outputs at every step, and resets it otherwise."""
    x, mask = masked(7)
    for sequences in (True, False):
        outputs = []
        for zero in (True, False):
            np.random.seed(2)
            half = LSTM(H, return_sequences=sequences, zero_output_for_mask=zero)
            outputs.append(Bidirectional(half)(x, mask=mask))
        np.testing.assert_array_equal(*outputs)


def test_it_is_part_of_the_configuration() -> None:
    layer = LSTM(H, zero_output_for_mask=True)
    copy = LSTM.from_config(layer.get_config())
    assert copy.zero_output_for_mask is True
    assert LSTM(H).get_config()["zero_output_for_mask"] is False


# ---- dropout with rate 1 -----------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1, 1.0])
def test_dropout_of_everything(rate: float) -> None:
    x = np.ones((N, T, F))
    assert not Dropout(rate)(x, training=True).any()
    np.testing.assert_array_equal(Dropout(rate)(x), x)
    model = Sequential([Input((T, F)), Dense(2), Dropout(rate), Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(x, np.ones((N, T, 1)), verbose=0)
    kernel, bias, last_kernel, last_bias = model.get_weights()
    np.testing.assert_array_equal(kernel, before[0])
    np.testing.assert_array_equal(bias, before[1])
    np.testing.assert_array_equal(last_kernel, before[2])
    assert (last_bias != before[3]).all()


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_dropout_of_everything(kind: str) -> None:
    x, _ = masked(8)
    layer = RECURRENT[kind](H, dropout=1.0, recurrent_dropout=1.0, return_sequences=True)
    output = layer(x, training=True)
    np.testing.assert_array_equal(output, layer(np.zeros_like(x), training=True))
    assert np.isfinite(output).all()
    assert layer(x).any()


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan"), float("inf")])
def test_other_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=r"expected a number in \[0, 1\]"):
        Dropout(rate)
    with pytest.raises(ValueError, match=r"expected a number in \[0, 1\]"):
        LSTM(2, recurrent_dropout=rate)
