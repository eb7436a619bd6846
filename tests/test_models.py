"""Sequential: structure, shapes, weights, training, predicting, in Keras's spellings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from echocell import _naming, backend, callbacks, initializers, layers, regularizers
from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Layer,
    Masking,
    RepeatVector,
    Reshape,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential, clone_model, model_from_json
from echocell.optimizers import SGD, Adam

N, T, F, C = 12, 5, 3, 4
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, T, F)).astype(np.float32)
LABELS = RNG.integers(0, C, N)
Y = np.eye(C, dtype=np.float32)[LABELS]


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Names counted from the start, the same random numbers in every test."""
    _naming.reset_names()
    np.random.seed(11)
    yield
    backend.set_floatx("float32")


def classifier(**options: Any) -> Sequential:
    model = Sequential([LSTM(6, input_shape=(T, F)), Dense(C, activation="softmax")], **options)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["acc"])
    return model


def assert_all_equal(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)


# ---- structure ---------------------------------------------------------------------------------


def test_summary_is_that_of_keras(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential()
    model.add(LSTM(25, input_shape=(5, 10)))
    model.add(Dense(10, activation="softmax"))
    model.summary()
    table = capsys.readouterr().out.splitlines()
    assert table[0] == 'Model: "sequential"'
    assert table[2].split() == ["Layer", "(type)", "Output", "Shape", "Param", "#"]
    assert table[4].split() == ["lstm", "(LSTM)", "(None,", "25)", "3600"]
    assert table[6].split() == ["dense", "(Dense)", "(None,", "10)", "260"]
    assert "Total params: 3,860" in table
    assert "Trainable params: 3,860" in table
    assert "Non-trainable params: 0" in table


def test_summary_of_fixed_batches_frozen_and_unbuilt_layers() -> None:
    lines: list[str] = []
    model = Sequential([LSTM(2, batch_input_shape=(7, T, F), trainable=False), Dense(1)])
    model.summary(print_fn=lines.append)
    assert "(7, 2)" in lines[4]
    assert "Non-trainable params: 48" in lines
    lines.clear()
    Sequential([LSTM(2)]).summary(line_length=40, print_fn=lines.append)
    assert "?" in lines[4]
    assert lines[4].endswith("0 (unbuilt)")
    assert len(lines[1]) == 40


@pytest.mark.parametrize(
    "first",
    [
        lambda: LSTM(6, input_shape=(T, F)),
        lambda: LSTM(6, input_shape=[T, F]),
        lambda: LSTM(6, batch_input_shape=(None, T, F)),
        lambda: LSTM(6, batch_shape=(None, T, F)),
        lambda: LSTM(6, input_dim=F, input_length=T),
        lambda: LSTM(input_dim=F, output_dim=6, input_length=T),
        lambda: LSTM(np.int64(6), input_shape=np.array([T, F])),
        lambda: LSTM(12 / 2, input_shape=(T, F)),
    ],
)
def test_spellings_of_the_input_shape(first: Any) -> None:
    model = Sequential()
    model.add(first())
    model.add(Dense(C))
    assert model.input_shape == (None, T, F)
    assert model.output_shape == (None, C)
    assert model.predict(X).shape == (N, C)


@pytest.mark.parametrize(
    "entry",
    [
        lambda: Input((T, F)),
        lambda: Input(shape=(T, F)),
        lambda: Input(batch_shape=(None, T, F)),
        lambda: InputLayer(input_shape=(T, F)),
        lambda: InputLayer((T, F), name="in"),
        lambda: InputLayer(batch_input_shape=(None, T, F)),
    ],
)
def test_input_layers(entry: Any) -> None:
    model = Sequential([entry(), LSTM(6), Dense(C)])
    assert model.input_shape == (None, T, F)
    assert [layer.name for layer in model.layers] == ["lstm", "dense"]


def test_batch_size_is_part_of_the_shapes() -> None:
    model = Sequential([LSTM(6, input_shape=(T, F), batch_size=4), Dense(C)])
    assert model.input_shape == (4, T, F)
    assert model.output_shape == model.layers[1].output_shape == (4, C)
    assert model.layers[0].input_shape == (4, T, F)


def test_open_time_axis_takes_every_length() -> None:
    model = Sequential([GRU(4, input_shape=(None, F), return_sequences=True), Dense(2)])
    assert model.output_shape == (None, None, 2)
    for steps in (1, 4, 9):
        assert model.predict(np.ones((2, steps, F))).shape == (2, steps, 2)


def test_names_count_up() -> None:
    model = Sequential([SimpleRNN(2, return_sequences=True, input_shape=(T, F)), SimpleRNN(3)])
    model.add(RepeatVector(2))
    model.add(TimeDistributed(Dense(1)))
    model.add(Bidirectional(GRU(2)))
    assert [layer.name for layer in model.layers] == [
        "simple_rnn",
        "simple_rnn_1",
        "repeat_vector",
        "time_distributed",
        "bidirectional",
    ]
    assert Sequential().name == "sequential_1"
    backend.clear_session()
    assert LSTM(2).name == "lstm"


def test_a_model_that_waits_for_data_is_built_by_fit() -> None:
    model = Sequential([LSTM(6), Dense(C, activation="softmax")])
    assert not model.built
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["acc"])
    assert model.fit(X, Y, verbose=0).history.keys() == {"loss", "acc"}
    assert model.predict(np.ones((2, 9, F))).shape == (2, C)  # the time axis stays open


def test_a_model_that_waits_is_built_as_the_data_are_where_it_must() -> None:
    model = Sequential([LSTM(2, return_sequences=True), Flatten(), Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    model.train_on_batch(X, LABELS)
    assert model.input_shape == (None, T, F)


def test_build_by_shape() -> None:
    model = Sequential([LSTM(6), Dense(C)])
    model.build((None, T, F))
    assert model.count_params() == 4 * 6 * (F + 6 + 1) + (6 + 1) * C
    assert len(model.get_weights()) == 5


def test_an_embedding_needs_no_input_shape() -> None:
    model = Sequential([Embedding(20, 4), LSTM(3), Dense(1)])
    assert model.input_shape == (None, None)
    assert model.predict(np.ones((2, 7), int)).shape == (2, 1)
    fixed = Sequential([Embedding(20, 4, input_length=7), Flatten(), Dense(1)])
    assert fixed.input_shape == (None, 7)
    waiting = Sequential([Embedding(20, 4), Flatten(), Dense(1)])
    waiting.compile("sgd", "mse")
    waiting.fit(np.ones((2, 7)), np.ones(2), verbose=0)
    assert waiting.layers[1].output_shape == (None, 28)


def test_add_keeps_the_weights_that_are_there() -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.add(Dense(2, name="more"))
    assert_all_equal(model.get_weights()[:5], before)
    assert model.predict(X).shape == (N, 2)
    assert model.pop().name == "more"
    assert_all_equal(model.get_weights(), before)
    model.fit(X, Y, verbose=0)


def test_a_popped_layer_can_go_elsewhere_with_its_weights() -> None:
    model = classifier()
    head = model.pop()
    weights = head.get_weights()
    other = Sequential([LSTM(6, input_shape=(2, 2)), head])
    assert_all_equal(other.get_weights()[3:], weights)


def test_a_layer_of_another_model_is_copied_with_a_warning() -> None:
    model = classifier()
    with pytest.warns(UserWarning, match="a copy of it"):
        other = Sequential([Input((T, F)), model.layers[0]])
    other.add(Dense(1))
    other.compile("sgd", "mse")
    assert_all_equal(other.get_weights()[:3], model.get_weights()[:3])
    other.fit(X, LABELS, verbose=0)
    assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])


def test_get_layer() -> None:
    model = classifier()
    assert model.get_layer("dense") is model.layers[1] is model.get_layer(index=-1)


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


# ---- training ----------------------------------------------------------------------------------


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
def test_verbose_1_shows_a_bar(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
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
    """Writes down which hooks were called."""

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
            rates.append(model._network.learning_rate)

    model.fit(X, Y, shuffle=False, verbose=0, callbacks=[Meddler()])
    with pytest.raises(ValueError, match="sparse_categorical_accuracy"):
        model.compile(Adam(0.5), "mse", metrics=["sparse_categorical_accuracy"])
    assert rates == [model.optimizer.learning_rate] == [0.02]
    assert model.optimizer.iterations == model._network.iterations > 0
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


# ---- layers by themselves ----------------------------------------------------------------------

LAYERS = {
    "lstm": (lambda: LSTM(4), (N, 4)),
    "lstm sequences": (lambda: LSTM(4, return_sequences=True, go_backwards=True), (N, T, 4)),
    "lstm peephole": (lambda: LSTM(4, "relu", peephole=True, coupled=True), (N, 4)),
    "gru": (lambda: GRU(4, reset_after=False), (N, 4)),
    "simple rnn": (lambda: SimpleRNN(4, use_bias=False), (N, 4)),
    "dense": (lambda: Dense(7, "relu"), (N, T, 7)),
    "dense l2": (lambda: Dense(7, kernel_regularizer="l2"), (N, T, 7)),
    "time distributed": (lambda: TimeDistributed(Dense(2, activation="softmax")), (N, T, 2)),
    "bidirectional": (lambda: Bidirectional(LSTM(4)), (N, 8)),
    "bidirectional sum": (
        lambda: Bidirectional(GRU(4, return_sequences=True), merge_mode="sum"),
        (N, T, 4),
    ),
    "bidirectional pair": (
        lambda: Bidirectional(LSTM(4), backward_layer=GRU(3, go_backwards=True)),
        (N, 7),
    ),
    "flatten": (lambda: Flatten(), (N, T * F)),
    "reshape": (lambda: Reshape((F, -1)), (N, F, T)),
    "activation": (lambda: Activation("tanh"), (N, T, F)),
    "dropout": (lambda: Dropout(0.5), (N, T, F)),
    "masking": (lambda: Masking(), (N, T, F)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_alone_is_the_layer_in_a_model(name: str) -> None:
    make, shape = LAYERS[name]
    layer = make()
    alone = layer(X)
    assert alone.shape == shape
    weights = layer.get_weights()
    model = Sequential([Input((T, F)), layer])
    assert_all_equal(model.get_weights(), weights)
    np.testing.assert_allclose(model.predict(X), alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer(X), alone, rtol=1e-5, atol=1e-6)
    assert model.output_shape == layer.output_shape == (None, *shape[1:])


@pytest.mark.parametrize("name", LAYERS)
def test_configuration_of_layers(name: str) -> None:
    layer: Layer = LAYERS[name][0]()
    config = json.loads(json.dumps(layers.serialize(layer)))
    again = layers.deserialize(config)
    assert type(again) is type(layer)
    assert layers.serialize(again) == config
    weights_of = [w.shape for w in (layer(X) is not None and layer.get_weights())]
    again(X)
    assert [w.shape for w in again.get_weights()] == weights_of


def test_repeat_vector_and_embedding_alone() -> None:
    x = X[:, 0]
    np.testing.assert_array_equal(RepeatVector(4)(x), np.repeat(x[:, None], 4, axis=1))
    embedding = Embedding(9, 3, mask_zero=True)
    ids = RNG.integers(0, 9, (N, T))
    np.testing.assert_array_equal(embedding(ids), embedding.embeddings[ids])


def test_dropout_is_for_training() -> None:
    layer = Dropout(0.5)
    np.testing.assert_array_equal(layer(X), X)
    dropped = layer(X, training=True)
    assert 0.2 < np.mean(dropped == 0) < 0.8
    np.testing.assert_allclose(dropped[dropped != 0], 2 * X[dropped != 0])


def test_return_state_and_initial_state() -> None:
    layer = LSTM(4, return_sequences=True, return_state=True)
    output, h, c = layer(X)
    assert output.shape == (N, T, 4)
    np.testing.assert_array_equal(output[:, -1], h)
    _, h2, c2 = layer(X[:, :2])
    rest, h3, c3 = layer(X[:, 2:], initial_state=[h2, c2])
    np.testing.assert_allclose(rest, output[:, 2:], atol=1e-6)
    np.testing.assert_allclose([h3, c3], [h, c], atol=1e-6)
    both = Bidirectional(GRU(3, return_state=True))
    output, forward, backward = both(X)
    np.testing.assert_array_equal(output, np.concatenate([forward, backward], axis=1))


def test_trace_shows_the_gates() -> None:
    model = Sequential([LSTM(4, input_shape=(None, F), return_sequences=True), LSTM(2)])
    traced = model.layers[0].trace(X)
    assert {"i", "f", "o", "c", "h"} <= traced.keys()
    assert all(values.shape == (N, T, 4) for values in traced.values())
    np.testing.assert_allclose(traced["h"], model.layers[0](X), atol=1e-6)
    assert ((traced["i"] >= 0) & (traced["i"] <= 1)).all()
    second = model.layers[1].trace(traced["h"])
    np.testing.assert_allclose(second["h"][:, -1], model.predict(X), atol=1e-6)
    assert Bidirectional(LSTM(2))(X).shape == (N, 4)
    both = Bidirectional(LSTM(2))
    assert "forward_i" in both.trace(X)


def test_wrapped_layers_show_their_weights() -> None:
    both = Bidirectional(LSTM(4))
    both(X)
    forward, backward = both.forward_layer, both.backward_layer
    assert_all_equal([*forward.get_weights(), *backward.get_weights()], both.get_weights())
    np.testing.assert_array_equal(backward.kernel, both.get_weights()[3])
    new = [w + 1 for w in backward.get_weights()]
    backward.set_weights(new)
    assert_all_equal(both.get_weights()[3:], new)
    steps = TimeDistributed(Dense(2))
    steps(X)
    np.testing.assert_array_equal(steps.layer.kernel, steps.get_weights()[0])
    assert steps.layer.count_params() == steps.count_params() == 8


# ---- configuration of models -------------------------------------------------------------------


def test_clone_and_json() -> None:
    model = Sequential(
        [
            Embedding(9, 3, mask_zero=True, input_length=T),
            Bidirectional(LSTM(4, dropout=0.1, return_sequences=True)),
            TimeDistributed(Dense(2)),
            GRU(3, kernel_regularizer="l2", trainable=False),
            Dense(1, kernel_initializer=initializers.Constant(0.1)),
        ],
        dtype="float64",
    )
    for copy in (clone_model(model), model_from_json(model.to_json())):
        assert copy.get_config() == model.get_config()
        assert copy.dtype == "float64"
        copy.set_weights(model.get_weights())
        ids = RNG.integers(0, 9, (N, T))
        np.testing.assert_array_equal(copy.predict(ids), model.predict(ids))


@pytest.mark.parametrize("entry", [[Input((T, F))], []])
def test_configuration_knows_the_input(entry: list[Layer]) -> None:
    model = Sequential([*entry, LSTM(3), Dense(2)])
    model.build((None, T, F))
    assert clone_model(model).input_shape == (None, T, F)


def test_keras_arguments_without_meaning_are_taken() -> None:
    LSTM(3, implementation=2, unroll=True, use_cudnn="auto", time_major=False, seed=1)
    LSTM(3, activity_regularizer=None, kernel_constraint=None, recurrent_constraint=None)
    Embedding(4, 2, embeddings_constraint=None)
    Flatten(data_format="channels_last")
    Input((3,), dtype="int32", sparse=False)
