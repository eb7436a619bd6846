"""Masks and states of recurrent layers as the core takes them.

B batch, N samples, T time steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._data.arrays import as_array, kept_numbers, numbers, refuse_nonfinite

Array = NDArray[Any]


def mask_bytes(value: Any, x: Array, name: str = "mask") -> NDArray[np.uint8]:
    """Returns the mask as bytes [N, T], nonzero where a step counts."""
    array = as_array(value, name)
    if array.shape != x.shape[:2]:
        raise ValueError(
            f"{name}: expected one value per sample and time step, shape {x.shape[:2]}, received "
            f"{array.shape}"
        )
    return np.ascontiguousarray(array != 0, dtype=np.uint8)


def state_arrays(
    value: Any,
    widths: Sequence[int],
    rows: int | None,
    dtype: np.dtype[Any],
    name: str,
    *,
    finite: bool = True,
) -> list[Array]:
    """Returns one array [B, width] per state of the layer.

    Args:
        value: the arrays.
        widths: widths of the layer's states.
        rows: B; None accepts any.
        dtype: dtype of the model.
        name: for error messages.
        finite: False for states that a model has carried, which may have diverged.
    """
    convert = numbers if finite else kept_numbers
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(given) != len(widths):
        raise ValueError(f"{name}: expected {len(widths)} arrays, received {len(given)}")
    arrays = [convert(state, dtype, f"{name}[{k}]") for k, state in enumerate(given)]
    for k, (state, width) in enumerate(zip(arrays, widths, strict=True)):
        batch = arrays[0].shape[:1][0] if rows is None and arrays[0].ndim else rows
        if state.shape != (batch, width) or batch == 0:
            # Without rows there are no states, and their number is not known yet.
            expected = f"({batch or 'rows'}, {width})"
            raise ValueError(f"{name}[{k}]: expected shape {expected}, received {state.shape}")
        if finite:
            refuse_nonfinite(state, f"{name}[{k}]")
    return arrays
