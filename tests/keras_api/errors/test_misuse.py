"""Common mistakes and their messages: batches from generators, softmax over one unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from echocell.layers import LSTM, Activation, Dense, Input, TimeDistributed
from echocell.models import Sequential

X, Y = np.ones((6, 4, 2)), np.ones((6, 1))


def network() -> Sequential:
    model = Sequential([Input((4, 2)), LSTM(3), Dense(1)])
    model.compile("sgd", "mse")
    return model


def batches() -> Iterator[Any]:
    yield X, Y


class Loader:
    """A loader of batches, such as PyTorch's."""

    def __iter__(self) -> Iterator[Any]:
        return batches()

    def __len__(self) -> int:
        return 1


class KerasSequence:
    """A Sequence or PyDataset of Keras."""

    def __getitem__(self, index: int) -> Any:
        return X, Y

    def __len__(self) -> int:
        return 1

    def on_epoch_end(self) -> None:
        """Called by Keras."""


@pytest.mark.parametrize("data", [batches, Loader, KerasSequence, lambda: iter([X]), lambda: {1}])
@pytest.mark.parametrize(
    "verb",
    [
        lambda model, data: model.fit(data, epochs=2),
        lambda model, data: model.fit(data, steps_per_epoch=10, verbose=0),
        lambda model, data: model.fit(data, Y, verbose=0),
        lambda model, data: model.evaluate(data, steps=3, verbose=0),
        lambda model, data: model.predict(data, steps=3),
    ],
)
def test_generators_are_not_taken(verb: Callable[..., Any], data: Callable[[], Any]) -> None:
    model = network()
    before = model.get_weights()
    with pytest.raises(
        TypeError, match=r"(fit|evaluate|predict): x: .* batches are not taken; give"
    ):
        verb(model, data())
    np.testing.assert_equal(model.get_weights(), before)


def test_what_holds_all_data_is_no_generator() -> None:
    model = network()
    for data in (X.tolist(), memoryview(np.ascontiguousarray(X))):
        np.testing.assert_array_equal(model.predict(data), model.predict(X))


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [LSTM(3), Dense(1, activation="softmax")],
        lambda: [LSTM(1), Activation("softmax")],
        lambda: [LSTM(3, return_sequences=True), TimeDistributed(Dense(1, activation="softmax"))],
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_softmax_over_one_unit_warns_once(layers: Callable[[], Any], first: bool) -> None:
    def run() -> None:
        model = Sequential([*([Input((4, 2))] if first else []), *layers()])
        model.compile("sgd", "binary_crossentropy")
        model.build((None, 4, 2))
        model.predict(X)

    with pytest.warns(UserWarning, match="softmax over one unit is always 1.*take 'sigmoid'") as w:
        run()
    assert len(w) == 1


def test_softmax_over_more_units_does_not_warn() -> None:
    model = Sequential([Input((4, 2)), LSTM(3), Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    model.predict(X)
