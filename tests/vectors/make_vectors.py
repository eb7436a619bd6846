"""Makes vectors/*.npz: what PyTorch, Keras and ONNX's reference evaluator say about our weights
and our data. Run by hand, where those packages are installed:

    PYTHONPATH=tests python tests/vectors/make_vectors.py

Everything is float64 and seeded. Weights are stored in Keras's layout and order. A file is flat:
the arrays of a case are stored as "case/array".
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"  # Its masked steps are TensorFlow's; JAX's differ.

import keras
import numpy as np
import onnx
import onnx.reference
import torch
from keras.src.backend.common import dtypes
from onnx import TensorProto, helper

from support import cases

FOLDER = Path(__file__).parent


def save(name: str, groups: dict[str, dict[str, np.ndarray]]) -> None:
    flat = {
        f"{group}/{key}": np.asarray(value)
        for group, arrays in groups.items()
        for key, value in arrays.items()
    }
    np.savez_compressed(FOLDER / f"{name}.npz", allow_pickle=False, **flat)


def numbered(prefix: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}{k}": array for k, array in enumerate(arrays)}


# -------------------------------------------------------------------------------------- PyTorch


def reorder(kernel: np.ndarray, order: list[int]) -> np.ndarray:
    """Puts the blocks of the last axis into another order."""
    return np.concatenate([np.split(kernel, len(order), axis=-1)[k] for k in order], axis=-1)


def torch_case(kind: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Outputs of every step, final states, and the gradients of mean((outputs - y)^2)."""
    batch, steps, features, units = 3, 5, 4, 6
    blocks = {"LSTM": 4, "GRU": 3}.get(kind, 1)
    order = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}.get(kind, [0])  # GRU: r, z, n there
    kernel = 0.5 * rng.standard_normal((features, blocks * units))
    recurrent = 0.5 * rng.standard_normal((units, blocks * units))
    bias_shape = (2, blocks * units) if kind == "GRU" else (blocks * units,)
    bias = 0.5 * rng.standard_normal(bias_shape)
    x = rng.standard_normal((batch, steps, features))
    y = rng.standard_normal((batch, steps, units))

    options = {"nonlinearity": kind.split()[1]} if kind.startswith("RNN") else {}
    layer = getattr(torch.nn, kind.split()[0])(
        features, units, batch_first=True, dtype=torch.float64, **options
    )
    bias_ih, bias_hh = bias if kind == "GRU" else (bias, np.zeros_like(bias))
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(reorder(kernel, order).T.copy()))
        layer.weight_hh_l0.copy_(torch.from_numpy(reorder(recurrent, order).T.copy()))
        layer.bias_ih_l0.copy_(torch.from_numpy(reorder(bias_ih, order)))
        layer.bias_hh_l0.copy_(torch.from_numpy(reorder(bias_hh, order)))
    inputs = torch.tensor(x, requires_grad=True)
    outputs, states = layer(inputs)
    loss = ((outputs - torch.from_numpy(y)) ** 2).mean()
    loss.backward()
    d_ih = reorder(layer.bias_ih_l0.grad.numpy(), order)
    d_hh = reorder(layer.bias_hh_l0.grad.numpy(), order)
    states = states if isinstance(states, tuple) else (states,)
    return {
        **numbered("weight", [kernel, recurrent, bias]),
        "x": x,
        "y": y,
        "outputs": outputs.detach().numpy(),
        **numbered("state", [state[0].detach().numpy() for state in states]),
        "loss": loss.item(),
        "gradient0": reorder(layer.weight_ih_l0.grad.numpy().T, order),
        "gradient1": reorder(layer.weight_hh_l0.grad.numpy().T, order),
        "gradient2": np.stack([d_ih, d_hh]) if kind == "GRU" else d_ih,
        "gradient_x": inputs.grad.numpy(),
    }


def torch_stateful(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """fit() of cases.STATEFUL_CASE by hand: Keras's PyTorch backend cannot train it."""
    case = cases.STATEFUL_CASE
    units, features = case.layers[0][1]["units"], case.input_shape[1]
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,), (units, 2), (2,)]
    start = cases.make_weights(shapes, rng)
    x = rng.standard_normal((2 * case.batch_size, *case.input_shape))
    y = rng.standard_normal((len(x), 2))

    weights = [torch.tensor(w, requires_grad=True) for w in start]
    h, c = torch.zeros(2, case.batch_size, units, dtype=torch.float64)
    history = []
    for _ in range(cases.STATEFUL_EPOCHS):
        losses = []
        for inputs, targets in zip(torch.tensor(x).split(5), torch.tensor(y).split(5), strict=True):
            h, c = h.detach(), c.detach()
            for step in inputs.unbind(1):
                i, f, g, o = (step @ weights[0] + h @ weights[1] + weights[2]).chunk(4, -1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            loss = ((h @ weights[3] + weights[4] - targets) ** 2).mean()
            losses.append(loss.item())
            gradients = torch.autograd.grad(loss, weights)
            rate = cases.STATEFUL_OPTIMIZER[1]["learning_rate"]
            weights = [
                (w - rate * g).detach().requires_grad_()
                for w, g in zip(weights, gradients, strict=True)
            ]
        history.append(np.mean(losses))
    flat = np.concatenate([w.detach().numpy().ravel() for w in weights])
    return {
        **numbered("weight", start),
        "x": x,
        "y": y,
        "losses": history,
        "weights": flat,
        **numbered("state", [h.detach().numpy(), c.detach().numpy()]),
    }


def make_torch() -> None:
    rng = np.random.default_rng(1)
    groups = {kind: torch_case(kind, rng) for kind in ("LSTM", "GRU", "RNN tanh", "RNN relu")}
    save("torch", {**groups, "stateful": torch_stateful(rng)})


# ----------------------------------------------------------------------------------------- ONNX


def onnx_case(direction: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A peephole LSTM. ONNX: gates i, o, f, c; peepholes i, o, f; time-major."""
    batch, steps, features, units = 3, 6, 2, 5
    kernel = 0.5 * rng.standard_normal((features, 4 * units))
    recurrent = 0.5 * rng.standard_normal((units, 4 * units))
    bias = 0.5 * rng.standard_normal(4 * units)
    peephole = 0.5 * rng.standard_normal((3, units))
    x = rng.standard_normal((batch, steps, features))
    state_h, state_c = rng.standard_normal((2, batch, units))
    gates, peepholes = [0, 3, 1, 2], [0, 2, 1]
    feeds = {
        "X": x.transpose(1, 0, 2),
        "W": reorder(kernel, gates).T[None],
        "R": reorder(recurrent, gates).T[None],
        "B": np.concatenate([reorder(bias, gates), np.zeros(4 * units)])[None],
        "H": state_h[None],
        "C": state_c[None],
        "P": peephole[peepholes].reshape(1, -1),
    }
    inputs = ["X", "W", "R", "B", "", "H", "C", "P"]
    node = helper.make_node(
        "LSTM", inputs, ["Y", "Yh", "Yc"], hidden_size=units, direction=direction
    )
    graph = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in inputs if n],
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in ("Y", "Yh", "Yc")],
    )
    evaluator = onnx.reference.ReferenceEvaluator(helper.make_model(graph))
    outputs, final_h, final_c = evaluator.run(None, feeds)
    return {
        **numbered("weight", [kernel, recurrent, bias, peephole]),
        "x": x,
        **numbered("initial", [state_h, state_c]),
        "outputs": outputs[:, 0].transpose(1, 0, 2),
        **numbered("state", [final_h[0], final_c[0]]),
    }


def make_onnx() -> None:
    rng = np.random.default_rng(2)
    save("onnx", {direction: onnx_case(direction, rng) for direction in ("forward", "reverse")})


# ---------------------------------------------------------------------------------------- Keras


def keras_model(case: cases.Case, rng: np.random.Generator) -> keras.Sequential:
    """With weights of ours."""
    model = cases.make_model(keras, case)
    model.set_weights(cases.make_weights([w.shape for w in model.get_weights()], rng))
    return model


def flat_weights(model: keras.Sequential) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def predict_case(case: cases.Case, rng: np.random.Generator) -> dict[str, np.ndarray]:
    model = keras_model(case, rng)
    x = cases.make_inputs(case, 5, rng)
    outputs = np.asarray(model(x).detach())
    return {**numbered("weight", model.get_weights()), "x": x, "outputs": outputs}


def make_predictions() -> None:
    rng = np.random.default_rng(3)
    save("keras_predict", {case.name: predict_case(case, rng) for case in cases.PREDICT_CASES})


def state_case(cell: cases.Spec, backwards: bool, rng) -> dict[str, np.ndarray]:
    """One layer by itself: initial state, mask, final states."""
    options = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    layer = cases.make(keras.layers, cases.with_options(cell, **options))
    x = rng.standard_normal((6, cases.STEPS, cases.FEATURES))
    mask = cases.make_mask(6, cases.STEPS, rng).astype(bool)
    count = 2 if cell[0] == "LSTM" else 1
    initial = [rng.standard_normal((6, cases.UNITS)) for _ in range(count)]
    layer.build(x.shape)
    layer.set_weights(cases.make_weights([w.shape for w in layer.get_weights()], rng))
    outputs, *states = layer(x, mask=mask, initial_state=list(map(torch.from_numpy, initial)))
    return {
        **numbered("weight", layer.get_weights()),
        "x": x,
        "mask": mask,
        **numbered("initial", initial),
        "outputs": outputs.detach().numpy(),
        **numbered("state", [state.detach().numpy() for state in states]),
    }


def stateful_case(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """State carried through two predictions, then reset."""
    layer = cases.with_options(cases.CELLS["lstm"], stateful=True)
    model = keras_model(cases.Case("", [layer], batch_size=3), rng)
    first, second = rng.standard_normal((2, 3, cases.STEPS, cases.FEATURES))
    outputs = [model.predict(x, batch_size=3, verbose=0) for x in (first, second)]
    model.layers[0].reset_states()
    outputs.append(model.predict(second, batch_size=3, verbose=0))
    weights = numbered("weight", model.get_weights())
    return {**weights, "first": first, "second": second, **numbered("outputs", outputs)}


def make_states() -> None:
    rng = np.random.default_rng(4)
    groups = {"stateful": stateful_case(rng)}
    for name, cell in cases.CELLS.items():
        for backwards in (False, True):
            groups[name + " backwards" * backwards] = state_case(cell, backwards, rng)
    save("keras_states", groups)


def make_trajectories() -> None:
    rng = np.random.default_rng(5)
    case = cases.TRAJECTORY_CASE
    start = keras_model(case, rng).get_weights()
    shape = (cases.TRAJECTORY_STEPS, cases.TRAJECTORY_BATCH)
    x = rng.standard_normal((*shape, *case.input_shape))
    y = np.eye(2)[rng.integers(0, 2, shape)]
    groups = {"data": {**numbered("weight", start), "x": x, "y": y}}
    for name, optimizer in cases.OPTIMIZERS.items():
        model = cases.make_model(keras, case)
        model.set_weights(start)
        model.compile(cases.make(keras.optimizers, optimizer), "categorical_crossentropy")
        losses, weights = [], []
        for inputs, targets in zip(x, y, strict=True):
            history = model.fit(inputs, targets, batch_size=len(inputs), shuffle=False, verbose=0)
            losses.append(history.history["loss"][0])
            weights.append(flat_weights(model))
        groups[name] = {"losses": losses, "weights": weights}
    save("keras_trajectories", groups)


def fit_case(fit: cases.FitCase, rng: np.random.Generator) -> dict[str, np.ndarray]:
    model = keras_model(fit.case, rng)
    data = {**numbered("weight", model.get_weights())}
    for part, count in (("train", fit.samples), ("test", 5)):
        data[f"{part}_x"] = cases.make_inputs(fit.case, count, rng)
        data[f"{part}_y"] = cases.make_targets(fit, count, rng)
        weight = cases.make_sample_weight(fit, count, rng)
        if weight is not None:
            data[f"{part}_weight"] = weight
    cases.compile_model(keras, model, fit)
    test = tuple(data[f"test_{name}"] for name in ("x", "y", "weight") if f"test_{name}" in data)
    history = model.fit(
        data["train_x"],
        data["train_y"],
        sample_weight=data.get("train_weight"),
        class_weight=cases.class_weight(fit),
        validation_data=test,
        batch_size=fit.batch_size,
        epochs=fit.epochs,
        shuffle=False,
        verbose=0,
    )
    for key, values in history.history.items():
        data[f"history {key}"] = values
    data["weights"] = flat_weights(model)
    evaluated = model.evaluate(
        data["train_x"],
        data["train_y"],
        sample_weight=data.get("train_weight"),
        batch_size=fit.batch_size,
        verbose=0,
    )
    data["evaluate"] = np.atleast_1d(evaluated)
    return data


def make_fits() -> None:
    rng = np.random.default_rng(6)
    save("keras_fit", {fit.name: fit_case(fit, rng) for fit in cases.FIT_CASES})


def main() -> None:
    keras.config.set_floatx("float64")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # else products become float32
    FOLDER.mkdir(exist_ok=True)
    for make in (
        make_torch,
        make_onnx,
        make_predictions,
        make_states,
        make_trajectories,
        make_fits,
    ):
        make()
    total = sum(path.stat().st_size for path in FOLDER.glob("*.npz"))
    print(f"{total / 1e3:.0f} kB in {FOLDER}")


if __name__ == "__main__":
    main()
