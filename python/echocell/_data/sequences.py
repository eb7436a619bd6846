"""Checks sequences of different lengths: lists of arrays, one per sequence.

The core takes them concatenated along the time axis, with their lengths. N sequences, T(i) time
steps of sequence i, F features, C outputs. A sample shape has no batch axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._data import arrays, shapes
from echocell._data.shapes import Sample
from echocell._data.spec import InputSpec
from echocell._data.targets import sample_weights as checked_weights
from echocell._data.targets import targets as checked_targets

Array = NDArray[Any]
Lengths = NDArray[np.int64]


def lengths_of(value: Any) -> Lengths | None:
    """Returns the lengths of the rows if they differ; None for any other value."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "O" or value.ndim != 1:
            return None
    elif not isinstance(value, (list, tuple)):
        return None
    if len(value) < 2 or any(isinstance(row, (str, bytes, dict, set)) for row in value):
        return None
    try:
        lengths = [len(row) for row in value]
    except TypeError:
        return None
    return np.array(lengths, np.int64) if min(lengths) < max(lengths) else None


def pieces(array: Array, lengths: Lengths) -> list[Array]:
    """Returns views of the single sequences."""
    return np.split(array, np.cumsum(lengths)[:-1])


def refuse_unequal(spec: InputSpec, lengths: Lengths, name: str) -> None:
    """Raises ValueError if the model cannot take sequences of different lengths."""
    received = f"received lengths {lengths.min()} to {lengths.max()}"
    pad = "pad them with preprocessing.sequence.pad_sequences"
    steps, *rest = spec.sample
    if steps is not None:
        raise ValueError(
            f"{name}: expected rows of one length, {steps} time steps, {received}. For "
            f"sequences of different lengths make the model with input_shape={(None, *rest)};"
            f" or {pad}, and put Masking or Embedding(mask_zero=True) first so that the padding "
            "does not count"
        )
    if spec.stateful:
        raise ValueError(
            f"{name}: a stateful model takes sequences of one length, so that all states are of "
            f"the same step; {received}"
        )
    if spec.misled is not None:
        raise ValueError(f"{name}: {spec.misled} takes sequences of one length; {received}: {pad}")


# ---- data --------------------------------------------------------------------------------------


def inputs(spec: InputSpec, value: Sequence[Any], name: str) -> Array:
    """Concatenates all sequences [T(i), F] to [sum of T(i), F]; ids to [sum of T(i)]."""
    return np.concatenate([_input(spec, row, f"{name}[{k}]") for k, row in enumerate(value)])


def _input(spec: InputSpec, row: Any, name: str) -> Array:
    sample, dtype = spec.sample, spec.dtype
    array = arrays.as_array(row, name)
    fits = array.ndim == len(sample) and shapes.fits(array.shape[1:], sample[1:])
    if not fits or not array.size:
        raise ValueError(
            f"{name}: expected a sequence of shape {shapes.text(sample[1:], 'time steps')}, "
            f"received {array.shape}"
        )
    if spec.classes is None:
        return arrays.numbers(array, dtype, name)
    return arrays.ids(array, sample[1:], spec.classes, dtype, name)


def targets(
    value: Any, loss: str, output: Sample, lengths: Lengths, dtype: np.dtype[Any], name: str
) -> Array:
    """Concatenates targets at every step, a list of [T(i), C] or of its short forms.

    Args:
        value: one entry per sequence.
        loss: kind of the loss.
        output: shape of the output at one step.
        lengths: T(i).
        dtype: dtype of the result.
        name: for error messages.
    """
    rows = rows_of(value, lengths, name)
    return np.concatenate(
        [
            checked_targets(row, loss, output, len(row), dtype, f"{name}[{k}]", "time steps")
            for k, row in enumerate(rows)
        ]
    )


def sample_weights(value: Any, lengths: Lengths, dtype: np.dtype[Any], name: str) -> Array:
    """Returns weights [N], or a list of [T(i)] concatenated if there is an output at every step."""
    if not (isinstance(value, (list, tuple)) and value and hasattr(value[0], "__len__")):
        return checked_weights(value, len(lengths), (None,), dtype, name)
    rows = rows_of(value, lengths, name)
    weights = [arrays.numbers(row, dtype, f"{name}[{k}]") for k, row in enumerate(rows)]
    for k, array in enumerate(weights):
        if array.ndim != 1:
            raise ValueError(
                f"{name}[{k}]: expected one weight per time step, shape ({lengths[k]},), received "
                f"{array.shape}"
            )
    return np.concatenate(weights)


def rows_of(value: Any, lengths: Lengths, name: str) -> Sequence[Any]:
    """Returns one row per sequence, each as long as the sequence."""
    if not hasattr(value, "__len__") or len(value) != len(lengths):
        count = f"{len(value)} rows" if hasattr(value, "__len__") else repr(value)
        raise ValueError(
            f"{name}: expected a list of arrays, one per sequence, {len(lengths)} in all, "
            f"received {count}"
        )
    rows = arrays.entries(value)
    for k, (row, length) in enumerate(zip(rows, lengths.tolist(), strict=True)):
        if not hasattr(row, "__len__") or len(row) != length:
            count = f"{len(row)} rows" if hasattr(row, "__len__") else repr(row)
            raise ValueError(
                f"{name}[{k}]: expected one row per time step, {length} as in the sequence, "
                f"received {count}"
            )
    return rows


def product(a: Array, b: Array, lengths: Lengths) -> Array:
    """Multiplies weights per sequence or per step."""
    if len(a) != len(b):
        a, b = (np.repeat(w, lengths) if len(w) == len(lengths) else w for w in (a, b))
    return np.ascontiguousarray(a * b)
