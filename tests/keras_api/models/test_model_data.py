"""Sequential: weights, and the data that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echocell import initializers, regularizers
from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    SimpleRNN,
)
from echocell.models import Sequential
from support.classifiers import LABELS, RNG, C, F, N, T, X, Y, assert_all_equal, classifier

pytestmark = pytest.mark.usefixtures("fresh_process")

# ---- weights -----------------------------------------------------------------------------------


def test_initial_weights_are_those_of_keras() -> None:
    model = Sequential([LSTM(64, input_shape=(T, 32)), Dense(16)])
    kernel, recurrent, bias, dense, dense_bias = model.get_weights()
    assert kernel.shape == (32, 256)
    limit = np.sqrt(6 / (32 + 256))
    assert 0.9 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(64), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 64))
    assert np.abs(dense).max() <= np.sqrt(6 / (64 + 16))
    np.testing.assert_array_equal(dense_bias, np.zeros(16))


@pytest.mark.parametrize(
    ("options", "bias", "peephole"),
    [
        ({"unit_forget_bias": False}, [0, 0, 0, 0], None),
        ({"gates": "io"}, [0, 0, 0], None),
        ({"gates": "fo"}, [1, 0, 0], None),
        ({"coupled": True}, [0, 0, 0], None),
        ({"peephole": True}, [0, 1, 0, 0], 3),
        ({"peephole": True, "gates": "io"}, [0, 0, 0], 2),
        ({"bias_initializer": "ones"}, [1, 1, 1, 1], None),
        ({"use_bias": False}, None, None),
    ],
)
def test_weights_of_the_variants_of_lstm(
    options: dict[str, Any], bias: list[int] | None, peephole: int | None
) -> None:
    layer = LSTM(3, peephole_initializer="ones", **options)
    layer.build((None, T, F))
    blocks = layer.kernel.shape[1] // 3
    assert layer.recurrent_kernel.shape == (3, 3 * blocks)
    if bias is None:
        assert layer.bias is None
    else:
        np.testing.assert_array_equal(layer.bias, np.repeat(bias, 3))
    if peephole is None:
        assert layer.peephole_kernel is None
    else:
        np.testing.assert_array_equal(layer.get_weights()[3], np.ones((peephole, 3)))


def test_shapes_of_gru_and_embedding() -> None:
    gru, old = GRU(2), GRU(2, reset_after=False)
    gru.build((None, T, F))
    old.build((None, T, F))
    assert [w.shape for w in gru.get_weights()] == [(F, 6), (2, 6), (2, 6)]
    assert [w.shape for w in old.get_weights()] == [(F, 6), (2, 6), (6,)]
    embedding = Embedding(9, 2)
    embedding.build((None, T))
    assert embedding.embeddings.shape == (9, 2)
    assert np.abs(embedding.embeddings).max() <= 0.05


def test_given_initializers_and_weights() -> None:
    layer = Dense(
        2, kernel_initializer=initializers.Constant(0.5), bias_initializer="ones", input_shape=(3,)
    )
    model = Sequential([layer])
    np.testing.assert_array_equal(model.get_weights()[0], np.full((3, 2), 0.5))
    given = [np.arange(6).reshape(3, 2), [1, 2]]
    model = Sequential([Dense(2, weights=given, input_shape=(3,))])
    np.testing.assert_array_equal(model.predict(np.eye(3)), given[0] + np.array([1, 2]))


def test_numpys_seed_repeats_a_run() -> None:
    def run() -> tuple[list[np.ndarray], list[float]]:
        np.random.seed(5)
        model = Sequential(
            [LSTM(6, input_shape=(T, F), dropout=0.3, recurrent_dropout=0.2), Dropout(0.4)]
        )
        model.add(Dense(C, activation="softmax"))
        model.compile("adam", "categorical_crossentropy")
        losses = model.fit(X, Y, epochs=3, batch_size=5, verbose=0).history["loss"]
        return model.get_weights(), losses

    (weights, losses), (again, losses_again) = run(), run()
    assert_all_equal(weights, again)
    assert losses == losses_again
    np.random.seed(6)
    assert not np.array_equal(classifier().get_weights()[0], weights[0])


def test_seeds_of_layers_repeat_dropout() -> None:
    def losses(seed: int | None) -> list[float]:
        model = Sequential([Dense(8, input_shape=(F,), kernel_initializer="ones")])
        model.add(Dropout(0.5, seed=seed))
        model.compile("sgd", "mse")
        return model.fit(X[:, 0], np.ones((N, 8)), shuffle=False, verbose=0).history["loss"]

    assert losses(1) == losses(1) != losses(2)


def test_set_weights_converts_and_copies() -> None:
    model = classifier()
    weights = [np.asfortranarray(w.astype(np.float64)) for w in model.get_weights()]
    other = classifier()
    other.set_weights(weights)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    weights[0][:] = 0
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_layer_weights_are_those_of_the_model() -> None:
    model = classifier()
    lstm, dense = model.layers
    assert_all_equal([*lstm.get_weights(), *dense.get_weights()], model.get_weights())
    np.testing.assert_array_equal(lstm.kernel, model.get_weights()[0])
    lstm.set_weights([np.zeros_like(w) for w in lstm.get_weights()])
    assert not model.get_weights()[0].any()
    assert lstm.count_params() + dense.count_params() == model.count_params()


def test_frozen_layers_stay() -> None:
    model = classifier()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    assert_all_equal(before[:3], after[:3])
    assert not np.array_equal(before[3], after[3])
    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 3
    model.trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_regularizers_add_to_the_loss() -> None:
    model = Sequential(
        [
            Bidirectional(
                SimpleRNN(2, kernel_regularizer="l2", recurrent_regularizer=regularizers.l1(0.1)),
                input_shape=(T, F),
            ),
            Dense(1, bias_regularizer=regularizers.L1L2(0.1, 0.2), bias_initializer="ones"),
        ]
    )
    model.compile("sgd", "mse")
    w = model.get_weights()
    penalty = sum(0.01 * np.sum(w[k] ** 2) + 0.1 * np.abs(w[k + 1]).sum() for k in (0, 3))
    penalty += 0.1 + 0.2
    error = np.mean((model.predict(X)[:, 0] - LABELS) ** 2)
    assert model.evaluate(X, LABELS, verbose=0) == pytest.approx(error + penalty, rel=1e-5)


# ---- data --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        X.astype(np.float64),
        X.astype(np.longdouble),
        X.tolist(),
        np.asfortranarray(X),
        np.ascontiguousarray(X[::-1])[::-1],
        np.repeat(X, 2, axis=1)[:, ::2],
        X.byteswap().view(X.dtype.newbyteorder()),
        [X],
        tuple(X),
    ],
    ids=[
        "float64",
        "longdouble",
        "list",
        "fortran",
        "reversed",
        "strided",
        "swapped",
        "[x]",
        "tuple",
    ],
)
def test_strides_and_types_do_not_matter(data: Any) -> None:
    model, same = classifier(), classifier()
    same.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(data), same.predict(X))
    np.random.seed(1)
    expected = same.train_on_batch(X, Y)
    np.random.seed(1)
    assert model.train_on_batch(data, Y.tolist()) == expected


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint16, np.int64, np.float16])
def test_other_numbers_are_converted(kind: Any) -> None:
    data = (X > 0).astype(kind)
    model = classifier()
    np.testing.assert_array_equal(model.predict(data), model.predict(data.astype(np.float32)))
    model.fit(data, Y.astype(kind), verbose=0)


def test_data_are_left_alone() -> None:
    x, y = X.copy(), Y.copy()
    x.flags.writeable = y.flags.writeable = False
    model = classifier()
    model.fit(x, y, epochs=2, verbose=0)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_targets_of_one_output(shape: tuple[int, ...]) -> None:
    model = Sequential([LSTM(3, input_shape=(T, F)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    loss, mae = model.evaluate(X, LABELS.reshape(shape), verbose=0)
    error = model.predict(X)[:, 0] - LABELS
    assert loss == pytest.approx(np.mean(error**2), rel=1e-5)
    assert mae == pytest.approx(np.mean(np.abs(error)), rel=1e-5)


def test_targets_at_every_step() -> None:
    model = Sequential([LSTM(3, input_shape=(None, F), return_sequences=True), Dense(1)])
    model.compile("sgd", "mse")
    y = RNG.normal(size=(N, T))
    assert model.evaluate(X, y, verbose=0) == model.evaluate(X, y[..., None], verbose=0)


@pytest.mark.parametrize("steps", [False, True])
def test_class_numbers_are_one_hot_targets(steps: bool) -> None:
    model = Sequential([LSTM(3, input_shape=(T, F), return_sequences=steps), Dense(C)])
    model.add(Activation("softmax"))
    labels = RNG.integers(0, C, (N, T)) if steps else LABELS
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    expected = model.evaluate(X, np.eye(C)[labels], verbose=0)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    for y in (labels, labels[..., None], labels.astype(float), labels.tolist()):
        assert model.evaluate(X, y, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_soft_targets_and_rows_of_padding_are_taken() -> None:
    model = classifier()
    soft = np.full((N, C), 1 / C)
    soft[0] = 0
    model.fit(X, soft, verbose=0)


@pytest.mark.parametrize("loss", ["categorical", "sparse", "binary"])
def test_class_weights_are_weights_of_samples(loss: str) -> None:
    binary = loss == "binary"
    model = Sequential([LSTM(3, input_shape=(T, F))])
    model.add(Dense(1, activation="sigmoid") if binary else Dense(C, activation="softmax"))
    model.compile(
        "sgd",
        f"{'binary' if binary else loss + '_categorical'}_crossentropy".replace(
            "categorical_categorical", "categorical"
        ),
    )
    labels = LABELS % 2 if binary else LABELS
    y = Y if loss == "categorical" else labels
    by_class = {0: 2.0, 1: 0.5}
    weights = np.array([by_class.get(label, 1.0) for label in labels])
    start = model.get_weights()
    model.fit(X, y, class_weight=by_class, shuffle=False, verbose=0)
    trained = model.get_weights()
    model.set_weights(start)
    model.fit(X, y, sample_weight=weights[:, None], shuffle=False, verbose=0)
    assert_all_equal(trained, model.get_weights())
    model.set_weights(start)
    model.fit(X, y, shuffle=False, verbose=0)
    assert not np.array_equal(trained[0], model.get_weights()[0])


def test_weights_of_steps() -> None:
    model = Sequential([LSTM(3, input_shape=(T, F), return_sequences=True), Dense(1)])
    model.compile("sgd", "mse")
    y, weights = RNG.normal(size=(N, T)), RNG.integers(0, 3, (N, T))
    error = model.predict(X)[..., 0] - y
    loss = model.evaluate(X, y, sample_weight=weights, verbose=0)
    assert loss == pytest.approx(np.mean(error**2 * weights), rel=1e-5)
