"""Sequential: structure, shapes, names and configuration, in Keras's spellings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import backend, initializers
from echocell.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Layer,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential, clone_model, load_model, model_from_json
from support.classifiers import LABELS, RNG, C, F, N, T, X, Y, assert_all_equal, classifier

pytestmark = pytest.mark.usefixtures("fresh_process")


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


@pytest.mark.parametrize("columns", [80, 120])
def test_summary_cuts_no_name_where_the_terminal_has_room(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines: list[str] = []
    layers = [Bidirectional(LSTM(2), name="encoder_of_the_whole_sentence", input_shape=(3, 1))]
    Sequential(layers).summary(print_fn=lines.append)
    assert 65 < max(map(len, lines)) <= columns
    assert ("(Bidirectional)" in lines[4]) == (columns == 120)


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


def test_the_list_of_layers_is_a_copy() -> None:
    model = classifier()
    count = len(model.layers)
    model.layers.pop()
    model.layers.clear()
    assert len(model.layers) == count
    assert model.predict(X).shape == (N, C)


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a/b", ValueError, "name: expected a name without '/' that is not empty, received 'a/b'"),
        ("", ValueError, "name: expected a name without '/' that is not empty, received ''"),
        ("\ud800", ValueError, "name: expected a name without '/'"),
        (5, TypeError, "name: expected a string, received 5"),
        (None, TypeError, "name: expected a string, received None"),
    ],
)
def test_a_wrong_name_is_refused_when_it_is_set(name: Any, error: type, message: str) -> None:
    model = classifier()
    for named in (model, model.layers[0], Dense(2)):
        before = named.name
        with pytest.raises(error, match=message):
            named.name = name
        assert named.name == before


def test_a_name_that_another_layer_of_the_model_has_is_refused() -> None:
    model = Sequential([Dense(2, input_shape=(3,)), Dense(3)])
    first, last = model.layers
    with pytest.raises(ValueError, match="expected a name that no other layer of the model has"):
        last.name = first.name
    last.name = last.name
    last.name = np.str_("mine")
    assert type(last.name) is str
    assert model.get_layer("mine") is last
    assert model.pop() is last
    last.name = first.name  # it no longer belongs to a model
    with pytest.raises(ValueError, match="unique names"):
        model.add(last)


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


def test_a_counted_name_that_is_taken_is_counted_on(fresh_process: None, tmp_path: Path) -> None:
    model = Sequential([Dense(2, input_shape=(3,)), Dense(2)])
    model.save(tmp_path / "model")
    backend.clear_session()  # as in a new process: names are counted from the start
    loaded = load_model(tmp_path / "model")
    loaded.add(Dense(4))
    other = Sequential([Dense(3, input_shape=(4,))])
    with pytest.warns(UserWarning, match="copy"):
        loaded.add(other.layers[0])
    names = [layer.name for layer in loaded.layers]
    assert names[:2] == ["dense", "dense_1"]
    assert len(set(names)) == 4
    assert other.layers[0].name not in names[2:3]
    loaded.save(tmp_path / "model")
    assert [layer.name for layer in load_model(tmp_path / "model").layers] == names
    with pytest.raises(ValueError, match="unique names"):
        loaded.add(Dense(2, name="dense_1"))
