"""The public API against results of PyTorch, Keras and ONNX's reference evaluator for the same
weights and data (computed by make_vectors.py, stored in vectors/). float64 unless stated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import echocell
import echocell.layers
import echocell.losses
import echocell.metrics
import echocell.models
import echocell.optimizers
from support import TESTS, cases, tools
from support import reference as ref

Group = dict[str, np.ndarray]


def load(name: str) -> dict[str, Group]:
    """Returns a file of vectors: arrays by case and name."""
    groups: dict[str, Group] = {}
    with np.load(TESTS / "vectors" / f"{name}.npz") as flat:
        for key in flat.files:
            group, array = key.split("/")
            groups.setdefault(group, {})[array] = flat[key]
    return groups


def numbered(group: Group, prefix: str) -> list[np.ndarray]:
    """Returns the arrays prefix0, prefix1, ..."""
    return [group[f"{prefix}{k}"] for k in range(len(group)) if f"{prefix}{k}" in group]


def make_model(case: cases.Case, group: Group, dtype: str = "float64") -> Any:
    model = cases.make_model(echocell, case, dtype=dtype)
    model.set_weights(numbered(group, "weight"))
    return model


def flat_weights(model: Any) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


PREDICT = load("keras_predict")


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("case", cases.PREDICT_CASES, ids=lambda case: case.name)
def test_outputs_of_keras(case, dtype):
    group = PREDICT[case.name]
    model = make_model(case, group, dtype)
    tools.assert_close(model.predict(group["x"], verbose=0), group["outputs"], dtype)


# ---------------------------------------------------------------------------------------- states

STATES = load("keras_states")


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", cases.CELLS)
def test_initial_and_final_states_of_keras(name, backwards):
    """Compares one layer with initial state and mask; before the first valid step outputs are
    zeros.
    """
    group = STATES[name + " backwards" * backwards]
    kind, options = cases.CELLS[name]
    cell = getattr(ref, kind)(**options)
    layer = tools.core_options(cell, return_sequences=True, go_backwards=backwards)
    network = tools.make_network(
        [layer], [-1, cases.FEATURES], weights={0: numbered(group, "weight")}
    )
    outputs, states = network.run_layer(
        0, group["x"], tools.mask_bytes(group["mask"]), numbered(group, "initial")
    )
    tools.assert_close(outputs, group["outputs"])
    for state, wanted in zip(states, numbered(group, "state"), strict=True):
        tools.assert_close(state, wanted)


def test_stateful_predictions_of_keras():
    group = STATES["stateful"]
    layer = cases.with_options(cases.CELLS["lstm"], stateful=True)
    model = make_model(cases.Case("", [layer], batch_size=3), group)
    for index, name in enumerate(("first", "second")):
        outputs = model.predict(group[name], batch_size=3, verbose=0)
        tools.assert_close(outputs, group[f"outputs{index}"])
    model.reset_states()
    outputs = model.predict(group["second"], batch_size=3, verbose=0)
    tools.assert_close(outputs, group["outputs2"])


def test_stateful_training_of_pytorch():
    group = load("torch")["stateful"]
    case = cases.STATEFUL_CASE
    model = make_model(case, group)
    optimizer = cases.make(echocell.optimizers, cases.STATEFUL_OPTIMIZER)
    model.compile(optimizer=optimizer, loss="mse")
    history = model.fit(
        group["x"],
        group["y"],
        batch_size=case.batch_size,
        epochs=cases.STATEFUL_EPOCHS,
        shuffle=False,
        verbose=0,
    )
    tools.assert_close(history.history["loss"], group["losses"])
    tools.assert_close(flat_weights(model), group["weights"])
    for state, wanted in zip(model.layers[0].get_states(), numbered(group, "state"), strict=True):
        tools.assert_close(state, wanted)


# ------------------------------------------------------------------------------- PyTorch and ONNX

TORCH = load("torch")
TORCH_LAYERS = {
    "LSTM": ("LSTM", {}),
    "GRU": ("GRU", {}),
    "RNN tanh": ("SimpleRNN", {}),
    "RNN relu": ("SimpleRNN", {"activation": "relu"}),
}


@pytest.mark.parametrize("name", TORCH_LAYERS)
def test_outputs_and_gradients_of_pytorch(name):
    """The inputs are rows of an embedding, so that its gradient is theirs; one step of gradient
    descent at rate 1 moves the weights by their gradients.
    """
    group = TORCH[name]
    batch, steps, features = group["x"].shape
    kind, options = TORCH_LAYERS[name]
    units = group["outputs"].shape[-1]
    layers = [
        ("Embedding", {"input_dim": batch * steps, "output_dim": features}),
        (kind, {"units": units, "return_sequences": True, **options}),
    ]
    model = cases.make_model(echocell, cases.Case(name, layers, (steps,)), dtype="float64")
    before = [group["x"].reshape(-1, features), *numbered(group, "weight")]
    model.set_weights(before)
    ids = np.arange(batch * steps).reshape(batch, steps)
    tools.assert_close(model.predict(ids, verbose=0), group["outputs"])

    model.compile(optimizer=echocell.optimizers.SGD(learning_rate=1.0), loss="mse")
    history = model.fit(ids, group["y"], batch_size=batch, epochs=1, verbose=0)
    tools.assert_close(history.history["loss"], [group["loss"]])
    gradients = [old - new for old, new in zip(before, model.get_weights(), strict=True)]
    tools.assert_close(gradients[0].reshape(batch, steps, features), group["gradient_x"])
    for actual, expected in zip(gradients[1:], numbered(group, "gradient"), strict=True):
        tools.assert_close(actual, expected)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_peepholes_of_onnx(direction):
    group = load("onnx")[direction]
    backwards = direction == "reverse"
    cell = ref.LSTM(units=group["outputs"].shape[-1], peephole=True)
    layer = tools.core_options(cell, return_sequences=True, go_backwards=backwards)
    network = tools.make_network([layer], [-1, 2], weights={0: numbered(group, "weight")})
    outputs, states = network.run_layer(0, group["x"], None, numbered(group, "initial"))
    in_time = outputs[:, ::-1] if backwards else outputs
    tools.assert_close(in_time, group["outputs"])
    for state, wanted in zip(states, numbered(group, "state"), strict=True):
        tools.assert_close(state, wanted)


# -------------------------------------------------------------------------------------- training

TRAJECTORIES = load("keras_trajectories")


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizer_trajectories_of_keras(name):
    data, expected = TRAJECTORIES["data"], TRAJECTORIES[name]
    model = make_model(cases.TRAJECTORY_CASE, data)
    optimizer = cases.make(echocell.optimizers, cases.OPTIMIZERS[name])
    model.compile(optimizer=optimizer, loss="categorical_crossentropy")
    for step, (x, y) in enumerate(zip(data["x"], data["y"], strict=True)):
        history = model.fit(x, y, batch_size=len(x), epochs=1, shuffle=False, verbose=0)
        tools.assert_close(history.history["loss"], expected["losses"][step : step + 1])
        tools.assert_close(flat_weights(model), expected["weights"][step], what=f"step {step}")


@pytest.mark.parametrize("name", ["adam", "sgd nesterov", "rmsprop momentum"])
def test_optimizer_trajectories_in_float32(name):
    data, expected = TRAJECTORIES["data"], TRAJECTORIES[name]
    model = make_model(cases.TRAJECTORY_CASE, data, "float32")
    optimizer = cases.make(echocell.optimizers, cases.OPTIMIZERS[name])
    model.compile(optimizer=optimizer, loss="categorical_crossentropy")
    for x, y in zip(data["x"], data["y"], strict=True):
        model.train_on_batch(x, y)
    tools.assert_close(flat_weights(model), expected["weights"][-1], "float32")


FITS = load("keras_fit")


def parts(group: Group, part: str) -> tuple[np.ndarray, ...]:
    """Returns x, y and, if there is one, the sample weight."""
    return tuple(
        group[f"{part}_{name}"] for name in ("x", "y", "weight") if f"{part}_{name}" in group
    )


@pytest.mark.parametrize("fit", cases.FIT_CASES, ids=lambda fit: fit.name)
def test_fit_and_evaluate_of_keras(fit):
    group = FITS[fit.name]
    model = make_model(fit.case, group)
    cases.compile_model(echocell, model, fit)
    x, y, *weight = parts(group, "train")
    sample_weight = weight[0] if weight else None
    history = model.fit(
        x,
        y,
        sample_weight=sample_weight,
        class_weight=cases.class_weight(fit),
        validation_data=parts(group, "test"),
        batch_size=fit.batch_size,
        epochs=fit.epochs,
        shuffle=False,
        verbose=0,
    ).history
    expected = {
        key.removeprefix("history "): values
        for key, values in group.items()
        if key.startswith("history ")
    }
    assert set(history) == set(expected)
    for key, values in expected.items():
        tools.assert_close(history[key], values, what=key)
    tools.assert_close(flat_weights(model), group["weights"], what="weights")
    evaluated = model.evaluate(
        x, y, sample_weight=sample_weight, batch_size=fit.batch_size, verbose=0
    )
    tools.assert_close(np.atleast_1d(evaluated), group["evaluate"], what="evaluate")
