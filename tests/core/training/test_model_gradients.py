"""`model.gradients`: a loss and its derivatives, against finite differences and against updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell import Sequential
from echocell.layers import GRU, LSTM, Bidirectional, Dense, Dropout, Embedding, Masking
from echocell.optimizers import SGD
from echocell.regularizers import L2
from echocell.utils import set_random_seed

Array = np.ndarray


def compiled(layers: list[Any], **settings: Any) -> Sequential:
    set_random_seed(5)
    model = Sequential(layers, dtype="float64")
    model.compile(loss="mean_squared_error", optimizer=SGD(0.1, **settings))
    return model


def stacked() -> Sequential:
    """Makes a model with many kinds of layers between the weights and the loss."""
    return compiled(
        [
            Masking(input_shape=(5, 2)),
            Bidirectional(LSTM(3, return_sequences=True, kernel_regularizer=L2(0.01))),
            GRU(4),
            Dropout(0.5),
            Dense(2),
        ]
    )


@pytest.fixture
def data() -> tuple[Array, Array, Array]:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(6, 5, 2))
    x[0, 3:] = 0  # masked
    return x, draw.normal(size=(6, 2)), draw.uniform(0.5, 2, size=6)


def slope(model: Sequential, array: Array, at: tuple[int, ...], loss: Any) -> float:
    """Returns the slope of the loss with respect to one number of an array."""
    step, before = 1e-5, array[at]
    losses = []
    for moved in (before + step, before - step):
        array[at] = moved
        losses.append(loss())
    array[at] = before
    return float((losses[0] - losses[1]) / (2 * step))


def test_they_are_the_slopes_of_the_loss(data: tuple[Array, Array, Array]) -> None:
    model, (x, y, weights) = stacked(), data
    loss, gradients, dx = model.gradients(x, y, weights)
    assert loss == pytest.approx(model.evaluate(x, y, 6, 0, sample_weight=weights), rel=1e-12)
    values = model.get_weights()
    assert [g.shape for g in gradients] == [v.shape for v in values]
    assert dx.shape == x.shape
    assert gradients[0].dtype == dx.dtype == np.float64

    def of_weights() -> float:
        model.set_weights(values)
        return model.gradients(x, y, weights)[0]

    draw = np.random.default_rng(4)
    for value, gradient in zip(values, gradients, strict=True):
        at = tuple(int(draw.integers(n)) for n in value.shape)
        expected = slope(model, value, at, of_weights)
        assert gradient[at] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    model.set_weights(values)
    for at in ((0, 1, 0), (5, 4, 1), (3, 0, 1)):
        expected = slope(model, x, at, lambda: model.gradients(x, y, weights)[0])
        assert dx[at] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert not dx[0, 3:].any()


def test_an_update_follows_them_and_clips_them_itself(data: tuple[Array, Array, Array]) -> None:
    x, y, weights = data
    for clip in ({}, {"clipvalue": 1e-3}):
        model = compiled([LSTM(3, input_shape=(5, 2)), Dense(2)], **clip)
        before = model.get_weights()
        loss, gradients, _ = model.gradients(x, y, weights)
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
        assert model.train_on_batch(x, y, weights) == pytest.approx(loss, rel=1e-14)
        largest = clip.get("clipvalue", np.inf)
        for was, is_now, gradient in zip(before, model.get_weights(), gradients, strict=True):
            assert np.abs(gradient).max() > 1e-3
            expected = was - 0.1 * np.clip(gradient, -largest, largest)
            np.testing.assert_allclose(is_now, expected, rtol=1e-12, atol=1e-14)


def test_carried_states_are_read_and_left() -> None:
    draw = np.random.default_rng(6)
    x, y = draw.normal(size=(2, 4, 2)), draw.normal(size=(2, 1))
    model = compiled([LSTM(3, stateful=True, batch_input_shape=(2, None, 2)), Dense(1)])
    at_zero = model.gradients(x, y)[0]
    model.predict(x, batch_size=2)
    states = model.get_states()
    carried = model.gradients(x, y)[0]
    assert carried != at_zero
    assert model.gradients(x, y)[0] == carried
    for ours, before in zip(model.get_states()[0], states[0], strict=True):
        assert (ours == before).all()
    with pytest.raises(ValueError, match="batches of 2"):
        model.gradients(x[:1], y[:1])


def test_weights_that_are_not_trained_have_theirs_and_ids_none() -> None:
    ids, y = np.array([[1, 2, 0]]), np.ones((1, 1))
    given = []
    for trainable in (True, False):
        first = Embedding(4, 2, input_length=3, trainable=trainable)
        model = compiled([first, LSTM(3, trainable=trainable), Dense(1)])
        loss, gradients, dx = model.gradients(ids, y)
        assert dx.shape == (1, 3)
        assert not dx.any()
        assert all(gradient.any() for gradient in gradients)
        assert not gradients[0][3].any()  # an unused id
        given.append([loss, *gradients])
    for ours, frozen in zip(*given, strict=True):
        np.testing.assert_array_equal(frozen, ours)


def test_what_cannot_be_done_says_so(data: tuple[Array, Array, Array]) -> None:
    x, y, _ = data
    model = compiled([LSTM(3, input_shape=(None, 2)), Dense(2)])
    with pytest.raises(ValueError, match="sequences of different lengths"):
        model.gradients([x[0], x[1, :3]], y[:2])
    model = stacked()
    with pytest.raises(ValueError, match="y: expected the shape of the output"):
        model.gradients(x, y[:, :1])
    x[1, 1, 1] = np.nan
    with pytest.raises(ValueError, match=r"x: .*nan"):
        model.gradients(x, y)
    with pytest.raises(ValueError, match=r"gradients: .* is not compiled"):
        Sequential([LSTM(3, input_shape=(5, 2))]).gradients(x, y)
