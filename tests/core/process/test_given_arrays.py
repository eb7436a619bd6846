"""Arrays that change while they are in use, views larger than memory, and memoryviews.

They give correct results, or a ValueError that leaves the model unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.callbacks import LambdaCallback
from echocell.layers import LSTM, Dense, Embedding
from echocell.models import Sequential
from echocell.preprocessing.sequence import pad_sequences

N, T, F = 6, 4, 2
RNG = np.random.default_rng(8)


def model_of(*, sequences: bool = False, stateful: bool = False) -> Sequential:
    np.random.seed(6)
    shape = {"batch_input_shape": (2, None, F)} if stateful else {"input_shape": (None, F)}
    model = Sequential([LSTM(3, return_sequences=sequences, stateful=stateful, **shape), Dense(1)])
    model.compile("adam", "mse")
    return model


def data_of(sequences: bool = False) -> dict[str, np.ndarray]:
    """Float32 and contiguous, so that nothing is copied."""
    shape = (N, T) if sequences else (N,)
    return {
        "x": RNG.normal(size=(N, T, F)).astype(np.float32),
        "y": RNG.normal(size=(*shape, 1)).astype(np.float32),
        "sample_weight": RNG.uniform(1, 2, shape).astype(np.float32),
    }


# ---- changed by a callback ---------------------------------------------------------------------


@pytest.mark.parametrize("bptt_steps", [None, 3])
@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["x", "y", "sample_weight"])
def test_a_callback_that_ruins_the_data(name: str, number: float, bptt_steps: int | None) -> None:
    """The second of three batches contains the number: the first one was trained, and is kept."""
    sequences = bptt_steps is not None
    data = data_of(sequences)
    model, twin = (model_of(sequences=sequences, stateful=True) for _ in range(2))
    options: dict[str, Any] = {"batch_size": 2, "shuffle": False, "verbose": 0}
    twin.fit(*(data[key][:2] for key in ("x", "y")), sample_weight=data["sample_weight"][:2],
             bptt_steps=bptt_steps, **options)  # fmt: skip

    def ruin(batch: int, logs: Any) -> None:
        data[name][3:4].flat[-1] = number

    callback = LambdaCallback(on_train_batch_end=ruin)
    with pytest.raises(ValueError, match=rf"{name}.*expected finite numbers, received {number}"):
        model.fit(**data, bptt_steps=bptt_steps, callbacks=[callback], **options)
    if bptt_steps is None:  # windows before the number remain trained
        np.testing.assert_equal(model.get_weights(), twin.get_weights())
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    np.testing.assert_equal(model.get_states(), twin.get_states())


@pytest.mark.parametrize("verb", ["evaluate", "predict", "validation"])
@pytest.mark.parametrize("name", ["x", "y"])
def test_tests_and_predictions_notice_it_too(verb: str, name: str) -> None:
    data, held = data_of(), data_of()
    model = model_of(stateful=True)
    before = model.get_weights()

    def ruin(batch: int, logs: Any) -> None:
        held[name][:] = np.nan

    hook = "on_predict_batch_begin" if verb == "predict" else "on_test_batch_begin"
    options: dict[str, Any] = {
        "batch_size": 2, "verbose": 0, "callbacks": [LambdaCallback(**{hook: ruin})]
    }  # fmt: skip
    if verb == "predict":
        held["y"] = held["x"]  # predict takes no targets
        with pytest.raises(ValueError, match="received nan at x"):
            model.predict(held["x"], **options)
    elif verb == "evaluate":
        with pytest.raises(ValueError, match=f"received nan at {name}"):
            model.evaluate(held["x"], held["y"], **options)
    else:
        given = {"validation_data": (held["x"], held["y"]), "shuffle": False, **options}
        with pytest.raises(ValueError, match=r"received nan at validation_data\["):
            model.fit(data["x"], data["y"], **given)
        before = model.get_weights()
    assert all(np.isfinite(state).all() for layer in model.get_states() for state in layer)
    np.testing.assert_equal(model.get_weights(), before)
    assert np.isfinite(model.predict(data["x"], 2)).all()


def test_ids_that_a_callback_ruins() -> None:
    ids = np.zeros((N, T), np.float32)
    model = Sequential([Embedding(5, 3, input_shape=(T,)), LSTM(2)])
    model.compile("sgd", "mse")

    def ruin(batch: int, logs: Any) -> None:
        ids[:] = 5

    with pytest.raises(ValueError, match="expected integers from 0 to 4, received 5"):
        model.fit(
            ids, np.zeros((N, 2)), 2, verbose=0, callbacks=[LambdaCallback(on_batch_end=ruin)]
        )


def test_other_finite_numbers_are_trained_on() -> None:
    data = data_of()

    def change(batch: int, logs: Any) -> None:
        data["x"] *= 2

    model = model_of()
    model.fit(**data, batch_size=2, verbose=0, callbacks=[LambdaCallback(on_batch_end=change)])
    assert int(model.optimizer.iterations) == 3


# ---- views larger than memory ------------------------------------------------------------------


def huge(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)


MANY = 2**40
HUGE: dict[str, Callable[[Sequential], Any]] = {
    "predict": lambda m: m.predict(huge(2**20, 2**20, F)),
    "predict float64": lambda m: m.predict(huge(2**20, 2**20, F, dtype=float)),
    "predict bytes": lambda m: m.predict(huge(2**20, 2**20, F, dtype=np.uint8)),
    "predict a row": lambda m: m.predict([np.zeros((3, F)), huge(MANY, F)]),
    "call": lambda m: m(huge(2**20, 2**20, F)),
    "step": lambda m: m.step(huge(MANY, F)),
    "fit": lambda m: m.fit(huge(2**20, 2**20, F), huge(2**20, 2**20, 1), verbose=0),
    "fit y": lambda m: m.fit(np.zeros((N, T, F)), huge(N, MANY, 1), verbose=0),
    "fit weights": lambda m: m.fit(
        np.zeros((N, T, F)), np.zeros((N, T, 1)), sample_weight=huge(N, MANY), verbose=0
    ),
    "evaluate": lambda m: m.evaluate(huge(2**20, 2**20, F), huge(2**20, 2**20, 1), verbose=0),
    "layer": lambda m: m.layers[0](huge(2**20, 2**20, F)),
    "mask": lambda m: m.layers[0](np.zeros((N, T, F)), mask=huge(N, MANY, dtype=bool)),
    "set_weights": lambda m: m.layers[1].set_weights([huge(MANY, 1), np.zeros(1)]),
    "set_states": lambda m: m.set_states([[huge(MANY, 3)] * 2]),
    "ids": lambda m: Sequential([Embedding(2, 2, input_shape=(None,))]).predict(
        huge(2**20, 2**20, dtype=int)
    ),
}


@pytest.mark.parametrize("call", HUGE)
def test_views_of_terabytes_are_refused(call: str) -> None:
    model = model_of(sequences=True)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"expected an array that fits in memory, .* GiB as"):
        HUGE[call](model)
    np.testing.assert_equal(model.get_weights(), before)


def test_views_that_fit_in_memory_are_taken() -> None:
    model = model_of()
    view = np.broadcast_to(np.float32(0.5), (N, T, F))
    np.testing.assert_array_equal(model.predict(view), model.predict(view.copy()))


# ---- memoryviews -------------------------------------------------------------------------------

FORMATS = ["f4", "f8", "i8", "u1", "?", "f2", ">f4", "c16", "S1", "U2", "O"]


def calls_with(view: memoryview, model: Sequential) -> list[Callable[[], Any]]:
    """All calls that take an array, or a list of arrays."""
    x = np.zeros((N, T, F), np.float32)
    rows = [x[0, : 1 + k % T] for k in range(N)]
    y = np.zeros((N, T, 1) if len(model.output_shape) == 3 else (N, 1))
    return [
        lambda: model.predict(view),
        lambda: model.predict([view, x[0]]),
        lambda: model.step(view),
        lambda: model.fit(view, view, verbose=0),
        lambda: model.fit(x, view, verbose=0),
        lambda: model.fit(rows, view, verbose=0),
        lambda: model.fit(rows, [view] * N, verbose=0),
        lambda: model.fit(x, y, sample_weight=view, verbose=0),
        lambda: model.fit(x, y, validation_data=(view, view), verbose=0),
        lambda: model.set_weights(view),
        lambda: model.set_states(view),
        lambda: model.reset_states(view),
        lambda: model.layers[0](x, mask=view),
        lambda: model.layers[0](x, initial_state=view),
        lambda: model.layers[1].set_weights(view),
        lambda: pad_sequences(view),
    ]


@given(st.data())
def test_memoryviews_are_taken_or_refused(data: st.DataObject) -> None:
    """Memoryviews with any axes and format."""
    extents = st.sampled_from([0, 1, F, T, N])
    shape = data.draw(st.lists(extents, max_size=4).map(tuple))
    view = memoryview(np.zeros(shape, data.draw(st.sampled_from(FORMATS))))
    model = model_of(sequences=data.draw(st.booleans()))
    for call in calls_with(view, model):
        try:
            call()
        except (ValueError, TypeError) as error:
            assert str(error)  # noqa: PT017
    assert all(np.isfinite(weights).all() for weights in model.get_weights())


def test_memoryviews_mean_their_numbers() -> None:
    model, twin = model_of(sequences=True), model_of(sequences=True)
    data = data_of(sequences=True)
    views = {name: memoryview(array) for name, array in data.items()}
    np.testing.assert_array_equal(model.predict(views["x"]), twin.predict(data["x"]))
    model.fit(**views, verbose=0)
    twin.fit(**data, verbose=0)
    np.testing.assert_equal(model.get_weights(), twin.get_weights())
    stacked = np.stack([np.ones((N, 3)), np.zeros((N, 3))])
    model.set_states([[memoryview(state) for state in stacked]])
    model.reset_states(memoryview(np.array([0, 2])))
    assert model.get_states()[0][0][:, 0].tolist() == [0, 1, 0, 1, 1, 1]
