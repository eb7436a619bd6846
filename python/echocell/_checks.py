"""The edge between the user's data and the core: every array is checked and converted once, here.

N samples, T time steps, F features, C classes or outputs. A sample shape leaves the batch axis
out; None in it is an open axis. Errors name the argument, what was expected and what came.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Sample = tuple[int | None, ...]

# float32 counts whole numbers without a gap up to here.
LARGEST_FLOAT32_INTEGER = 2**24
# Up to here Python's own sum and min are faster than NumPy's.
SMALL = 128
# How far the sum of a one-hot or soft target may be from 1.
SUM_TOLERANCE = 1e-3


# ---- single values -----------------------------------------------------------------------------


def whole(value: Any, name: str, *, least: int = 1) -> int:
    """An integer of at least `least`; whole floats count (old scripts divide).

    Raises TypeError for what is no number, ValueError for the wrong number.
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected an integer, received {value!r}")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    try:
        number = operator.index(value)
    except TypeError:
        kind = ValueError if isinstance(value, (float, np.floating)) else TypeError
        raise kind(f"{name}: expected an integer, received {value!r}") from None
    if number < least:
        expected = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ValueError(f"{name}: expected {expected}, received {value!r}")
    return number


def rate(value: Any, name: str) -> float:
    """A share in [0, 1), such as that of dropout."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name}: expected a number, received {value!r}")
    if not 0.0 <= float(value) < 1.0:
        raise ValueError(f"{name}: expected a number in [0, 1), received {value!r}")
    return float(value)


def shape(value: Any, name: str) -> Sample:
    """A tuple of positive integers and None."""
    if isinstance(value, (int, np.integer)):
        raise ValueError(
            f"{name}: expected a tuple of integers, received the number {value}. "
            f"A tuple of one number is written ({value},)"
        )
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: expected a tuple of integers, received {value!r}")
    return tuple(None if extent is None else whole(extent, name) for extent in value)


def core_shape(sample: Sample) -> list[int]:
    """As the core counts: -1 is open."""
    return [-1 if extent is None else extent for extent in sample]


def sample_shape(extents: Sequence[int]) -> Sample:
    """From the core's counting."""
    return tuple(None if extent < 0 else extent for extent in extents)


def fits(actual: Sequence[int], expected: Sample) -> bool:
    """Is this shape one of those that `expected`, with its open axes, stands for?"""
    return (
        actual == expected
        or len(actual) == len(expected)
        and all(
            known is None or known == extent for extent, known in zip(actual, expected, strict=True)
        )
    )


def text(sample: Sample, first: str = "samples") -> str:
    """(samples, 5, 10); open axes by their meaning."""
    names = {2: ("time steps", "features"), 1: ("features",)}.get(len(sample), ())
    words = [
        str(extent) if extent is not None else (names[k] if k < len(names) else "any")
        for k, extent in enumerate(sample)
    ]
    return f"({', '.join([first, *words])}{'' if words else ','})"


# ---- numbers -----------------------------------------------------------------------------------


def as_array(value: Any, name: str) -> Array:
    """What came, as an array of booleans, integers or floats; nothing is converted yet.

    Raises TypeError for what holds no numbers, ValueError for ragged lists.
    """
    if value is None:
        raise TypeError(f"{name}: expected an array of numbers, received None")
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: expected a plain array, received a masked one. Fill it with a number "
            "(x.filled(0)) and put Masking(mask_value=0) first, or give mask="
        )
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(_ragged(value, name, error)) from None
    if array.dtype.kind in "biuf":
        return array
    raise TypeError(f"{name}: expected numbers, received {_contents(value, array)}")


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
        return f"strings, such as {str(array.flat[0])!r}: turn them into numbers first"
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
    """The value as a C-contiguous array of dtype.

    What has that dtype already is not looked at: the core checks that numbers are finite. Floats
    that are converted are checked here, where overflow can be told from infinity.
    """
    if type(value) is np.ndarray and value.dtype == dtype:
        return value if value.flags.c_contiguous else value.copy()
    return _converted(as_array(value, name), dtype, name)


def _converted(array: Array, dtype: np.dtype[Any], name: str) -> Array:
    with np.errstate(over="ignore"):
        result: Array = np.array(array, dtype, order="C", copy=None)
    if array.dtype.kind == "f":
        refuse_nonfinite(result, name, array)
    return result


def refuse_nonfinite(array: Array, name: str, original: Array | None = None) -> None:
    """Raises ValueError naming the first NaN or infinity, and whether conversion made it."""
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


# ---- inputs ------------------------------------------------------------------------------------


def inputs(value: Any, expected: Sample, dtype: np.dtype[Any], name: str = "x") -> Array:
    """Inputs as [N, *expected].

    Raises TypeError or ValueError where it holds no finite numbers, is empty, or has another
    shape; the message says how to reshape it.
    """
    x = numbers(_unwrapped(value, expected), dtype, name)
    return x if fits(x.shape[1:], expected) and x.size else fitted(x, expected, name)


def step_inputs(value: Any, features: int | None, dtype: np.dtype[Any], name: str = "x") -> Array:
    """One time step, [B, F]."""
    x = numbers(value, dtype, name)
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


def ids(value: Any, expected: Sample, classes: int, dtype: np.dtype[Any], name: str = "x") -> Array:
    """Indices for an Embedding, [N, *expected], as whole numbers below `classes`."""
    array = as_array(_unwrapped(value, expected), name)
    array = (
        array if array.size and fits(array.shape[1:], expected) else fitted(array, expected, name)
    )
    if classes > LARGEST_FLOAT32_INTEGER and dtype == np.float32:
        _refuse_large(array, name)
    refuse_bad_classes(array, classes, name, "Embedding(input_dim={0}) takes")
    return _converted(array, dtype, name)


def _unwrapped(value: Any, expected: Sample) -> Any:
    """Keras takes [x] for a model of one input."""
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
    """[N] becomes [N, 1] where samples are single numbers; all else raises ValueError."""
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


# ---- targets -----------------------------------------------------------------------------------


def targets(
    value: Any,
    loss: str,
    output: Sample,
    rows: int,
    dtype: np.dtype[Any],
    name: str = "y",
) -> Array:
    """Targets as this kind of loss takes them.

    Returns [N, *output], or for a sparse loss class numbers [N, *output[:-1]]. [N] stands for [N, 1], and [N, T] for [N, T, 1]. `output` is the shape of one output sample.
    """
    y = numbers(value, dtype, name)
    sparse = loss.startswith("sparse")
    expected = output[:-1] if sparse else output
    if not fits(y.shape[1:], expected) or not y.ndim:
        y = _reshaped_targets(y, expected, output, sparse, name)
    if y.shape[0] != rows:
        raise ValueError(
            f"{name}: expected one row per sample, {rows} as in x, received {y.shape[0]} "
            f"(shape {y.shape})"
        )
    check = _VALUE_CHECKS.get(loss)
    if check is not None:
        check(y, output, name)
    return y


def _reshaped_targets(y: Array, expected: Sample, output: Sample, sparse: bool, name: str) -> Array:
    if sparse and y.ndim >= 2 and y.shape[-1] == 1 and fits(y.shape[1:-1], expected):
        return y[..., 0]
    if not sparse and y.ndim and output[-1:] == (1,) and fits(y.shape[1:], output[:-1]):
        return y[..., np.newaxis]
    wanted = "class numbers of shape " if sparse else "the shape of the output, "
    raise ValueError(
        f"{name}: expected {wanted}{text(expected)}, received {y.shape}."
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


def _check_one_hot(y: Array, output: Sample, name: str) -> None:
    """Rows of probabilities, or zeros (padding)."""
    if output[-1] == 1:
        raise ValueError(
            f"{name}: categorical_crossentropy needs at least 2 outputs, the model has 1: it "
            "could only be certain. For two classes use loss='binary_crossentropy' with "
            "activation='sigmoid'"
        )
    if y.size <= SMALL and y.ndim == 2 and all(map(_is_distribution, y.tolist())):
        return
    sums = np.add.reduce(y, axis=-1)
    good = np.abs(sums - 1) < SUM_TOLERANCE
    if good.all() and np.minimum.reduce(y, axis=None) >= 0:
        return
    refuse_nonfinite(y, name)
    good |= sums == 0
    good &= np.minimum.reduce(y, axis=-1) >= 0
    if good.all():
        return
    place = tuple(int(k) for k in np.unravel_index(int(np.argmin(good)), good.shape))
    raise ValueError(
        f"{name}: expected one-hot rows (or probabilities that sum to 1) for "
        f"categorical_crossentropy, received {_row(y[place])} at {name}{list(place)}. "
        "utils.to_categorical makes them from class numbers; where several classes can be right "
        "at once use loss='binary_crossentropy'"
    )


def _is_distribution(row: list[float]) -> bool:
    return abs(sum(row) - 1) < SUM_TOLERANCE and min(row) >= 0


def _range(array: Array) -> tuple[float, float]:
    """The least and the largest number."""
    if array.size <= SMALL:
        values = array.ravel().tolist()
        return min(values), max(values)
    return np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)


def _row(values: Array) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:6])
    return f"[{shown}{', ...' if len(values) > 6 else ''}]"


def _check_classes(y: Array, output: Sample, name: str) -> None:
    classes = output[-1]
    if classes is not None:
        refuse_bad_classes(y, classes, name, "a model with {0} outputs takes")


def _check_probabilities(y: Array, output: Sample, name: str) -> None:
    low, high = _range(y)
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
    "categorical_crossentropy": _check_one_hot,
    "sparse_categorical_crossentropy": _check_classes,
    "binary_crossentropy": _check_probabilities,
}


def refuse_bad_classes(array: Array, classes: int, name: str, who: str) -> None:
    """Raises ValueError unless all are whole numbers from 0 to classes - 1."""
    low, high = _range(array)
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


# ---- weights of samples ------------------------------------------------------------------------


def sample_weights(
    value: Any, rows: int, output: Sample, dtype: np.dtype[Any], name: str = "sample_weight"
) -> Array:
    """[N], or [N, T] for a model with an output at every time step; [N, 1] stands for [N]."""
    weights = numbers(value, dtype, name)
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
    value: Any, y: Array, loss: str, dtype: np.dtype[Any], name: str = "class_weight"
) -> Array:
    """{class: weight} as weights of samples, [N] or [N, T]. Classes that are not named weigh 1.

    y: as targets() gave it.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict of class numbers and weights, received {value!r}")
    if loss.startswith("sparse"):
        classes = y
    elif y.shape[-1] > 1:
        classes = y.argmax(axis=-1)
    else:
        classes = y[..., 0]
    result = np.ones(classes.shape, dtype)
    for key, weight in value.items():
        number = whole(key, f"{name}: class", least=0)
        if not np.isfinite(weight):
            raise ValueError(f"{name}[{key}]: expected a finite number, received {weight!r}")
        result[classes == number] = weight
    return result


# ---- masks and states --------------------------------------------------------------------------


def mask_bytes(value: Any, x: Array, name: str = "mask") -> NDArray[np.uint8]:
    """[N, T], True where a step counts."""
    array = as_array(value, name)
    if array.shape != x.shape[:2]:
        raise ValueError(
            f"{name}: expected one value per sample and time step, shape {x.shape[:2]}, received "
            f"{array.shape}"
        )
    return np.ascontiguousarray(array != 0, dtype=np.uint8)


def states(
    value: Any, widths: Sequence[int], rows: int | None, dtype: np.dtype[Any], name: str
) -> list[Array]:
    """One array [B, width] per state of the layer; rows: B, None where any will do."""
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(given) != len(widths):
        raise ValueError(f"{name}: expected {len(widths)} arrays, received {len(given)}")
    arrays = [numbers(state, dtype, f"{name}[{k}]") for k, state in enumerate(given)]
    for k, (state, width) in enumerate(zip(arrays, widths, strict=True)):
        batch = arrays[0].shape[:1][0] if rows is None and arrays[0].ndim else rows
        if state.shape != (batch, width) or batch == 0:
            expected = f"({'rows' if batch is None else batch}, {width})"
            raise ValueError(f"{name}[{k}]: expected shape {expected}, received {state.shape}")
    return arrays
