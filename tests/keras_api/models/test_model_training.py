"""Sequential: compile, fit, evaluate and predict, in Keras's spellings."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

from echocell import backend, callbacks
from echocell.layers import Dense
from echocell.models import Sequential, clone_model
from echocell.optimizers import SGD, Adam
from support.classifiers import LABELS, F, N, X, Y, assert_all_equal, classifier

pytestmark = pytest.mark.usefixtures("fresh_process")


@pytest.mark.parametrize("metric", ["acc", "accuracy", "categorical_accuracy"])
def test_history_has_the_names_that_were_asked_for(metric: str) -> None:
    model = classifier()
    model.compile("adam", "categorical_crossentropy", metrics=[metric, "mse"])
    history = model.fit(X, Y, epochs=3, validation_data=(X[:4], Y[:4]), verbose=0)
    names = ["loss", metric, "mse"]
    assert list(history.history) == [*names, *(f"val_{name}" for name in names)]
    assert all(len(values) == 3 for values in history.history.values())
    assert history.epoch == [0, 1, 2]
    assert model.history is history
    assert model.metrics_names == names


def test_fit_is_a_row_of_train_on_batch() -> None:
    model, by_hand = classifier(), classifier()
    by_hand.set_weights(model.get_weights())
    model.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for start in range(0, N, 5):
            by_hand.train_on_batch(X[start : start + 5], Y[start : start + 5])
    assert_all_equal(model.get_weights(), by_hand.get_weights())
    assert model.optimizer.iterations == 6


def test_fit_learns() -> None:
    model = classifier()
    model.compile(Adam(0.02), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=150, verbose=0)
    assert model.evaluate(X, Y, verbose=0)[1] == 1.0
    np.testing.assert_array_equal(model.predict_classes(X), LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict(X))


def test_shuffle_draws_an_order_per_epoch() -> None:
    def run(shuffle: bool, seed: int) -> list[float]:
        np.random.seed(seed)
        model = Sequential([Dense(1, input_shape=(F,), kernel_initializer="ones")])
        model.compile(SGD(0.1), "mse")
        return model.fit(X[:, 0], LABELS, 1, 2, 0, shuffle=shuffle).history["loss"]

    assert run(True, 1) == run(True, 1) != run(True, 2)
    assert run(False, 1) == run(False, 2)


def test_validation() -> None:
    model = classifier()
    history = model.fit(X, Y, validation_split=0.25, shuffle=False, verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(X[9:], Y[9:], verbose=0)[0])]
    weights = np.arange(1, 5)
    history = model.fit(
        X, Y, epochs=4, validation_data=(X[:4], Y[:4], weights), validation_freq=2, verbose=0
    ).history
    assert len(history["loss"]) == 4
    assert len(history["val_loss"]) == 2
    weighted = model.evaluate(X[:4], Y[:4], sample_weight=weights, verbose=0)[0]
    assert history["val_loss"][-1] == pytest.approx(weighted, rel=1e-6)


def test_initial_epoch_and_nb_epoch() -> None:
    model = classifier()
    history = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert model.fit(X, Y, epochs=2, initial_epoch=2, verbose=0).history == {}
    assert len(model.fit(X, Y, nb_epoch=4, verbose=0).epoch) == 4


def test_verbose_2_prints_the_lines_of_keras(capsys: pytest.CaptureFixture[str]) -> None:
    model = classifier()
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=2).history
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("3/3 - 0s - ")
    assert f"/step - loss: {history['loss'][0]:.4f} - acc: {history['acc'][0]:.4f}" in lines[1]
    assert lines[2] == "Epoch 2/2"
    model.fit(X, Y, verbose=2, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert " - val_loss: " in lines[0]
    model.evaluate(X, Y, verbose=2)
    assert capsys.readouterr().out.startswith("1/1 - 0s - ")


@pytest.mark.parametrize("verbose", [1, "auto", True])
def test_verbose_1_shows_a_bar(
    verbose: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    model = classifier()
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=verbose).history
    shown = capsys.readouterr()
    assert "Epoch 2/2" in shown.err
    assert "6/6" in shown.err
    assert f"loss: {history['loss'][1]:.4f}" in shown.err
    assert shown.out == ""
    model.evaluate(X, Y, verbose=verbose)
    assert "1/1" in capsys.readouterr().err


def test_verbose_0_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    assert capsys.readouterr() == ("", "")


class Listener(callbacks.Callback):
    """Records which hooks were called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.calls.append("train begin")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(f"epoch {epoch} begin")

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.calls.append(f"batch {batch} begin")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(f"batch {batch} end {sorted(logs)}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(f"epoch {epoch} end {sorted(logs)}")

    def on_train_end(self, logs: Any = None) -> None:
        self.calls.append("train end")

    def on_test_begin(self, logs: Any = None) -> None:
        self.calls.append("test begin")

    def on_test_end(self, logs: Any = None) -> None:
        self.calls.append(f"test end {sorted(logs)}")

    def on_predict_begin(self, logs: Any = None) -> None:
        self.calls.append("predict begin")


def test_hooks_come_in_order() -> None:
    listener = Listener()
    model = classifier()
    model.fit(X, Y, batch_size=8, validation_data=(X, Y), callbacks=[listener], verbose=0)
    assert listener.calls == [
        "train begin",
        "epoch 0 begin",
        "batch 0 begin",
        "batch 0 end ['acc', 'loss']",
        "batch 1 begin",
        "batch 1 end ['acc', 'loss']",
        "test begin",
        "test end ['acc', 'loss']",
        "epoch 0 end ['acc', 'loss', 'val_acc', 'val_loss']",
        "train end",
    ]
    listener.calls.clear()
    model.evaluate(X, Y, verbose=0, callbacks=[listener])
    model.predict(X, callbacks=listener)
    assert listener.calls == ["test begin", "test end ['acc', 'loss']", "predict begin"]


def test_callbacks_change_nothing_in_the_result() -> None:
    plain, listened = classifier(), classifier()
    listened.set_weights(plain.get_weights())
    one = plain.fit(X, Y, 5, 3, shuffle=False, verbose=0).history
    two = listened.fit(X, Y, 5, 3, shuffle=False, verbose=0, callbacks=[Listener()]).history
    assert one == two
    assert_all_equal(plain.get_weights(), listened.get_weights())


def test_a_callback_without_epochs_leaves_the_history_whole() -> None:
    model = classifier()
    ended = callbacks.LambdaCallback(on_train_end=lambda logs: None)
    history = model.fit(X, Y, epochs=3, callbacks=ended, verbose=0)
    assert len(history.history["loss"]) == 3
    assert history.epoch == [0, 1, 2]


def test_stop_training_ends_fit() -> None:
    model = classifier()

    def stop(epoch: int, logs: Any) -> None:
        model.stop_training = epoch == 1

    history = model.fit(
        X, Y, epochs=9, callbacks=[callbacks.LambdaCallback(on_epoch_end=stop)], verbose=0
    )
    assert history.epoch == [0, 1]
    assert model.fit(X, Y, epochs=3, verbose=0).epoch == [0, 1, 2]


def test_a_callback_may_set_weights_and_learning_rate() -> None:
    model = classifier()
    start = model.get_weights()

    def reset(epoch: int, logs: Any) -> None:
        model.set_weights(start)
        model.optimizer.learning_rate = 0.5

    model.fit(X, Y, epochs=2, callbacks=callbacks.LambdaCallback(on_epoch_end=reset), verbose=0)
    assert_all_equal(model.get_weights(), start)
    assert float(model.optimizer.learning_rate) == 0.5


def test_an_error_in_a_callback_comes_through() -> None:
    model = classifier()

    def fail(batch: int, logs: Any) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y, callbacks=[callbacks.LambdaCallback(on_batch_end=fail)], verbose=0)
    model.fit(X, Y, verbose=0)


def test_interrupt_in_a_callback_leaves_a_usable_model() -> None:
    model = classifier()

    def interrupt(epoch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=callbacks.LambdaCallback(on_epoch_end=interrupt), verbose=0)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


def test_nan_loss_warns_once() -> None:
    model = Sequential([Dense(1, input_shape=(F,))])
    model.compile(SGD(1e30), "mse")
    with pytest.warns(RuntimeWarning, match="loss has become NaN") as caught:
        model.fit(X[:, 0], LABELS, epochs=30, verbose=0)
    assert caught[0].filename == __file__
    model.fit(X[:, 0], LABELS, epochs=2, verbose=0)  # warnings are errors here


def test_compile_anew() -> None:
    model = classifier()
    model.fit(X, Y, epochs=2, verbose=0)
    twin = clone_model(model)
    twin.set_weights(model.get_weights())
    for each in (model, twin):
        each.compile("adam", "categorical_crossentropy")
    assert model.optimizer.iterations == 0
    first = model.fit(X, Y, shuffle=False, verbose=0).history
    assert first == twin.fit(X, Y, shuffle=False, verbose=0).history
    assert_all_equal(model.get_weights(), twin.get_weights())


def test_a_compile_that_fails_changes_nothing() -> None:
    model, twin = classifier(), classifier()
    twin.set_weights(model.get_weights())
    rates = []

    class Meddler(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            with pytest.raises(ValueError, match="cannot be called while the model trains"):
                model.compile("sgd", "mse")
            model.optimizer.lr = 0.02
            rates.append(model.graph.network.learning_rate)

    model.fit(X, Y, shuffle=False, verbose=0, callbacks=[Meddler()])
    with pytest.raises(ValueError, match="sparse_categorical_accuracy"):
        model.compile(Adam(0.5), "mse", metrics=["sparse_categorical_accuracy"])
    assert rates == [model.optimizer.learning_rate] == [0.02]
    assert model.optimizer.iterations == model.graph.network.iterations > 0
    twin.optimizer.lr = 0.02
    twin.fit(X, Y, shuffle=False, verbose=0)
    for each in (model, twin):
        each.fit(X, Y, shuffle=False, verbose=0)
    assert_all_equal(model.get_weights(), twin.get_weights())


def test_the_learning_rate_can_be_set_between_calls() -> None:
    model = classifier()
    model.compile(SGD(0.1), "categorical_crossentropy")
    model.optimizer.lr = 0.0
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert_all_equal(before, model.get_weights())


def test_spellings_of_compile() -> None:
    model = classifier()
    model.compile(loss=["mse"], optimizer=Adam(lr=0.1), metrics="mae", run_eagerly=False)
    assert model.metrics_names == ["loss", "mae"]
    assert model.loss == ["mse"]
    model.compile(loss={"dense": "mse"}, metrics={"dense": ["mae", "acc"]})
    assert model.metrics_names == ["loss", "mae", "acc"]


def test_return_dict() -> None:
    model = classifier()
    assert model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"loss", "acc"}
    assert model.test_on_batch(X, Y, return_dict=True) == model.evaluate(
        X, Y, verbose=0, return_dict=True
    )
    assert model.train_on_batch(X, Y, return_dict=True).keys() == {"loss", "acc"}
    model.compile("sgd", "mse")
    assert isinstance(model.evaluate(X, Y, verbose=0), float)
    assert isinstance(model.train_on_batch(X, Y), float)


def test_predicting() -> None:
    model = classifier()
    output = model.predict(X, batch_size=5, verbose=0)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(output, model.predict_on_batch(X), rtol=1e-5)
    np.testing.assert_allclose(output, model(X), rtol=1e-5)
    np.testing.assert_array_equal(model.predict_classes(X), output.argmax(axis=1))
    yes_or_no = Sequential([Dense(1, activation="sigmoid", input_shape=(F,))])
    classes = yes_or_no.predict_classes(X[:, 0])
    assert classes.shape == (N, 1)
    np.testing.assert_array_equal(classes, yes_or_no.predict(X[:, 0]) > 0.5)


def test_float64() -> None:
    model = classifier(dtype="float64")
    assert model.dtype == "float64"
    assert model.predict(X).dtype == model.get_weights()[0].dtype == np.float64
    single = classifier()
    single.set_weights(model.get_weights())
    np.testing.assert_allclose(single.predict(X), model.predict(X), atol=1e-6)
    model.fit(X.astype(np.longdouble), Y, verbose=0)
    assert Sequential([Dense(1, input_shape=(2,), dtype="float64")]).dtype == "float64"
    backend.set_floatx("float64")
    assert Sequential([Dense(1, input_shape=(2,))]).predict([[1, 2]]).dtype == np.float64


def test_two_threads_train_two_models() -> None:
    def train(model: Sequential) -> None:
        model.fit(X, Y, batch_size=2, epochs=40, shuffle=False, verbose=0)

    models = [classifier() for _ in range(4)]
    for model in models[1:]:
        model.set_weights(models[0].get_weights())
    train(models[0])
    threads = [threading.Thread(target=train, args=(model,)) for model in models[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models[1:]:
        assert_all_equal(model.get_weights(), models[0].get_weights())
