"""Special cases of fit and compile in Keras: no epochs, lists of epochs to validate, no loss."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.callbacks import LambdaCallback
from echocell.callbacks.callback import HOOKS
from echocell.layers import LSTM, Dense
from echocell.models import Sequential, load_model
from echocell.optimizers import Adam

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


# ---- epochs to validate after ------------------------------------------------------------------


def validated(epochs: int, freq: Any, **options: Any) -> list[int]:
    """Returns the epochs, from 1, whose logs contain a validation."""
    seen = []
    watch = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(epoch + 1) if "val_loss" in logs else None
    )
    history = regressor().fit(
        *(X, Y),
        epochs=epochs,
        verbose=0,
        validation_data=(X, Y),
        validation_freq=freq,
        callbacks=[watch],
        **options,
    )
    assert len(history.history.get("val_loss", [])) == len(seen)
    assert len(history.history["loss"]) == epochs - options.get("initial_epoch", 0)
    return seen


@given(
    epochs=st.integers(2, 6),
    first=st.integers(0, 1),
    freq=st.lists(st.integers(1, 9)) | st.integers(1, 9),
    kind=st.sampled_from([list, tuple, set, frozenset, np.asarray]),
)
def test_validation_comes_after_the_epochs_asked_for(epochs, first, freq, kind) -> None:
    run = range(first + 1, epochs + 1)
    if isinstance(freq, int):
        expected = [epoch for epoch in run if epoch % freq == 0]
    else:
        expected = [epoch for epoch in run if epoch in freq]
        freq = kind(freq) if freq else []
    assert validated(epochs, freq, initial_epoch=first) == expected


def test_epochs_to_validate_after_without_callbacks() -> None:
    held_out = {"validation_split": 0.25, "validation_freq": [1, 3]}
    history = regressor().fit(X, Y, epochs=4, verbose=0, **held_out).history
    assert (len(history["loss"]), len(history["val_loss"])) == (4, 2)
    each = regressor()
    each.set_weights([np.ones((2, 1)), np.zeros(1)])
    again = regressor()
    again.set_weights(each.get_weights())
    options = {"epochs": 4, "verbose": 0, "shuffle": False, "validation_split": 0.25}
    some = again.fit(X, Y, validation_freq=(3, 1), **options).history["val_loss"]
    assert some == each.fit(X, Y, **options).history["val_loss"][::2]


@pytest.mark.parametrize(
    ("freq", "error", "message"),
    [
        (0, ValueError, "validation_freq: expected a positive integer, received 0"),
        ([1, 0], ValueError, r"validation_freq\[1\]: expected a positive integer, received 0"),
        ([1.5], ValueError, r"validation_freq\[0\]: expected an integer"),
        ("12", TypeError, "validation_freq: expected an integer"),
        (None, TypeError, "validation_freq: expected an integer"),
        (["1"], TypeError, r"validation_freq\[0\]: expected an integer"),
    ],
)
def test_what_names_no_epochs(freq: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        validated(2, freq)


# ---- no loss -----------------------------------------------------------------------------------


def without_loss(optimizer: Any = "adam", **options: Any) -> Sequential:
    model = Sequential([LSTM(2, input_shape=(3, 2)), Dense(1)])
    model.compile(optimizer, **options)
    return model


STEPS = np.linspace(0, 1, 24).reshape(4, 3, 2)
VERBS = ("fit", "train_on_batch", "evaluate", "gradients", "test_on_batch")


def test_a_model_without_a_loss_predicts() -> None:
    model = without_loss(metrics=["mse"])
    assert model.loss is None
    assert model.predict(STEPS).shape == model(STEPS).shape == (4, 1)
    for t in range(3):
        output = model.step(STEPS[:, t])
    np.testing.assert_allclose(output, model.predict(STEPS), rtol=1e-5)
    assert (model.optimizer.learning_rate, model.optimizer.iterations) == (0.001, 0)
    model.optimizer.learning_rate = 0.5
    assert model.optimizer.learning_rate == 0.5


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("compiled_before", [True, False])
def test_a_model_without_a_loss_says_so(verb: str, compiled_before: bool) -> None:
    model = without_loss(**({"loss": "mse"} if compiled_before else {}))
    if compiled_before:
        model.fit(STEPS, np.ones(4), verbose=0)
        model.compile("adam")
    before = model.get_weights()
    with pytest.raises(ValueError, match="is compiled without a loss: call compile"):
        getattr(model, verb)(STEPS, np.ones(4))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_a_loss_may_come_later() -> None:
    optimizer = Adam(0.5)
    model = without_loss(optimizer, metrics=["mae"])
    model.compile(optimizer, "mse")
    model.fit(STEPS, np.ones(4), verbose=0)
    assert optimizer.iterations == 1
    model.compile(optimizer)
    assert (optimizer.learning_rate, optimizer.iterations) == (0.5, 1)
    model.compile("sgd", "mae")
    assert model.optimizer.iterations == 0
    model.fit(STEPS, np.ones(4), verbose=0)
    assert model.optimizer.iterations == 1


def test_no_loss_while_the_model_trains() -> None:
    model = without_loss("sgd", loss="mse")
    watch = LambdaCallback(on_train_batch_end=lambda *_: model.compile("adam"))
    with pytest.raises(ValueError, match=r"compile\(\)"):
        model.fit(STEPS, np.ones(4), verbose=0, callbacks=[watch])
    assert model.optimizer.kind == "sgd"
    model.fit(STEPS, np.ones(4), verbose=0)
    assert model.optimizer.iterations == 2


@pytest.mark.parametrize("built", [True, False])
def test_a_model_without_a_loss_comes_back_from_a_file(built: bool, tmp_path: Path) -> None:
    model = without_loss("adam", metrics=["mae"])
    if not built:
        model = Sequential([Dense(1)])
        model.compile("adam")
    copies = [pickle.loads(pickle.dumps(model))]
    if built:
        model.save(tmp_path / "model.echocell")
        copies.append(load_model(tmp_path / "model.echocell"))
        np.testing.assert_array_equal(copies[1].predict(STEPS), model.predict(STEPS))
    for copy in copies:
        assert copy.loss is None
        assert copy.optimizer.kind == "adam"
        copy.compile("adam", "mse")


def test_an_unknown_loss_stays_an_error() -> None:
    with pytest.raises(ValueError, match="unknown loss"):
        without_loss(loss="mze")
