"""Checks and converts arrays, once, between the user and the core.

N samples, T time steps, F features, C classes or outputs. A sample shape has no batch axis; None
in it is an open axis. Errors name the argument, what was expected and what was received.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from echocell._data.shapes import Sample, fits, text

Array = NDArray[Any]

# The largest integer up to which float32 represents all integers.
LARGEST_FLOAT32_INTEGER = 2**24
# The core converts arrays of these dtypes itself, and checks that their numbers are finite.
_TAKEN_BY_CORE = frozenset(np.dtype(kind) for kind in ("?", "u1", "i4", "i8", "f4", "f8"))
# Up to this size Python's sum and min are faster than NumPy's.
SMALL = 128


def entries(value: Iterable[Any]) -> list[Any]:
    """Returns the entries of a list, an array or another iterable.

    A memoryview with several axes, or with a format that Python cannot index, is read as an array.
    """
    return list(np.asarray(value) if isinstance(value, memoryview) else value)


# ---- numbers -----------------------------------------------------------------------------------


def as_array(value: Any, name: str) -> Array:
    """Returns the value as an array of booleans, integers or floats, not yet converted.

    Raises:
        TypeError: the value does not hold numbers.
        ValueError: the value is a list of rows of different lengths.
    """
    if value is None:
        raise TypeError(f"{name}: expected an array of numbers, received None")
    if _is_masked(value):
        raise TypeError(
            f"{name}: expected a plain array, received a masked one. Fill it with a number "
            "(x.filled(0)) and put Masking(mask_value=0) first, or give mask="
        )
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(_ragged(value, name, error)) from None
    if array.dtype.kind in "biuf":
        if not array.flags.c_contiguous:
            refuse_too_large(array, array.dtype, name)
        return array
    raise TypeError(f"{name}: expected numbers, received {_contents(value, array)}")


def _is_masked(value: Any) -> bool:
    # Reading np.ma would import it, which takes longer than everything else in the first fit.
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(value, masked.MaskedArray)


def _ragged(value: Any, name: str, error: Exception) -> str:
    lengths = sorted({len(row) for row in value if hasattr(row, "__len__")})
    if len(lengths) > 1:
        return (
            f"{name}: expected rows of one length, received lengths {lengths[0]} to {lengths[-1]}. "
            "Pad them with preprocessing.sequence.pad_sequences, and put Masking or "
            "Embedding(mask_zero=True) first so that the padding does not count"
        )
    return f"{name}: expected an array of numbers with one shape, received something else ({error})"


def _contents(value: Any, array: Array) -> str:
    kind = array.dtype.kind
    if kind in "USTa":
        such = f", such as {str(array.flat[0])!r}" if array.size else ""
        return f"strings{such}: turn them into numbers first"
    if kind == "c":
        return f"complex numbers (dtype {array.dtype})"
    if kind in "mM":
        return f"dates or times (dtype {array.dtype})"
    if array.ndim == 0:
        return f"{type(value).__name__} {str(value)[:40]!r}"
    first = array.flat[0] if array.size else None
    return (
        f"objects (dtype {array.dtype}), the first of type {type(first).__name__}. "
        "If they are numbers, convert with np.asarray(data, dtype='float32')"
    )


def numbers(value: Any, dtype: np.dtype[Any], name: str) -> Array:
    """Returns the value as a C-contiguous array of `dtype`.

    An array that already has this dtype is not inspected: the core checks that its numbers are
    finite. Converted floats are checked here, where overflow can be told from infinity.
    """
    if type(value) is np.ndarray and value.dtype == dtype:
        if value.flags.c_contiguous:
            return value
        refuse_too_large(value, dtype, name)
        return value.copy()
    return _converted(as_array(value, name), dtype, name)


def data(value: Any, dtype: np.dtype[Any], name: str) -> Array:
    """Returns the value as an array that the core accepts for a network of `dtype`.

    The core checks that the numbers are finite; explain() then finds the first that is not.
    """
    if type(value) is np.ndarray and value.dtype in _TAKEN_BY_CORE and value.flags.c_contiguous:
        return value
    return numbers(value, dtype, name)


def explain(error: ValueError, given: Mapping[str, Array], dtype: DTypeLike) -> NoReturn:
    """Raises an error that names the first non-finite number, or else the core's error.

    Args:
        error: raised by the core.
        given: the arrays by name, as data() returned them.
        dtype: of the network.
    """
    try:
        refuse_nonfinite_as(given, dtype)
    except ValueError as found:
        raise found from None
    raise error


def refuse_nonfinite_as(given: Mapping[str, Array], dtype: DTypeLike) -> None:
    """Raises ValueError if one of these arrays is not finite when converted to `dtype`."""
    for name, array in given.items():
        with np.errstate(over="ignore"):
            converted = np.asarray(array, dtype)
        refuse_nonfinite(converted, name, array)


def _converted(array: Array, dtype: np.dtype[Any], name: str) -> Array:
    refuse_too_large(array, dtype, name)
    with np.errstate(over="ignore"):
        result: Array = np.asarray(array, dtype, order="C")
    if array.dtype.kind == "f":
        refuse_nonfinite(result, name, array)
    return result


def kept_numbers(value: Any, dtype: np.dtype[Any], name: str) -> Array:
    """Converts like numbers(), but keeps NaN and infinity, for states that a model has carried.

    Raises:
        ValueError: conversion turned a finite number into infinity.
    """
    array = as_array(value, name)
    with np.errstate(over="ignore"):
        result: Array = np.asarray(array, dtype, order="C")
    refuse_nonfinite(np.where(np.isfinite(array), result, dtype.type(0)), name, array)
    return result


def refuse_too_large(array: Array, dtype: np.dtype[Any], name: str) -> None:
    """Raises ValueError if a copy as `dtype` needs more memory than the machine has.

    A view can have any number of elements, such as the result of np.broadcast_to.
    """
    needed = array.size * dtype.itemsize
    if needed <= SMALL or needed <= _memory():
        return
    raise ValueError(
        f"{name}: expected an array that fits in memory, received shape {array.shape}: "
        f"{needed / 2**30:.0f} GiB as {dtype}, where the machine has {_memory() / 2**30:.0f} GiB"
    )


@cache
def _memory() -> int:
    """Returns the machine's memory in bytes; sys.maxsize if it is unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def refuse_nonfinite(array: Array, name: str, original: Array | None = None) -> None:
    """Raises ValueError naming the first NaN or infinity, and whether conversion caused it."""
    finite = np.isfinite(array)
    if finite.all():
        return
    place = tuple(int(k) for k in np.unravel_index(int(np.argmin(finite)), array.shape))
    source = array if original is None else original
    value = source[place]
    where = f"{name}{list(place)}" if place else name
    if np.isfinite(value):
        raise ValueError(
            f"{where} is {value}: too large for {array.dtype}. Scale the data, or make the model "
            "with dtype='float64'"
        )
    count = int(finite.size - np.count_nonzero(finite))
    raise ValueError(
        f"{name}: expected finite numbers, received {value} at {where} "
        f"({count} of {finite.size} numbers are NaN or infinite)"
    )


def extremes(array: Array) -> tuple[float, float]:
    """Returns the minimum and the maximum."""
    if array.size <= SMALL:
        values = array.ravel().tolist()
        return min(values), max(values)
    return np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)


def refuse_bad_classes(array: Array, classes: int, name: str, who: str) -> None:
    """Raises ValueError unless all numbers are integers from 0 to classes - 1."""
    low, high = extremes(array)
    if array.dtype.kind == "f" and not (np.floor(array) == array).all():
        refuse_nonfinite(array, name)
        bad = array[np.floor(array) != array].flat[0]
        raise ValueError(f"{name}: expected whole numbers, received {bad:g}")
    if low >= 0 and high < classes:
        return
    refuse_nonfinite(array, name)
    raise ValueError(
        f"{name}: {who.format(classes)} numbers from 0 to {classes - 1}, received "
        f"{low if low < 0 else high:g}"
    )


# ---- inputs ------------------------------------------------------------------------------------


def inputs(value: Any, expected: Sample, dtype: np.dtype[Any], name: str = "x") -> Array:
    """Returns the inputs as [N, *expected].

    Raises:
        TypeError: the value does not hold numbers.
        ValueError: it is empty, not finite or of another shape; the message says how to reshape it.
    """
    x = data(unwrapped(value, expected), dtype, name)
    return x if fits(x.shape[1:], expected) and x.size else fitted(x, expected, name)


def step_inputs(value: Any, features: int | None, dtype: np.dtype[Any], name: str = "x") -> Array:
    """Returns the input of one time step, [B, F]."""
    x = data(value, dtype, name)
    if x.ndim == 2 and x.size and features in (None, x.shape[1]):
        return x
    hint = ""
    if x.ndim == 1 and features in (None, len(x)):
        hint = f" For one sequence: {name}.reshape(1, {len(x)})"
    elif x.ndim == 3 and x.shape[1] == 1:
        hint = f" One step at a time: {name}[:, 0]"
    raise ValueError(
        f"{name}: expected one time step of every sequence, shape "
        f"{text((features,), 'sequences')}, received {x.shape}.{hint}"
    )


def step_ids(value: Any, name: str = "x") -> Array:
    """Returns the ids of one time step, given as [B] or [B, 1], as [B, 1]."""
    array = as_array(value, name)
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        return array.reshape(-1, 1)
    hint = f" One step at a time: {name}[:, 0]" if array.ndim == 2 else ""
    raise ValueError(
        f"{name}: expected the ids of one time step of every sequence, shape (sequences,) or "
        f"(sequences, 1), received {array.shape}.{hint}"
    )


def ids(value: Any, expected: Sample, classes: int, dtype: np.dtype[Any], name: str = "x") -> Array:
    """Returns indices for an Embedding, [N, *expected], as integers below `classes`."""
    array = as_array(unwrapped(value, expected), name)
    array = (
        array if array.size and fits(array.shape[1:], expected) else fitted(array, expected, name)
    )
    if classes > LARGEST_FLOAT32_INTEGER and dtype == np.float32:
        _refuse_large(array, name)
    refuse_bad_classes(array, classes, name, "Embedding(input_dim={0}) takes")
    return data(array, dtype, name)


def refuse_streams(value: Any, verb: str) -> None:
    """Raises TypeError for a source of batches: a generator, a Keras Sequence, a loader."""
    if type(value) is np.ndarray:
        return
    many = hasattr(value, "__iter__") and not hasattr(value, "__getitem__")
    if hasattr(value, "__array__") or not (many or hasattr(value, "on_epoch_end")):
        return
    raise TypeError(
        f"{verb}: expected arrays, received {value!r} of {type(value).__name__}. Generators and "
        "loaders of batches are not taken; give the data as a whole, for example "
        "x, y = map(np.concatenate, zip(*batches))"
    )


def unwrapped(value: Any, expected: Sample) -> Any:
    """Returns x where [x] is given; Keras accepts both for a model with one input."""
    if type(value) is list and len(value) == 1 and isinstance(value[0], np.ndarray):
        return value[0] if value[0].ndim > len(expected) else value
    return value


def _refuse_large(array: Array, name: str) -> None:
    if array.max() > LARGEST_FLOAT32_INTEGER:
        raise ValueError(
            f"{name}: expected indices up to {LARGEST_FLOAT32_INTEGER}, the largest that float32 "
            f"counts to, received {array.max()}. Make the model with dtype='float64'"
        )


def fitted(x: Array, expected: Sample, name: str) -> Array:
    """Returns [N] as [N, 1] if samples are single numbers; raises ValueError for other shapes."""
    if x.ndim == 0:
        raise ValueError(f"{name}: expected shape {text(expected)}, received the number {x}")
    if x.size == 0:
        raise ValueError(f"{name} is empty: expected shape {text(expected)}, received {x.shape}")
    if x.ndim == 1 and expected == (1,):
        return x[:, np.newaxis]
    if fits(x.shape[1:], expected):
        return x
    meaning = {
        2: ", that is (samples, time steps, features)",
        1: ", that is (samples, features)",
    }.get(len(expected), "")
    raise ValueError(
        f"{name}: expected shape {text(expected)}{meaning}, received {x.shape}. "
        f"{_reshape_hint(x, expected, name)}"
    )


def _reshape_hint(x: Array, expected: Sample, name: str) -> str:
    if x.ndim == len(expected) + 1:
        return _axis_hint(x, expected)
    known = [extent for extent in expected if extent is not None]
    size = int(np.prod(known, dtype=np.int64))
    width = int(np.prod(x.shape[1:], dtype=np.int64))
    if x.ndim == 2 and len(expected) == 2:
        steps, features = expected
        if features == width and steps in (None, 1):
            return f"For one time step of {width} features: {name}.reshape(-1, 1, {width})"
        if features == 1 and steps in (None, width):
            return f"For {width} time steps of one feature: {name}.reshape(-1, {width}, 1)"
    if len(known) == len(expected) and (width == size or (x.ndim == 1 and len(x) % size == 0)):
        return f"Try {name}.reshape({', '.join(map(str, [-1, *known]))})"
    return f"A sample has {len(expected)} axes here, and {max(0, x.ndim - 1)} in {name}"


def _axis_hint(x: Array, expected: Sample) -> str:
    names = {2: ("time steps", "features"), 1: ("features",)}.get(len(expected))
    for axis in range(len(expected) - 1, -1, -1):
        extent, known = x.shape[axis + 1], expected[axis]
        if known is not None and extent != known:
            what = names[axis] if names else f"numbers along axis {axis + 1}"
            return f"The model was built for {known} {what}, not {extent}"
    return ""
