"""States that do not fit or are refused."""

from __future__ import annotations

import numpy as np
import pytest

from echocell.layers import (
    LSTM,
    Bidirectional,
    Dense,
)
from echocell.models import Sequential
from support.mistakes import (
    IDS,
    C,
    F,
    N,
    Row,
    T,
    X,
    Y,
    check,
    compiled,
    free_stateful,
    mistakes,
    one_nan,
    stateful,
    words,
)

STATES = [
    Row(
        "states that are not finite",
        lambda m: m.set_states([[np.zeros((3, 4), np.float32), one_nan(3, 4)]]),
        ("layer 'lstm': states[1]: expected finite numbers, received nan",),
        make=free_stateful,
    ),
    Row(
        "states of a layer that are not finite",
        lambda m: m.layers[0].set_states([np.zeros((3, 4), np.float32), one_nan(3, 4)]),
        ("layer 'lstm': states[1]: expected finite numbers, received nan",),
        make=free_stateful,
    ),
    Row(
        "samples that do not divide into batches",
        lambda m: m.fit(X[:5], Y[:5], batch_size=2),
        ("a multiple of batch_size=2, received 5 samples",),
        make=stateful,
    ),
    Row(
        "samples that do not divide, to predict",
        lambda m: m.predict(X[:3]),
        ("a multiple of batch_size=2, received 3 samples",),
        make=stateful,
    ),
    Row(
        "another batch size than the model's",
        lambda m: m.predict(X, batch_size=3),
        ("made for batches of 2 samples", "expected 2, received 3"),
        make=stateful,
    ),
    Row(
        "a batch of another size",
        lambda m: m.train_on_batch(X, Y),
        ("expected 2, received 6",),
        make=stateful,
    ),
    Row(
        "another batch size than that of the states",
        lambda m: m.predict(X[:4], batch_size=2),
        ("carries the states of 3 samples", "expected 3, received 2", "reset_states()"),
        make=free_stateful,
    ),
    Row(
        "validation samples that do not divide",
        lambda m: m.fit(X, Y, shuffle=False, validation_data=(X[:3], Y[:3]), verbose=0),
        ("validation samples", "a multiple of validation_batch_size=2, received 3"),
        make=stateful,
    ),
    Row(
        "states of another width",
        lambda m: m.layers[0].set_states([np.zeros((2, 5)), np.zeros((2, 5))]),
        ("expected shape (2, 4), received (2, 5)",),
        make=stateful,
    ),
    Row(
        "one state of two",
        lambda m: m.layers[0].set_states([np.zeros((2, 4))]),
        ("expected 2 arrays, received 1",),
        make=stateful,
    ),
    Row(
        "states of too many layers",
        lambda m: m.set_states([[], []]),
        ("expected 1 lists, one per recurrent layer, received 2",),
        make=stateful,
    ),
    Row(
        "a row that is not there",
        lambda m: m.reset_states(rows=[3]),
        ("rows", "received 3"),
        make=free_stateful,
    ),
    Row(
        "a step of the wrong shape",
        lambda m: m.step(X),
        ("shape (sequences, 2), received (6, 3, 2)",),
    ),
    Row(
        "a step of all ids",
        lambda m: m.step(IDS),
        ("shape (sequences,) or (sequences, 1), received (6, 3). One step at a time: x[:, 0]",),
        make=words,
    ),
    Row(
        "a step of unknown ids",
        lambda m: m.step(IDS[:, 0] + 100),
        ("x: Embedding(input_dim=", "received 10"),
        make=words,
    ),
    Row(
        "a step of broken ids",
        lambda m: m.step(IDS[:, 0] + 0.5),
        ("x: expected whole numbers, received",),
        make=words,
    ),
    Row(
        "a step of NaN",
        lambda m: m.step(np.full((6, 2), np.nan)),
        ("x: expected finite numbers, received nan at x[0, 0]",),
    ),
    Row(
        "a step through a model without steps",
        lambda m: m.step(X[:, 0]),
        ("step: expected a model with input (samples, time steps, features)",),
        make=lambda: compiled(Sequential([Dense(C, input_shape=(F,))]), "mse"),
    ),
    Row("a step without a batch", lambda m: m.step(X[0, 0]), ("x.reshape(1, 2)",)),
    Row(
        "a step through a layer that needs the whole",
        lambda m: m.step(X[:, 0]),
        ("layer 'bidirectional' (Bidirectional) needs the whole sequence",),
        make=lambda: compiled(
            Sequential([Bidirectional(LSTM(4), input_shape=(T, F)), Dense(C)]), "mse"
        ),
    ),
    Row(
        "a mask of another shape",
        lambda m: m.layers[0](X, mask=np.ones((N, T + 1))),
        ("mask: expected one value per sample and time step, shape (6, 3), received (6, 4)",),
    ),
    Row(
        "an initial state of another batch",
        lambda m: m.layers[0](X, initial_state=[np.zeros((2, 4))] * 2),
        ("expected shape (6, 4), received (2, 4)",),
    ),
]


@mistakes(STATES)
def test_error(row: Row) -> None:
    check(row)


# ---- states that are refused -------------------------------------------------------------------


def test_a_layer_by_itself_keeps_its_states() -> None:
    layer = LSTM(4, stateful=True)
    layer(X)
    before = layer.get_states()
    for wrong in ([before[0]], [before[0], one_nan(N, 4)], [before[0], before[1][:2]]):
        with pytest.raises(ValueError, match="states"):
            layer.set_states(wrong)
        for was, now in zip(before, layer.get_states(), strict=True):
            np.testing.assert_array_equal(was, now)
    layer.set_states([state[:2] for state in before])
    assert layer(X[:2]).shape == (2, 4)


def test_initial_states_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match=r"states\[1\]: expected finite numbers"):
        LSTM(4)(X, initial_state=[np.zeros((N, 4), np.float32), one_nan(N, 4)])
