"""Small data of any dtype and shape, with and without callbacks: bitwise equal results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echocell.callbacks import Callback
from echocell.layers import LSTM, Dense, Embedding
from echocell.models import Sequential

Array = NDArray[Any]

N, T, F, C = 5, 4, 6, 3
RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(N, T, F))
LABELS = RANDOM.integers(0, C, N)
ONE_HOT = np.eye(C)[LABELS]
LOSSES = {
    "categorical_crossentropy": ("softmax", C, ONE_HOT),
    "sparse_categorical_crossentropy": ("softmax", C, LABELS),
    "binary_crossentropy": ("sigmoid", 1, LABELS % 2),
    "mse": (None, C, RANDOM.normal(size=(N, C))),
}


def built(loss: str = "categorical_crossentropy", dtype: str = "float32", **lstm: Any) -> Any:
    np.random.seed(5)
    activation, units, _ = LOSSES[loss]
    shape = {} if "batch_input_shape" in lstm else {"input_shape": (None, F)}
    layers = [LSTM(7, **shape, **lstm), Dense(units, activation=activation)]
    model = Sequential(layers, dtype=dtype)
    model.compile("adam", loss, metrics=["mae"])
    return model


class Listener(Callback):
    """Makes predict take the ordinary path."""


def weights_of(model: Any) -> bytes:
    return b"".join(array.tobytes() for array in model.get_weights())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
def test_fit_either_way(loss: str, dtype: str) -> None:
    short, long = built(loss, dtype), built(loss, dtype)
    y = LOSSES[loss][2]
    for batch_size, epochs, shuffle in (
        (None, 1, True),
        (2, 3, True),
        (N, 2, False),
        (99, 1, True),
    ):
        options = {"batch_size": batch_size, "epochs": epochs, "shuffle": shuffle, "verbose": 0}
        a = short.fit(X, y, **options)
        b = long.fit(X, y, callbacks=[Listener()], **options)
        assert a.history == b.history
        assert a.epoch == b.epoch
        assert a.params == b.params
        assert a.model is short.history.model is short
        assert weights_of(short) == weights_of(long)
    assert short.optimizer.iterations == long.optimizer.iterations


@pytest.mark.parametrize("loss", LOSSES)
def test_train_on_batch_either_way(loss: str) -> None:
    short, long = built(loss), built(loss)
    y = LOSSES[loss][2]
    for _ in range(3):
        a = short.train_on_batch(X, y, return_dict=True)
        b = long.train_on_batch(X, y, sample_weight=np.ones(N), return_dict=True)
        assert a == b
    assert short.train_on_batch(X, y) == long.train_on_batch(X.tolist(), y.tolist())
    assert weights_of(short) == weights_of(long)


@pytest.mark.parametrize("batch_size", [None, 2, N, 99])
def test_predict_either_way(batch_size: int | None) -> None:
    model = built()
    expected = model.predict(X, batch_size=batch_size, callbacks=[Listener()])
    np.testing.assert_array_equal(model.predict(X, batch_size=batch_size), expected)
    np.testing.assert_array_equal(model.predict(X.astype(np.float32), batch_size), expected)


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.int64, np.int32, np.uint8, np.int16, bool, ">f8"]
)
def test_dtypes_of_data(dtype: Any) -> None:
    x = np.eye(F)[RANDOM.integers(0, F, (N, T))]
    models = built(), built()
    for model, kind in zip(models, (np.float32, dtype), strict=True):
        model.fit(x.astype(kind), ONE_HOT.astype(kind), verbose=0)
    assert weights_of(models[0]) == weights_of(models[1])


@pytest.mark.parametrize(
    "reshape",
    [
        lambda y: y,
        lambda y: y[..., None],
        lambda y: y[:, None].astype(np.float32),
    ],
)
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "binary_crossentropy"])
def test_shapes_of_targets(loss: str, reshape: Callable[[Array], Array]) -> None:
    y = LOSSES[loss][2]
    models = built(loss), built(loss)
    models[0].fit(X, reshape(y), verbose=0)
    models[1].fit(X, reshape(y).tolist(), verbose=0)
    assert weights_of(models[0]) == weights_of(models[1])


def test_targets_at_every_step() -> None:
    def model() -> Any:
        np.random.seed(5)
        layers = [LSTM(7, input_shape=(None, F), return_sequences=True), Dense(1)]
        made = Sequential(layers)
        made.compile("sgd", "mse")
        return made

    y = RANDOM.normal(size=(N, T))
    models = model(), model(), model()
    models[0].fit(X, y, verbose=0)
    models[1].fit(X, y[..., None], verbose=0)
    models[2].fit(X, y, verbose=0, callbacks=[Listener()])
    assert len({weights_of(made) for made in models}) == 1


def test_stateful_either_way() -> None:
    for fixed, batch_size in ((None, 2), (2, None), (2, 2)):
        shape = {"batch_input_shape": (fixed, T, F), "stateful": True}
        short, long = built(**shape), built(**shape)
        for _ in range(2):
            for model, listeners in ((short, None), (long, [Listener()])):
                options = {"batch_size": batch_size, "callbacks": listeners}
                model.fit(X[:4], ONE_HOT[:4], shuffle=False, verbose=0, **options)
                model.predict(X[:4], **options)
            for a, b in zip(short.get_states()[0], long.get_states()[0], strict=True):
                np.testing.assert_array_equal(a, b)
        assert weights_of(short) == weights_of(long)
        with pytest.raises(ValueError, match="multiple"):
            short.fit(X[:3], ONE_HOT[:3], batch_size=batch_size, shuffle=False, verbose=0)
        with pytest.raises(ValueError, match="expected 2, received 1"):
            short.fit(X[:1], ONE_HOT[:1], batch_size=1, shuffle=False, verbose=0)
        with pytest.raises(ValueError, match="expected 2, received 3"):
            short.train_on_batch(X[:3], ONE_HOT[:3])


def test_ids_either_way() -> None:
    def model() -> Any:
        np.random.seed(5)
        made = Sequential([Embedding(9, 4, input_length=T), LSTM(7), Dense(C, "softmax")])
        made.compile("adam", "categorical_crossentropy")
        return made

    ids = RANDOM.integers(0, 9, (N, T))
    short, long = model(), model()
    short.fit(ids, ONE_HOT, verbose=0)
    long.fit(ids, ONE_HOT, verbose=0, callbacks=[Listener()])
    assert weights_of(short) == weights_of(long)
    for wrong in (ids + 9, ids - 9, ids + 0.5):
        with pytest.raises(ValueError, match=r"expected|takes"):
            short.fit(wrong, ONE_HOT, verbose=0)
        with pytest.raises(ValueError, match=r"expected|takes"):
            short.predict(wrong)
    assert weights_of(short) == weights_of(long)


@pytest.mark.parametrize(
    ("loss", "wrong"),
    [
        ("categorical_crossentropy", np.full((N, C), np.nan)),
        ("categorical_crossentropy", LABELS),
        ("sparse_categorical_crossentropy", LABELS + C),
        ("sparse_categorical_crossentropy", LABELS - 1.5),
        ("sparse_categorical_crossentropy", ONE_HOT),
        ("binary_crossentropy", LABELS + 1),
        ("binary_crossentropy", LABELS % 2 - 2),
        ("mse", np.full((N, C), np.nan)),
        ("mse", np.full((N, C), 1e300)),
        ("mse", np.zeros((N - 1, C))),
        ("mse", np.zeros((N, C + 1))),
    ],
)
def test_wrong_targets_change_nothing(loss: str, wrong: Array) -> None:
    model = built(loss)
    before, iterations = weights_of(model), model.optimizer.iterations
    with pytest.raises(ValueError, match=r"^y"):
        model.fit(X, wrong, verbose=0)
    with pytest.raises(ValueError, match=r"^y"):
        model.train_on_batch(X, wrong)
    assert weights_of(model) == before
    assert model.optimizer.iterations == iterations


def test_rows_of_zeros_are_targets_still() -> None:
    models = built(), built()
    y = ONE_HOT.copy()
    y[2] = 0
    models[0].fit(X, y, verbose=0)
    models[1].fit(X, y.tolist(), verbose=0)
    assert weights_of(models[0]) == weights_of(models[1])


def test_what_is_quick() -> None:
    """The fast path is taken; otherwise the other tests would pass without testing it."""
    network = built().graph.network
    assert network.quick_predict(X, 32) is not None
    network.step(np.zeros((N, F), np.float32))
    assert network.quick_step(X[:, 0]) is not None
    for wrong in (None, 3, X.tolist(), X[0], X[:, :, ::2], X.astype(complex), X[:0], X * np.nan):
        assert network.quick_predict(wrong, 32) is None
        assert network.quick_step(wrong) is None
    for number in (0, -1, None, 2.0, True, 10**30):
        assert network.quick_predict(X, number) is None
    assert network.quick_predict(X) is None
    iterations = network.iterations
    assert network.quick_fit(X, ONE_HOT, 32, 1, True) is not None
    assert network.quick_train(X, ONE_HOT) is not None
    for wrong in (None, X.tolist(), X[0], X.astype(complex), X[:0], X * np.nan):
        assert network.quick_fit(wrong, ONE_HOT, 32, 1, True) is None
        assert network.quick_train(wrong, ONE_HOT) is None
    assert network.quick_fit(X, ONE_HOT, 32, 10**9, True) is None  # too long to keep the GIL
    assert network.quick_fit(X, ONE_HOT) is None
    assert network.quick_fit(X, ONE_HOT, 32, 1, "batch") is None
    assert network.iterations == iterations + 2


def test_calls_from_a_callback() -> None:
    """A call of a hook during another call is allowed, since it is on the same thread."""
    model = built()

    class Caller(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            model.train_on_batch(X, ONE_HOT)
            model.fit(X, ONE_HOT, verbose=0)
            model.predict(X)
            model.step(X[:, 0])

    model.fit(X, ONE_HOT, epochs=3, verbose=0, callbacks=[Caller()])
    assert model.optimizer.iterations == 9


def test_ids_that_float32_rounds_are_refused() -> None:
    model = Sequential([Embedding(2**24 + 9, 1, input_shape=(1,))])
    known = np.array([[2**24 - 1]])
    assert model.predict(known).shape == (
        1,
        1,
        1,
    )  # the network exists now, so the fast path applies
    for call in (model.predict, model.step):
        with pytest.raises(ValueError, match="indices up to 16777216"):
            call(known + 2)
