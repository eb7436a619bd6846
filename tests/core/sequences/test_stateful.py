"""States: carried from batch to batch, and reset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell.callbacks import LambdaCallback
from echocell.layers import LSTM, Dense, Dropout
from echocell.models import Sequential
from support.carried import B, F, T, X, Y, stateful, stateless_copy

pytestmark = pytest.mark.usefixtures("seeded")

# ---- carrying ----------------------------------------------------------------------------------


def test_predict_goes_on_where_it_stopped(recurrent: Any) -> None:
    model = stateful(recurrent)
    whole = stateless_copy(model, recurrent).predict(X)
    model.predict(X[:, :3])
    np.testing.assert_allclose(model.predict(X[:, 3:]), whole, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.predict(X), whole, atol=1e-6)


def test_batch_after_batch_within_one_call(recurrent: Any) -> None:
    """Row b of a batch continues row b of the previous batch."""
    model = stateful(recurrent)
    parts = np.concatenate([X[:, :4], X[:, 4:]])
    output = model.predict(parts, batch_size=B)
    whole = stateless_copy(model, recurrent)
    np.testing.assert_allclose(output[:B], whole.predict(X[:, :4]), atol=1e-6)
    np.testing.assert_allclose(output[B:], whole.predict(X), atol=1e-6)


@pytest.mark.parametrize("verb", ["evaluate", "train_on_batch", "fit", "test_on_batch", "call"])
def test_every_verb_carries_the_state(verb: str) -> None:
    model = stateful()
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 0.0
    expected = stateless_copy(model, LSTM).predict(X)
    start = X[:, :5]
    if verb == "evaluate":
        model.evaluate(start, Y, verbose=0)
    elif verb == "fit":
        model.fit(start, Y, verbose=0)
    elif verb == "call":
        model(start)
    else:
        getattr(model, verb)(start, Y)
    np.testing.assert_allclose(model.predict(X[:, 5:]), expected, atol=1e-6)


def test_a_stateless_model_carries_nothing() -> None:
    model = stateless_copy(stateful(), LSTM)
    first = model.predict(X)
    model.fit(X, Y * 0 + first, verbose=0)
    assert model.get_states() == [[], []]


def test_states_go_on_from_epoch_to_epoch() -> None:
    """As in Keras, fit does not reset states."""
    twice, by_hand = stateful(), stateful()
    by_hand.set_weights(twice.get_weights())
    losses = twice.fit(X, Y, epochs=2, verbose=0).history["loss"]
    again = [by_hand.train_on_batch(X, Y) for _ in range(2)]
    np.testing.assert_allclose(losses, again, rtol=1e-6)
    twice.reset_states()
    by_hand.reset_states()
    np.testing.assert_array_equal(twice.predict(X), by_hand.predict(X))


# ---- resetting ---------------------------------------------------------------------------------


def test_reset_of_single_rows() -> None:
    model = stateful()
    fresh = model.predict(X)
    model.reset_states(rows=[0, 2])
    states = model.get_states()
    assert not any(state[[0, 2]].any() for layer in states for state in layer)
    assert all(state[1].any() for layer in states for state in layer)
    after = model.predict(X)
    np.testing.assert_array_equal(after[[0, 2]], fresh[[0, 2]])
    assert not np.allclose(after[1], fresh[1])


def test_reset_of_one_layer() -> None:
    model = stateful()
    model.predict(X)
    model.layers[0].reset_states()
    first, second = model.get_states()
    assert not any(state.any() for state in first)
    assert all(state.any() for state in second)
    model.layers[1].reset_states(rows=[1])
    assert not any(state[1].any() for state in model.get_states()[1])


def test_another_batch_size_after_a_reset() -> None:
    model = stateful()
    model.predict(X)
    model.reset_states()
    assert model.predict(np.concatenate([X, X])).shape == (6, 1)


def test_reset_before_anything_is_carried() -> None:
    model = stateful()
    model.reset_states()
    model.layers[0].reset_states()
    LSTM(3, stateful=True).reset_states()
    Sequential().reset_states()


def test_a_wrong_row_resets_no_row() -> None:
    model = stateful()
    model.predict(X)
    before = model.get_states()
    with pytest.raises(ValueError, match="expected rows of 0 to 2 of the carried states"):
        model.reset_states(rows=[0, 3])
    np.testing.assert_equal(model.get_states(), before)


# ---- a first call that fails -------------------------------------------------------------------


def fail(*_: object) -> None:
    raise ZeroDivisionError


def test_training_that_fails_before_its_first_batch_carries_nothing() -> None:
    model = stateful()
    for hook in ("on_epoch_begin", "on_train_batch_begin"):
        with pytest.raises(ZeroDivisionError):
            model.fit(X, Y, shuffle=False, verbose=0, callbacks=LambdaCallback(**{hook: fail}))
        assert model.get_states() == [[], []]
    assert model.predict(X[:2]).shape == (2, 1)


def test_states_hold_after_a_batch_even_if_its_hook_fails() -> None:
    model = stateful()
    hook = LambdaCallback(on_train_batch_end=fail)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, shuffle=False, verbose=0, callbacks=hook)
    assert [len(layer[0]) for layer in model.get_states()] == [B, B]


def test_validation_of_another_batch_size_is_refused_before_training() -> None:
    model = stateful()
    data = (np.concatenate([X, X]), np.concatenate([Y, Y]))
    with pytest.raises(ValueError, match="expected a batch size of 3, received 2"):
        model.fit(X, Y, validation_data=data, validation_batch_size=2, verbose=0)
    assert model.graph.network.iterations == 0
    assert model.get_states() == [[], []]


def test_gradients_carry_nothing() -> None:
    model = stateful()
    network: Any = model.graph.network
    network.gradients(X, Y)
    assert network.state_batch == 0


def test_a_wrong_step_plans_nothing() -> None:
    model = stateful()
    network: Any = model.graph.network
    before = network.workspace_bytes
    with pytest.raises(ValueError, match="expected x of shape"):
        network.step(X[:, 0, :1])
    assert (network.workspace_bytes, network.state_batch) == (before, 0)
    expected = model.step(X[:, 0])
    network.reset_states()
    planned = network.workspace_bytes
    with pytest.raises(ValueError, match="expected x of shape"):
        network.step(X[:2, 0, :1])
    assert network.workspace_bytes == planned
    np.testing.assert_array_equal(model.step(X[:, 0]), expected)


def test_ten_thousand_resets() -> None:
    model = stateful()
    expected = model.predict(X)
    for _ in range(10_000):
        model.reset_states()
    np.testing.assert_array_equal(model.predict(X), expected)


# ---- streaming ---------------------------------------------------------------------------------


def test_step_by_step_is_the_whole_sequence(recurrent: Any) -> None:
    for model in (stateful(recurrent), stateless_copy(stateful(recurrent), recurrent)):
        for t in range(T):
            output = model.step(X[:, t])
        last = model.get_states()
        model.reset_states()
        np.testing.assert_allclose(output, model.predict(X), atol=1e-6)
        assert last[0][0].shape == (B, 4)


def test_step_through_sequences_and_dropout() -> None:
    model = Sequential([LSTM(4, input_shape=(T, F), return_sequences=True), Dropout(0.5), Dense(2)])
    outputs = [model.step(X[:, t]) for t in range(T)]
    model.reset_states()
    np.testing.assert_allclose(np.stack(outputs, axis=1), model.predict(X), atol=1e-6)


def test_step_keeps_its_batch_size() -> None:
    model = stateful()
    model.step(X[:, 0])
    with pytest.raises(ValueError, match="3"):
        model.step(X[:2, 1])
    model.reset_states()
    model.step(X[:2, 1])
