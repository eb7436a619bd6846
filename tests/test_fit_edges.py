"""The edges of fit and compile that Keras takes: no epochs."""

from __future__ import annotations

import numpy as np
import pytest

from echocell.callbacks import HOOKS, LambdaCallback
from echocell.layers import Dense
from echocell.models import Sequential

X, Y = np.linspace(0, 1, 16).reshape(8, 2), np.linspace(1, 2, 8)


def regressor() -> Sequential:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    return model


# ---- no epochs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_no_epochs_call_the_outer_hooks_alone(verbose: int) -> None:
    calls: list[str] = []
    watch = LambdaCallback(**{hook: lambda *_, hook=hook: calls.append(hook) for hook in HOOKS})
    history = regressor().fit(
        X, Y, epochs=0, verbose=verbose, callbacks=[watch], validation_data=(X, Y)
    )
    assert (dict(history.history), history.epoch) == ({}, [])
    assert calls == ["on_train_begin", "on_train_end"]


@pytest.mark.parametrize("epochs", [{"epochs": 0}, {"epochs": 3, "initial_epoch": 3}])
def test_no_epochs_train_nothing(epochs: dict[str, int]) -> None:
    model = regressor()
    before = model.get_weights()
    assert not model.fit(X, Y, verbose=0, **epochs).history
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert model.optimizer.iterations == 0


def test_no_epochs_still_build_the_model() -> None:
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=0, verbose=0)
    assert model.predict(X).shape == (8, 1)


def test_no_epochs_look_at_the_data() -> None:
    with pytest.raises(ValueError, match="x: expected shape"):
        regressor().fit(X[:, :1], Y, epochs=0, verbose=0)
