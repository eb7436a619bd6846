"""Invalid calls and changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell import losses, metrics, optimizers
from echocell.callbacks import EarlyStopping, LambdaCallback
from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential
from support.mistakes import (
    C,
    F,
    Row,
    T,
    X,
    Y,
    assert_works,
    check,
    classifier,
    mistakes,
)

CALLS = [
    Row(
        "fit before compile",
        lambda m: m.fit(X, Y),
        ("fit: model 'sequential' is not compiled: call compile(",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "evaluate before compile",
        lambda m: m.evaluate(X, Y),
        ("evaluate: model 'sequential' is not compiled",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "train_on_batch before compile",
        lambda m: m.train_on_batch(X, Y),
        ("train_on_batch: model 'sequential' is not compiled",),
        make=lambda: Sequential([LSTM(4, input_shape=(T, F)), Dense(C)]),
    ),
    Row(
        "get_states before build",
        lambda m: Sequential([LSTM(4), Dense(C)]).get_states(),
        ("is not built yet", "input_shape", "data"),
    ),
    Row(
        "count_params before build",
        lambda m: Sequential([LSTM(4)]).count_params(),
        ("is not built yet",),
    ),
    Row(
        "layer.set_weights before build",
        lambda m: LSTM(4).set_weights([np.ones(4)]),
        ("layer 'lstm_1' has no weights yet", "build()"),
    ),
    Row("predict without layers", lambda m: Sequential().predict(X), ("has no layers",)),
    Row("pop without layers", lambda m: Sequential().pop(), ("pop: the model has no layers",)),
    Row(
        "unknown loss",
        lambda m: m.compile(loss="catgorical_crossentropy"),
        ("unknown loss 'catgorical_crossentropy'", "Did you mean 'categorical_crossentropy'?"),
    ),
    Row(
        "unknown optimizer",
        lambda m: m.compile("adan", loss="mse"),
        ("unknown optimizer 'adan'", "Did you mean 'adam'?"),
    ),
    Row(
        "unknown metric",
        lambda m: m.compile("adam", "mse", metrics=["acuracy"]),
        ("unknown metric 'acuracy'", "Did you mean 'accuracy'?"),
    ),
    Row(
        "unknown metric before build",
        lambda m: Sequential([LSTM(4)]).compile("adam", "mse", metrics=["mean_error"]),
        ("unknown metric 'mean_error'",),
    ),
    Row(
        "a function as loss",
        lambda m: m.compile("adam", lambda a, b: a - b),
        ("loss:", "Python function"),
        TypeError,
    ),
    Row(
        "unknown argument of compile",
        lambda m: m.compile(loss="mse", optimiser="adam"),
        ("compile: unknown argument 'optimiser'",),
        TypeError,
    ),
    Row(
        "unknown argument of fit",
        lambda m: m.fit(X, Y, epoch=3),
        ("fit: unknown argument 'epoch'", "Did you mean 'epochs'?"),
        TypeError,
    ),
    Row(
        "steps_per_epoch",
        lambda m: m.fit(X, Y, steps_per_epoch=3),
        ("fit: steps_per_epoch=3 is not supported",),
    ),
    Row("batch size 0", lambda m: m.fit(X, Y, batch_size=0), ("batch_size: expected a positive",)),
    Row("negative batch size", lambda m: m.fit(X, Y, batch_size=-2), ("received -2",)),
    Row("half a batch", lambda m: m.fit(X, Y, batch_size=2.5), ("received 2.5",)),
    Row(
        "batch size in words",
        lambda m: m.fit(X, Y, batch_size="all"),
        ("batch_size: expected an integer, received 'all'",),
        TypeError,
    ),
    Row(
        "negative epochs", lambda m: m.fit(X, Y, epochs=-1), ("epochs: expected an integer of at",)
    ),
    Row(
        "negative initial epoch",
        lambda m: m.fit(X, Y, initial_epoch=-1),
        ("initial_epoch: expected an integer of at least 0, received -1",),
    ),
    Row("unknown verbosity", lambda m: m.fit(X, Y, verbose=7), ("verbose: expected 0, 1, 2",)),
    Row(
        "validation_split of everything",
        lambda m: m.fit(X, Y, validation_split=1.0),
        ("validation_split: expected a number in [0, 1), received 1.0",),
    ),
    Row(
        "validation_split that leaves nothing",
        lambda m: m.fit(X, Y, validation_split=0.95),
        ("leaves 0 of 6 samples to train on",),
    ),
    Row(
        "validation data without targets",
        lambda m: m.fit(X, Y, validation_data=X),
        ("validation_data: expected a tuple (x, y)", "ndarray"),
        TypeError,
    ),
    Row(
        "validation data of another shape",
        lambda m: m.fit(X, Y, validation_data=(X[..., :1], Y)),
        ("validation_data[0]: expected shape (samples, 3, 2)",),
    ),
    Row(
        "a callback's class",
        lambda m: m.fit(X, Y, callbacks=[EarlyStopping]),
        ("callbacks: expected objects of Callback", "the class, not an object"),
        TypeError,
    ),
    Row(
        "negative learning rate",
        lambda m: optimizers.Adam(learning_rate=-1),
        ("learning_rate", "received -1"),
    ),
    Row(
        "unknown argument of an optimizer",
        lambda m: optimizers.Adam(learningrate=0.1),
        ("unknown argument 'learningrate'", "Did you mean 'learning_rate'?"),
        TypeError,
    ),
    Row(
        "an array as optimizer",
        lambda m: m.compile(X, "mse"),
        ("optimizer: expected a name",),
        TypeError,
    ),
    Row(
        "unknown class of loss",
        lambda m: losses.get("MeanSquareError"),
        ("Did you mean 'MeanSquaredError'?",),
    ),
    Row(
        "accuracy without a model",
        lambda m: metrics.get("accuracy"),
        ("depends on the model's output",),
    ),
]


@mistakes(CALLS)
def test_error(row: Row) -> None:
    check(row)


# ---- immutable attributes ----------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["on_train_begin", "on_train_batch_end", "on_epoch_end"])
@pytest.mark.parametrize(
    ("verb", "change"),
    [
        ("add", lambda m: m.add(Dense(2))),
        ("pop", lambda m: m.pop()),
        ("build", lambda m: m.build((None, T, F))),
    ],
)
def test_the_structure_stays_during_fit(
    hook: str, verb: str, change: Callable[[Sequential], Any]
) -> None:
    model = classifier()
    names = [layer.name for layer in model.layers]
    messages = []

    def meddle(*_: Any) -> None:
        with pytest.raises(ValueError, match="is being trained") as caught:
            change(model)
        messages.append(str(caught.value))

    model.fit(X, Y, callbacks=[LambdaCallback(**{hook: meddle})], verbose=0)
    assert messages
    assert messages[0].startswith(f"{verb}: model 'sequential'")
    assert [layer.name for layer in model.layers] == names
    assert_works(model)
    change(model)


def test_the_structure_is_free_after_a_fit_that_failed() -> None:
    model = classifier()

    def fail(*_: Any) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        model.fit(X, Y, callbacks=[LambdaCallback(on_epoch_end=fail)], verbose=0)
    model.pop()
    model.add(Dense(2))


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: LSTM(4), "stateful", True),
        (lambda: LSTM(4), "units", 5),
        (lambda: GRU(4), "return_sequences", True),
        (lambda: SimpleRNN(4), "kernel_regularizer", None),
        (lambda: TimeDistributed(Dense(4)).layer, "activation", "relu"),
        (lambda: Dropout(0.5), "rate", 0.1),
        (lambda: Bidirectional(LSTM(4)), "stateful", True),
        (lambda: Bidirectional(LSTM(4)), "merge_mode", "sum"),
        (lambda: Bidirectional(LSTM(4)).forward_layer, "dropout", 0.1),
    ],
)
def test_options_stay_once_a_layer_is_built(make: Callable[[], Any], name: str, value: Any) -> None:
    layer = make()
    before = getattr(layer, name)
    setattr(layer, name, before)  # still free
    outer = layer.owner or layer
    outer(X)
    with pytest.raises(AttributeError, match=f"{name} cannot be changed .* Make a new") as caught:
        setattr(layer, name, value)
    assert f"{name}={value!r}" in str(caught.value)
    assert getattr(layer, name) == before
    layer.trainable = False
    layer.note = "mine"
