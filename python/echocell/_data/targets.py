"""Checks targets and weights of samples.

N samples, T time steps, C classes or outputs. A sample shape has no batch axis.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._common.scalars import whole
from echocell._data.arrays import SMALL, data, extremes, refuse_bad_classes, refuse_nonfinite
from echocell._data.shapes import Sample, fits, text

Array = NDArray[Any]

# Tolerance for the sum of a one-hot or soft target, which should be 1.
SUM_TOLERANCE = 1e-3


# ---- targets -----------------------------------------------------------------------------------


def targets(
    value: Any,
    loss: str,
    output: Sample,
    rows: int,
    dtype: np.dtype[Any],
    name: str = "y",
    unit: str = "samples",
) -> Array:
    """Returns the targets in the form that this kind of loss takes.

    Args:
        value: the given targets.
        loss: kind of the loss.
        output: shape of one output sample.
        rows: N.
        dtype: dtype of the result.
        name: for error messages.
        unit: the word for a row in error messages.

    Returns:
        [N, *output], or class numbers [N, *output[:-1]] for a sparse loss. [N] is accepted for
        [N, 1], and [N, T] for [N, T, 1].
    """
    sparse = loss.startswith("sparse")
    expected = output[:-1] if sparse else output
    y = data(_unwrapped(value, rows, len(expected)), dtype, name)
    if not fits(y.shape[1:], expected) or not y.ndim:
        y = _reshaped_targets(y, expected, output, sparse, name, unit)
    if y.shape[0] != rows:
        raise ValueError(
            f"{name}: expected one row per sample, {rows} as in x, received {y.shape[0]} "
            f"(shape {y.shape})"
        )
    check = _VALUE_CHECKS.get(loss)
    if check is not None:
        check(y, output, name)
    return y


def _unwrapped(value: Any, rows: int, axes: int) -> Any:
    """Returns y where [y] is given; Keras accepts both for a model with one output.

    With a single sample, [y] can also be a list of rows, which have `axes` axes each.
    """
    if type(value) is list and len(value) == 1 and isinstance(value[0], np.ndarray):
        return value[0] if rows != 1 or value[0].ndim > axes else value
    return value


def _reshaped_targets(
    y: Array, expected: Sample, output: Sample, sparse: bool, name: str, unit: str
) -> Array:
    if sparse and y.ndim >= 2 and y.shape[-1] == 1 and fits(y.shape[1:-1], expected):
        return y[..., 0]
    if not sparse and y.ndim and output[-1:] == (1,) and fits(y.shape[1:], output[:-1]):
        return y[..., np.newaxis]
    wanted = "class numbers of shape " if sparse else "the shape of the output, "
    raise ValueError(
        f"{name}: expected {wanted}{text(expected, unit)}, received {y.shape}."
        f"{_target_hint(y, output, sparse)}"
    )


def _target_hint(y: Array, output: Sample, sparse: bool) -> str:
    classes = output[-1]
    if sparse and fits(y.shape[1:], output):
        return (
            " These look one-hot: use loss='categorical_crossentropy', or class numbers, "
            "y.argmax(axis=-1)"
        )
    labels = y.shape[1:-1] if y.ndim > 1 and y.shape[-1] == 1 else y.shape[1:]
    if not sparse and y.ndim and fits(labels, output[:-1]):
        return (
            f" For class numbers, use loss='sparse_categorical_crossentropy', or make them one-hot "
            f"with utils.to_categorical(y, {classes}); for values, the last layer needs 1 unit "
            f"instead of {classes}"
        )
    if len(output) == 2 and y.ndim <= 2:
        return (
            " The model gives an output at every time step; for one per sample, leave out "
            "return_sequences=True in the last recurrent layer"
        )
    if len(output) == 1 and y.ndim == 3:
        return (
            " The model gives one output per sample; for one at every time step, set "
            "return_sequences=True in the last recurrent layer"
        )
    return ""


def _check_several(y: Array, output: Sample, name: str) -> None:
    if output[-1] == 1:
        raise ValueError(
            f"{name}: categorical_crossentropy needs at least 2 outputs, the model has 1: it "
            "could only be certain. For two classes use loss='binary_crossentropy' with "
            "activation='sigmoid'"
        )


def first_of_other_sum(y: Array, name: str) -> str | None:
    """Describes the first row that is neither a distribution nor zeros (padding); None if there is
    none.

    Raises:
        ValueError: a number is not finite.
    """
    if y.size <= SMALL and y.ndim == 2 and all(map(_is_distribution, y.tolist())):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduce(y, axis=-1)
    good = np.abs(sums - 1) < SUM_TOLERANCE
    if good.all() and np.minimum.reduce(y, axis=None) >= 0:
        return None
    refuse_nonfinite(y, name)
    good |= sums == 0
    good &= np.minimum.reduce(y, axis=-1) >= 0
    if good.all():
        return None
    place = tuple(int(k) for k in np.unravel_index(int(np.argmin(good)), good.shape))
    return f"{_row(y[place])} at {name}{list(place)}"


def _is_distribution(row: list[float]) -> bool:
    return abs(sum(row) - 1) < SUM_TOLERANCE and min(row) >= 0


def _row(values: Array) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:6].astype(float))
    return f"[{shown}{', ...' if len(values) > 6 else ''}]"


def _check_classes(y: Array, output: Sample, name: str) -> None:
    classes = output[-1]
    if classes is not None:
        refuse_bad_classes(y, classes, name, "a model with {0} outputs takes")


def _check_probabilities(y: Array, output: Sample, name: str) -> None:
    low, high = map(np.float32, extremes(y))  # a target outside by rounding only is accepted
    if low >= 0 and high <= 1:
        return
    refuse_nonfinite(y, name)
    value = low if low < 0 else high
    raise ValueError(
        f"{name}: expected targets between 0 and 1 for binary_crossentropy, received {value:g}. "
        "For more than two classes use 'categorical_crossentropy' (one-hot) or "
        "'sparse_categorical_crossentropy' (class numbers); for values use 'mse'"
    )


_VALUE_CHECKS = {
    "categorical_crossentropy": _check_several,
    "sparse_categorical_crossentropy": _check_classes,
    "binary_crossentropy": _check_probabilities,
}


# ---- weights of samples ------------------------------------------------------------------------


def sample_weights(
    value: Any, rows: int, output: Sample, dtype: np.dtype[Any], name: str = "sample_weight"
) -> Array:
    """Returns weights [N], or [N, T] if there is an output at every time step; [N, 1] becomes
    [N].
    """
    weights = data(_unwrapped(value, rows, len(output) - 1), dtype, name)
    if weights.ndim == 2 and weights.shape[1] == 1 and (len(output) < 2 or output[0] != 1):
        weights = weights[:, 0]
    temporal = len(output) >= 2
    if weights.shape != (rows,) and not (
        temporal and weights.ndim == 2 and fits(weights.shape, (rows, output[0]))
    ):
        steps = f" or {text((output[0],), str(rows))}" if temporal else ""
        raise ValueError(
            f"{name}: expected one weight per sample, shape ({rows},){steps}, received "
            f"{weights.shape}"
        )
    return np.ascontiguousarray(weights)


def class_weights(
    value: Any,
    y: Array,
    loss: str,
    output: Sample,
    dtype: np.dtype[Any],
    name: str = "class_weight",
) -> Array:
    """Converts {class: weight} to weights of samples, [N] or [N, T]. Other classes have weight 1.

    Args:
        value: the dict.
        y: targets as returned by targets().
        loss: kind of the loss.
        output: shape of one output sample.
        dtype: dtype of the result.
        name: for error messages.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict of class numbers and weights, received {value!r}")
    if not loss.endswith("crossentropy"):
        raise ValueError(
            f"{name}: targets of {loss} are values, not classes; weigh the samples with "
            "sample_weight instead"
        )
    count = max(output[-1] or 0, 2)  # one output distinguishes two classes
    if loss.startswith("sparse"):
        classes = y
    elif y.shape[-1] > 1:
        classes = y.argmax(axis=-1)
    else:
        classes = y[..., 0]
    result = np.ones(classes.shape, dtype)
    for key, weight in value.items():
        number = whole(key, f"{name}: class", least=-sys.maxsize)
        if not 0 <= number < count:
            raise ValueError(
                f"{name}: expected classes from 0 to {count - 1}, as the model has them (they are "
                f"counted from 0), received {key!r}"
            )
        if not isinstance(weight, (int, float, np.number)):
            raise TypeError(f"{name}[{key}]: expected a number, received {weight!r}")
        if not np.isfinite(weight):
            raise ValueError(f"{name}[{key}]: expected a finite number, received {weight!r}")
        result[classes == number] = weight
    return result
