"""States: reading and setting them; batch sizes, shuffling, calls from within fit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from echocell.layers import LSTM, Bidirectional, Dense
from echocell.models import Sequential
from support.carried import B, F, T, X, Y, stateful, stateless_copy

pytestmark = pytest.mark.usefixtures("seeded")

# ---- reading and setting -----------------------------------------------------------------------


def test_get_and_set_states(recurrent: Any) -> None:
    model = stateful(recurrent)
    count = 2 if recurrent is LSTM else 1
    assert model.get_states() == [[], []]
    model.predict(X[:, :4])
    states = model.get_states()
    assert [[s.shape for s in layer] for layer in states] == [[(B, 4)] * count, [(B, 3)] * count]
    expected = model.predict(X[:, 4:])
    model.reset_states()
    model.set_states(states)
    np.testing.assert_array_equal(model.predict(X[:, 4:]), expected)
    other = stateful(recurrent)
    other.set_weights(model.get_weights())
    other.set_states([[state.astype(float) for state in layer] for layer in states])
    np.testing.assert_array_equal(other.predict(X[:, 4:]), expected)


def test_states_of_one_layer() -> None:
    model = stateful()
    layer = model.layers[0]
    assert layer.states == [None, None]
    model.predict(X)
    h, c = layer.states
    np.testing.assert_array_equal([h, c], model.get_states()[0])
    layer.set_states([c, h])
    np.testing.assert_array_equal(layer.get_states(), [c, h])
    layer.reset_states(states=[h, c])
    np.testing.assert_array_equal(layer.get_states(), [h, c])
    h[:] = 9  # a copy
    assert not (layer.get_states()[0] == 9).any()


def test_states_have_rows() -> None:
    model = stateful()
    nothing = [np.zeros((0, 4)), np.zeros((0, 4))]
    with pytest.raises(ValueError, match=r"expected shape \(rows, 4\), received \(0, 4\)"):
        model.layers[0].set_states(nothing)
    with pytest.raises(ValueError, match="at least one row"):
        model.graph.network.set_states(0, nothing)


def test_empty_states_reset_a_layer() -> None:
    model = stateful()
    model.predict(X)
    first, _ = model.get_states()
    model.set_states([first, []])
    np.testing.assert_array_equal(model.get_states()[0], first)
    assert not any(state.any() for state in model.get_states()[1])


def test_states_of_a_layer_by_itself() -> None:
    layer = LSTM(4, stateful=True)
    whole = LSTM(4)
    whole.build((None, None, F))
    layer.build((None, None, F))
    layer.set_weights(whole.get_weights())
    layer(X[:, :3])
    np.testing.assert_allclose(layer(X[:, 3:]), whole(X), atol=1e-6)
    with pytest.raises(ValueError, match="carries states for 3 samples, received 2"):
        layer(X[:2])
    layer.reset_states(rows=[1])
    assert [bool(row.any()) for row in layer.get_states()[0]] == [True, False, True]
    layer.reset_states()
    assert layer.states == [None, None]
    assert layer(X[:2]).shape == (2, 4)
    layer.set_states([np.zeros((2, 4)), np.zeros((2, 4))])
    np.testing.assert_allclose(layer(X[:2]), whole(X[:2]), atol=1e-6)
    layer.reset_states()


def test_bidirectional_states() -> None:
    model = Sequential([Bidirectional(LSTM(3, stateful=True), input_shape=(T, F))])
    model.predict(X)
    (states,) = model.get_states()
    assert [state.shape for state in states] == [(B, 3)] * 4


# ---- batch sizes -------------------------------------------------------------------------------


def fixed() -> Sequential:
    model = Sequential([LSTM(4, batch_input_shape=(2, T, F), stateful=True), Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_the_fixed_batch_size_is_the_default() -> None:
    model = fixed()
    data = np.concatenate([X, X])  # 6 samples
    steps = []
    counter = _counter(steps)
    model.fit(data, np.ones(6), shuffle=False, verbose=0, callbacks=counter)
    assert steps == [0, 1, 2]
    assert model.predict(data).shape == (6, 1)
    assert np.isfinite(model.evaluate(data, np.ones(6), verbose=0))


def _counter(steps: list[int]) -> Any:
    from echocell.callbacks import LambdaCallback

    return LambdaCallback(on_batch_end=lambda batch, logs: steps.append(batch))


def test_the_carried_batch_size_is_the_default() -> None:
    model = stateful()
    model.predict(X[:, :2])
    assert model.predict(np.concatenate([X, X])).shape == (6, 1)
    assert len(model.get_states()[0][0]) == B


def test_validation_needs_whole_batches_and_carries_on() -> None:
    model = fixed()
    data = np.concatenate([X, X])
    history = model.fit(
        data, np.ones(6), shuffle=False, validation_data=(data[:4], np.ones(4)), verbose=0
    )
    assert np.isfinite(history.history["val_loss"]).all()
    history = model.fit(
        data, np.ones(6), batch_size=2, shuffle=False, validation_split=0.4, verbose=0
    )
    assert np.isfinite(history.history["val_loss"]).all()


def test_a_batch_that_does_not_fit_changes_nothing() -> None:
    model = fixed()
    model.predict(X[:2])
    before = model.get_states()
    with pytest.raises(ValueError, match="multiple of batch_size=2, received 3"):
        model.fit(X, Y)
    np.testing.assert_array_equal(before[0], model.get_states()[0])


# ---- shuffling ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"shuffle": True}])
def test_shuffling_a_stateful_model_warns_once(options: dict[str, Any]) -> None:
    model = fixed()
    with pytest.warns(UserWarning, match="shuffle=False") as caught:
        model.fit(X[[0, 1, 2, 0]], np.ones(4), verbose=0, **options)
    assert caught[0].filename == __file__
    model.fit(X[[0, 1, 2, 0]], np.ones(4), verbose=0, **options)  # warnings are errors here


def test_nothing_to_warn_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fixed().fit(X[[0, 1, 2, 0]], np.ones(4), shuffle=False, verbose=0)
        fixed().fit(X[:2], np.ones(2), epochs=2, verbose=0)
        stateless_copy(stateful(), LSTM).fit(X, Y, batch_size=1, verbose=0)


def test_one_batch_keeps_its_rows_with_shuffle() -> None:
    """Only the pairing of rows and states could change, and must not."""
    one, other = stateful(), stateful()
    other.set_weights(one.get_weights())
    first = one.fit(X, Y, epochs=4, shuffle=True, verbose=0).history
    assert first == other.fit(X, Y, epochs=4, shuffle=False, verbose=0).history


# ---- from within fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hook", ["on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end"]
)
def test_a_callback_may_reset_and_predict(hook: str) -> None:
    from echocell.callbacks import LambdaCallback

    model = fixed()
    data = np.concatenate([X, X])

    def act(number: int, logs: Any) -> None:
        model.reset_states()
        model.predict(data[:2])
        model.reset_states()

    history = model.fit(
        data,
        np.ones(6),
        epochs=2,
        shuffle=False,
        validation_data=(data[:4], np.ones(4)),
        callbacks=LambdaCallback(**{hook: act}),
        verbose=0,
    )
    assert np.isfinite(history.history["val_loss"]).all()
