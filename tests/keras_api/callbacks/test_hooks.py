"""Hooks of tests and predictions, in Keras's order; changes of carried states by callbacks take
effect; hooks that are not overridden are not called; shuffle="batch".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.callbacks import Callback, CallbackList, LambdaCallback
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.models.hooks import Hooks

T, F = 3, 2
RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, T, F)).astype(np.float32)
Y = RNG.normal(size=(6, 1)).astype(np.float32)


class Log(Callback):
    """Records the hooks of tests and predictions, and the epochs between them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.logs: list[dict[str, Any]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(f"epoch {epoch}")


def _writer(hook: str) -> Any:
    def write(self: Log, *arguments: Any) -> None:
        *numbers, logs = arguments
        self.calls.append(" ".join([hook, *map(str, numbers)]))
        self.logs.append(dict(logs))

    return write


for _verb in ("test", "predict"):
    for _part in ("begin", "batch_begin", "batch_end", "end"):
        setattr(Log, f"on_{_verb}_{_part}", _writer(f"{_verb} {_part}"))


def model_of(*, stateful: bool = False, sequences: bool = False) -> Sequential:
    np.random.seed(2)
    steps = None if sequences else T
    shape = {"batch_input_shape": (2, steps, F)} if stateful else {"input_shape": (steps, F)}
    model = Sequential([LSTM(3, stateful=stateful, return_sequences=sequences, **shape), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def calls_of(verb: str, batches: int) -> list[str]:
    around = [f"{verb} {part} {k}" for k in range(batches) for part in ("batch_begin", "batch_end")]
    return [f"{verb} begin", *around, f"{verb} end"]


# ---- tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bptt_steps", [None, 2])
def test_the_validation_calls_the_hooks_of_a_test(bptt_steps: int | None) -> None:
    log, model = Log(), model_of()
    history = model.fit(
        *(X, Y, 2, 4), verbose=0, callbacks=[log], validation_data=(X[:5], Y[:5]),
        validation_batch_size=2, validation_freq=2, bptt_steps=bptt_steps,
    )  # fmt: skip
    each = calls_of("test", 3)
    assert log.calls == ["epoch 0", *each, "epoch 1", "epoch 2", *each, "epoch 3"]
    ends = log.logs[7::8]
    assert [logs["loss"] for logs in ends] == history.history["val_loss"]
    assert [logs["mae"] for logs in ends] == history.history["val_mae"]
    assert [sorted(logs) for logs in log.logs[:3]] == [[], [], ["loss", "mae"]]


def test_evaluate_calls_the_same_hooks() -> None:
    log, model = Log(), model_of()
    loss, error = model.evaluate(X, Y, 4, verbose=0, callbacks=[log])
    assert log.calls == calls_of("test", 2)
    assert log.logs[-1] == log.logs[-2] == {"loss": loss, "mae": error}


class AroundTests(Callback):
    """The usual way to validate a stateful model: from zeros, without affecting the training."""

    def on_test_begin(self, logs: Any = None) -> None:
        self.states = self.model.get_states()
        self.model.reset_states()

    def on_test_end(self, logs: Any = None) -> None:
        self.model.reset_states()
        self.model.set_states(self.states)


def test_states_reset_around_a_validation() -> None:
    model, alone = model_of(stateful=True), model_of(stateful=True)
    options: dict[str, Any] = {"batch_size": 2, "shuffle": False, "verbose": 0}
    history = model.fit(
        *(X, Y), epochs=3, validation_data=(X[:4], Y[:4]), callbacks=[AroundTests()], **options
    )
    losses = []
    for _ in range(3):
        alone.fit(X, Y, **options)
        states = alone.get_states()
        alone.reset_states()
        losses.append(alone.evaluate(X[:4], Y[:4], batch_size=2, verbose=0)[0])
        alone.reset_states()
        alone.set_states(states)
    assert history.history["val_loss"] == losses
    np.testing.assert_equal(model.get_weights(), alone.get_weights())
    np.testing.assert_equal(model.get_states(), alone.get_states())


def test_states_reset_before_each_batch_of_a_test() -> None:
    model = model_of(stateful=True)
    reset = LambdaCallback(on_test_batch_begin=lambda batch, logs: model.reset_states())
    loss, _ = model.evaluate(X, Y, batch_size=2, verbose=0, callbacks=[reset])
    plain = model_of()
    plain.set_weights(model.get_weights())
    assert loss == pytest.approx(plain.evaluate(X, Y, verbose=0)[0], rel=1e-6)


# ---- predictions -------------------------------------------------------------------------------


def test_predict_calls_its_hooks_with_the_outputs() -> None:
    log, model = Log(), model_of()
    y = model.predict(X[:5], 2, callbacks=[log])
    assert log.calls == calls_of("predict", 3)
    outputs = [logs["outputs"] for logs in log.logs if logs]
    assert [len(part) for part in outputs] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(outputs), y)
    np.testing.assert_array_equal(y, model.predict(X[:5], 2))
    assert log.params["steps"] == 3


def test_outputs_of_sequences_of_different_lengths() -> None:
    log, model = Log(), model_of(sequences=True)
    rows = [X[k, : 1 + k % T] for k in range(5)]
    y = model.predict(rows, 2, callbacks=[log])
    outputs = [row for logs in log.logs if logs for row in logs["outputs"]]
    assert [row.shape for row in outputs] == [(1 + k % T, 1) for k in range(5)]
    np.testing.assert_equal(outputs, y)


def test_states_reset_between_batches_of_predict() -> None:
    model, plain = model_of(stateful=True), model_of()
    plain.set_weights(model.get_weights())
    reset = LambdaCallback(on_predict_batch_begin=lambda batch, logs: model.reset_states())
    y = model.predict(X, 2, callbacks=[reset])
    np.testing.assert_allclose(y, plain.predict(X), rtol=1e-6)
    assert np.abs(y - model_of(stateful=True).predict(X, 2)).max() > 1e-3


# ---- overridden hooks --------------------------------------------------------------------------


class Silent:
    """A display that shows nothing."""

    watches_batches = watches_epochs = False


@pytest.mark.parametrize(
    ("hook", "fit", "evaluate"),
    [
        ("on_test_begin", {"test_begin"}, set()),
        ("on_test_end", {"test_end"}, set()),
        ("on_test_batch_begin", {"test_batch_begin"}, {"test_batch_begin"}),
        ("on_test_batch_end", {"test_batch_end"}, {"test_batch_end"}),
        ("on_epoch_end", {"epoch_begin", "epoch_end"}, set()),
        ("on_batch_end", {"batch_begin", "batch_end"}, set()),
        ("on_predict_batch_end", set(), set()),
        ("on_train_end", set(), set()),
    ],
)
def test_the_core_calls_only_what_is_overridden(
    hook: str, fit: set[str], evaluate: set[str]
) -> None:
    callbacks = CallbackList(LambdaCallback(**{hook: print}))
    hooks = Hooks(["loss"], callbacks, Silent(), lambda: False)  # type: ignore[arg-type]
    assert set(hooks.of_fit()) == fit
    assert set(hooks.of_evaluate()) == evaluate


def test_the_core_knows_its_hooks() -> None:
    network = model_of().graph.network
    with pytest.raises(ValueError, match="there is no hook 'on_batch'"):
        network.fit(X, Y, None, batch_size=2, epochs=1, hooks={"on_batch": print})


# ---- shuffle="batch" ---------------------------------------------------------------------------


def seen_batches(samples: int, batch_size: int, epochs: int, shuffle: Any) -> list[list[float]]:
    """Returns the targets of each batch, identified by the loss of a model that always outputs
    0.
    """
    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 0.0
    y = 2.0 ** np.arange(samples)  # every set of samples has a different sum
    sums: list[float] = []

    def note(batch: int, logs: dict[str, float]) -> None:
        sums.append(logs["loss"] * min((batch + 1) * batch_size, samples))

    model.fit(
        np.zeros((samples, 1)), np.sqrt(y), batch_size, epochs, shuffle=shuffle, verbose=0,
        callbacks=[LambdaCallback(on_train_batch_end=note)],
    )  # fmt: skip
    each = np.array(sums).reshape(epochs, -1)
    return np.diff(each, prepend=0, axis=1).round().astype(int).tolist()


@given(st.integers(1, 14), st.integers(1, 5), st.integers(0, 10**6))
def test_batches_stay_together(samples: int, batch_size: int, seed: int) -> None:
    np.random.seed(seed)
    size = min(batch_size, samples)
    blocks = [
        sum(2**k for k in range(first, min(first + size, samples)))
        for first in range(0, samples, size)
    ]
    for epoch in seen_batches(samples, size, 3, "batch"):
        assert sorted(epoch) == sorted(blocks)
        if samples % size:
            assert epoch[-1] == blocks[-1]  # the smaller batch stays last
    assert seen_batches(samples, size, 2, False) == [blocks, blocks]


def test_the_order_of_batches_is_drawn_anew() -> None:
    np.random.seed(0)
    epochs = seen_batches(12, 2, 5, "batch")
    assert len({tuple(epoch) for epoch in epochs}) == 5
    np.random.seed(0)
    assert seen_batches(12, 2, 5, "batch") == epochs


def test_small_data_in_one_batch() -> None:
    """They would bypass the ordinary path."""
    one, two = model_of(), model_of()
    for model, shuffle in ((one, "batch"), (two, False)):
        model.fit(X, Y, 6, epochs=3, shuffle=shuffle, verbose=0)
    np.testing.assert_equal(one.get_weights(), two.get_weights())


@pytest.mark.parametrize("word", ["batches", "", "True"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f"True, False or 'batch', received {word!r}"):
        model_of().fit(X, Y, shuffle=word, verbose=0)


def test_batches_of_a_stateful_model_are_shuffled_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="shuffle='batch'"):
        model_of(stateful=True).fit(X, Y, shuffle="batch", verbose=0)
