"""Pads sequences of different lengths to one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from echocell._common.missing_names import module_getattr

__all__ = ["pad_sequences"]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


def _lengths(sequences: Sequence[Any]) -> list[int]:
    lengths = []
    for index, row in enumerate(sequences):
        if not hasattr(row, "__len__"):
            raise ValueError(
                f"pad_sequences: expected a list of sequences, received {row!r} at index {index}"
            )
        lengths.append(len(row))
    return lengths


def _values(row: Any, dtype: DTypeLike, index: int) -> NDArray[Any]:
    try:
        values = np.asarray(row) if isinstance(row, (np.ndarray, memoryview)) else row
        if getattr(values, "dtype", np.dtype(int)).kind == "c" and np.dtype(dtype).kind not in "cO":
            raise TypeError("complex numbers")  # NumPy would drop the imaginary parts and warn
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"pad_sequences: expected elements that fit dtype {np.dtype(dtype)}, received {row!r} "
            f"at index {index} ({error}). Turn words into numbers first, or use dtype=object"
        ) from None


def _check_side(name: str, side: str) -> None:
    if side not in ("pre", "post"):
        raise ValueError(f"pad_sequences: expected {name} 'pre' or 'post', received {side!r}")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Returns sequences of different lengths as one array, padded or truncated to one length.

    Args:
        sequences: N sequences, each of its own length, of numbers or of arrays of one shape [...].
        maxlen: length T of every row; None takes the longest.
        dtype: dtype of the result. Default "int32"; a float dtype keeps fractions.
        padding: "pre" (default) pads before the values, "post" after them.
        truncating: "pre" (default) drops the first values of a long row, "post" the last ones.
        value: the padding value. Default 0.

    Returns:
        Array of shape [N, T, ...].

    Raises:
        ValueError: rows are not sequences, elements differ in shape, padding or truncating is
            unknown, or elements or the padding value do not fit the dtype, such as strings.
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: expected a list of sequences, received {type(sequences).__name__}"
        )
    if isinstance(sequences, memoryview):  # with several axes it is not iterable
        sequences = list(np.asarray(sequences))
    _check_side("padding", padding)
    _check_side("truncating", truncating)
    if isinstance(value, str) and np.dtype(dtype).kind not in "OUS":
        raise ValueError(
            f"pad_sequences: value {value!r} is a text and does not fit dtype {np.dtype(dtype)}; "
            "use dtype=object"
        )
    lengths = _lengths(sequences)
    length = max(lengths, default=0) if maxlen is None else int(maxlen)
    first = next((row for row in sequences if len(row)), None)
    element = () if first is None else np.asarray(first).shape[1:]

    padded = np.full((len(lengths), length, *element), value, dtype=dtype)
    for index, row in enumerate(sequences):
        # `row[-0:]` would be the whole row.
        start = max(lengths[index] - length, 0)
        kept = row[start:] if truncating == "pre" else row[:length]
        values = _values(kept, dtype, index)
        if len(values) == 0:
            continue
        if values.shape[1:] != element:
            raise ValueError(
                f"pad_sequences: expected elements of shape {element}, as in the first sequence, "
                f"received {values.shape[1:]} at index {index}"
            )
        if padding == "pre":
            padded[index, length - len(values) :] = values
        else:
            padded[index, : len(values)] = values
    return padded
