"""State: carried from batch to batch, reset, read, set, and batch sizes that fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell.callbacks import LambdaCallback
from echocell.layers import GRU, LSTM, Bidirectional, Dense, Dropout, Input, SimpleRNN
from echocell.models import Sequential

B, T, F = 3, 8, 2
X = np.random.default_rng(8).normal(size=(B, T, F)).astype(np.float32)
Y = np.random.default_rng(9).normal(size=(B, 1)).astype(np.float32)

RECURRENT: dict[str, Callable[..., Any]] = {"lstm": LSTM, "gru": GRU, "simple rnn": SimpleRNN}


@pytest.fixture(autouse=True)
def seeded() -> None:
    np.random.seed(2)


@pytest.fixture(params=RECURRENT)
def recurrent(request: pytest.FixtureRequest) -> Any:
    return RECURRENT[request.param]


def stateful(recurrent: Any = LSTM, **options: Any) -> Sequential:
    model = Sequential(
        [
            recurrent(4, stateful=True, input_shape=(None, F), return_sequences=True),
            recurrent(3, stateful=True),
            Dense(1),
        ],
        **options,
    )
    model.compile("sgd", "mse")
    return model


def stateless_copy(model: Sequential, recurrent: Any) -> Sequential:
    copy = Sequential([Input((None, F)), recurrent(4, return_sequences=True), recurrent(3)])
    copy.add(Dense(1))
    copy.set_weights(model.get_weights())
    copy.compile("sgd", "mse")
    return copy


# ---- carrying ----------------------------------------------------------------------------------


def test_predict_goes_on_where_it_stopped(recurrent: Any) -> None:
    model = stateful(recurrent)
    whole = stateless_copy(model, recurrent).predict(X)
    model.predict(X[:, :3])
    np.testing.assert_allclose(model.predict(X[:, 3:]), whole, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.predict(X), whole, atol=1e-6)


def test_batch_after_batch_within_one_call(recurrent: Any) -> None:
    """Row b of a batch goes on from row b of the batch before."""
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
    """As in Keras: fit resets nothing."""
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
