"""Unreferenced models are freed at once, with all their memory.

There are no reference cycles, which would wait for the cyclic garbage collector.
"""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import backend
from echocell.callbacks import Callback, EarlyStopping, History, LambdaCallback, ModelCheckpoint
from echocell.layers import (
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    TimeDistributed,
)
from echocell.models import Sequential, clone_model, load_model

pytestmark = pytest.mark.usefixtures("fresh_process")

X = np.random.default_rng(1).random((6, 5, 3))
Y = X[:, 0, :2]


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain() -> list[Layer]:
    return [
        Input((5, 3)),
        TimeDistributed(Dense(4)),
        Bidirectional(LSTM(3, return_sequences=True)),
        Dropout(0.1),
        Flatten(),
        Dense(2),
    ]


def failing_fit(model: Sequential) -> None:
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), Y, verbose=0)


def interrupted_fit(model: Sequential) -> None:
    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[Stop()])


def with_callbacks(model: Sequential) -> None:
    history = History()
    callbacks = [
        history,
        EarlyStopping(monitor="loss", restore_best_weights=True),
        LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    ]
    model.fit(X, Y, epochs=2, verbose=0, callbacks=callbacks, validation_split=0.5)
    assert history.model is model


USES: dict[str, Callable[[Sequential], Any]] = {
    "nothing": lambda model: None,
    "predict": lambda model: model.predict(X),
    "fit": lambda model: model.fit(X, Y, verbose=0),
    "fit shown": lambda model: model.fit(X, Y, verbose=2),
    "fit with a bar": lambda model: model.fit(X, Y, verbose=1),
    "fit with callbacks": with_callbacks,
    "fit that fails": failing_fit,
    "fit that is interrupted": interrupted_fit,
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0, callbacks=[Callback()]),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "gradients": lambda model: model.gradients(X, Y),
    "weights": lambda model: (model.weights, model.layers[0].trainable_weights),
    "trace": lambda model: model.layers[1].trace(np.ones((2, 5, 4))),
    "compile again": lambda model: model.compile("sgd", "mae"),
    "pop": lambda model: model.pop(),
    "clone": clone_model,
    "copy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "summary": lambda model: model.summary(print_fn=lambda line: None),
}


@pytest.mark.parametrize("use", USES)
def test_a_model_goes_with_its_last_name(use: str) -> None:
    model = Sequential(chain())
    model.compile("adam", "mse", metrics=["mae"])
    USES[use](model)
    gone = [weakref.ref(thing) for thing in (model, model.graph.ready(), *model.layers)]
    del model
    assert not any(ref() for ref in gone)


def test_loaded_models_go(tmp_path: Path) -> None:
    model = Sequential(chain())
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "model")])
    loaded = load_model(tmp_path / "model")
    loaded.fit(X, Y, verbose=0)
    gone = weakref.ref(loaded), weakref.ref(loaded.graph.ready())
    del loaded
    assert [ref() for ref in gone] == [None, None]


def test_layers_go_and_outlive_their_model() -> None:
    layer = Bidirectional(LSTM(3))
    layer(X)
    gone = weakref.ref(layer), weakref.ref(layer.forward_layer)
    del layer
    assert [ref() for ref in gone] == [None, None]
    model = Sequential([LSTM(4, input_shape=(5, 3)), Dense(2)])
    expected, kept = model.predict(X), model.layers
    del model
    again = Sequential(kept)  # they no longer belong to a model, so none is copied
    assert all(a is b for a, b in zip(again.layers, kept, strict=True))
    np.testing.assert_array_equal(again.predict(X), expected)


def test_a_history_holds_no_model() -> None:
    model = Sequential(chain())
    model.compile("adam", "mse")
    history = model.fit(X, Y, verbose=0)
    assert history.model is model
    for other in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert other.history == history.history
        assert other.model is None
    del model
    assert history.model is None
    assert len(history.history["loss"]) == 1


def test_clear_session_frees_what_only_the_collector_finds() -> None:
    class Keeper(Callback):
        def set_model(self, model: Any) -> None:
            self.model = model
            model.keeper = self

    model = Sequential(chain())
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0, callbacks=[Keeper()])
    gone = weakref.ref(model)
    del model
    assert gone() is not None
    backend.clear_session()
    assert gone() is None
