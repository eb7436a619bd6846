"""Helpers of the core's tests: networks from reference cells, random numbers, comparisons.

Legend: B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from hypothesis import strategies as st

from echocell import _core
from support import reference as ref

Array = np.ndarray

#: Tolerance of the core's results, as a fraction of the largest number compared.
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
DTYPES = ["float64", "float32"]
#: Sizes on both sides of every vector width.
SIZES = st.sampled_from([1, 2, 3, 5, 15, 17, 31, 33])
STEPS = st.sampled_from([1, 2, 3, 5, 9, 17])
BOUNDED = ["tanh", "sigmoid", "hard_sigmoid", "softsign", "bipolar_sigmoid", "bipolar_sigmoid_2"]
UNBOUNDED = ["relu", "linear", "elu", "softplus"]
#: For gates, between 0 and 1. With others a cell can be chaotic, and rounding errors grow over
#: time.
GATE_FUNCTIONS = ["sigmoid", "hard_sigmoid"]
NAMES = ("kernel", "recurrent_kernel", "bias", "peephole_kernel")


def assert_close(
    actual: Any,
    expected: Any,
    dtype: str = "float64",
    what: str = "",
    floor: float = 0.1,
    slack: float = 0.0,
) -> None:
    """Checks that all numbers agree to TOLERANCE[dtype], relative to the largest expected one.

    floor: the magnitude of the summands, if these may cancel, to which rounding is relative.
    slack: an additional allowed difference.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: {actual.shape} is not {expected.shape}"
    if expected.size == 0:
        return
    assert np.isfinite(actual).all(), f"{what} is not finite"
    scale = max(float(np.abs(expected).max()), floor)
    error = float(np.abs(actual - expected).max())
    allowed = TOLERANCE[dtype] * scale + slack
    assert error <= allowed, f"{what}: off by {error:.3g} of {scale:.3g}, allowed {allowed:.3g}"


def squared_error_floors(
    outputs: Array, targets: Array, scale: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Returns the floor for assert_close of a squared error and its derivatives.

    It is their magnitude if outputs and targets did not cancel. scale: the weight of each item.
    """
    size = float(np.abs(outputs).max() + np.abs(targets).max())
    weight = float(np.abs(scale).max())
    return {"floor": size**2}, {"floor": 2.0 * size * weight / outputs.shape[-1]}


def sgd(**options: Any) -> _core.OptimizerOptions:
    return _core.OptimizerOptions(kind="sgd", **{"learning_rate": 0.1, **options})


def make_network(
    layers: Sequence[_core.LayerOptions],
    input_shape: Sequence[int],
    dtype: str = "float64",
    weights: dict[int, Sequence[Array]] | None = None,
    loss: _core.LossOptions | None = None,
    seed: int = 1,
) -> _core.Network:
    """Makes a compiled network. weights: of some layers, by number; the others stay zero."""
    network = _core.make_network(layers, input_shape, dtype, seed)
    for layer, arrays in (weights or {}).items():
        for index, array in enumerate(arrays):
            network.set_parameter(layer, index, contiguous(array, dtype))
    network.compile(loss or _core.LossOptions(kind="mean_squared_error"), [], sgd())
    return network


def contiguous(array: Any, dtype: str) -> Array:
    return np.ascontiguousarray(array, dtype)


def mask_bytes(mask: Array | None) -> Array | None:
    return None if mask is None else np.ascontiguousarray(mask, np.uint8)


def named(weights: ref.Weights) -> dict[str, Array]:
    """Returns the weights in the order of get_weights()."""
    return {name: weights[name] for name in NAMES if name in weights}


def ordered(weights: ref.Weights) -> list[Array]:
    """Returns the weights in the order of get_weights()."""
    return list(named(weights).values())


def core_options(cell: ref.Cell, **options: Any) -> _core.LayerOptions:
    """Returns the core's options for a reference cell."""
    kind = getattr(_core, type(cell).__name__ + "Options")
    return kind(**asdict(cell), **options)


def random_weights(
    shapes: dict[str, tuple[int, ...]], rng: np.random.Generator, dtype: str
) -> ref.Weights:
    """Returns weights that keep sums near 1 and are representable in dtype."""
    weights = {}
    for name, shape in shapes.items():
        rows = shape[0] if len(shape) == 2 and name.endswith("kernel") else 4
        weights[name] = (rng.standard_normal(shape) / np.sqrt(rows)).astype(dtype).astype(float)
    return weights


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    return rng.standard_normal(shape).astype(dtype).astype(float)


# ----------------------------------------------------------------------------- finite differences


def assert_gradient(
    loss: Callable[[Array], float], value: Array, gradient: Array, what: str = ""
) -> None:
    """Compares a gradient with central differences of loss(value) along two random directions.

    If a kink (relu, hard_sigmoid) lies between the two points, a smaller step is tried.
    """
    assert gradient.shape == value.shape, f"{what}: {gradient.shape} is not {value.shape}"
    rng = np.random.default_rng(value.size)
    for _ in range(2):
        direction = rng.standard_normal(value.shape)
        expected = float((gradient * direction).sum())
        scale = max(1e-2, float(np.abs(gradient * direction).sum()))
        errors = []
        for step in (1e-5, 1e-6, 1e-7):
            slope = (loss(value + step * direction) - loss(value - step * direction)) / (2 * step)
            errors.append(abs(slope - expected) / scale)
            if errors[-1] < 1e-6:
                break
        assert min(errors) < 1e-6, f"{what}: off by {errors} of {scale}"
