"""Functions of `keras.backend`: the float type, and reading and setting variables."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell import _core
from echocell._common.missing_names import module_getattr
from echocell._common.naming import reset_names

__all__ = [
    "backend",
    "batch_get_value",
    "batch_set_value",
    "cast",
    "cast_to_floatx",
    "clear_session",
    "count_params",
    "dtype",
    "epsilon",
    "eval",
    "floatx",
    "get_value",
    "set_floatx",
    "set_value",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

_FLOATX = ("float32", "float64")
_floatx = "float32"


def backend() -> str:
    """Returns the name of the backend: "echocell"."""
    return "echocell"


def floatx() -> str:
    """Returns the default dtype of models, initially "float32"."""
    return _floatx


def set_floatx(value: str) -> None:
    """Sets the default dtype of models.

    Args:
        value: "float32" or "float64".

    Raises:
        ValueError: any other value.
    """
    global _floatx
    if value not in _FLOATX:
        raise ValueError(f"set_floatx: expected 'float32' or 'float64', received {value!r}")
    _floatx = value


def epsilon() -> float:
    """Returns the distance that losses keep probabilities from 0 and 1: 1e-7."""
    return 1e-7


def cast_to_floatx(x: ArrayLike) -> NDArray[Any]:
    """Returns x as an array of dtype `floatx()`."""
    return np.asarray(x, dtype=_floatx)


def cast(x: ArrayLike, dtype: str) -> NDArray[Any]:
    """Returns x as an array of the given dtype."""
    return np.asarray(x, dtype=dtype)


def dtype(x: ArrayLike) -> str:
    """Returns the name of x's dtype; for a Python number, `floatx()`."""
    return str(x.dtype) if hasattr(x, "dtype") else _floatx


def get_value(x: Any) -> Any:
    """Returns the value of a variable, such as `optimizer.lr`, in NumPy; other values as they
    are.
    """
    return x.numpy() if hasattr(x, "numpy") else x


def eval(x: Any) -> Any:
    """Same as `get_value`: there are no symbolic tensors to evaluate."""
    return get_value(x)


def set_value(x: Any, value: Any) -> None:
    """Sets a variable: `set_value(model.optimizer.lr, 0.01)`.

    Raises:
        TypeError: x is not a variable.
    """
    if not hasattr(x, "assign"):
        raise TypeError(
            f"set_value: expected a variable such as optimizer.learning_rate, received {x!r}"
        )
    x.assign(value)


def batch_get_value(xs: Iterable[Any]) -> list[Any]:
    """Returns the values of several variables; see `get_value`."""
    return [get_value(x) for x in xs]


def batch_set_value(pairs: Iterable[tuple[Any, Any]]) -> None:
    """Calls `set_value` for each pair of a variable and its value, in order."""
    for x, value in pairs:
        set_value(x, value)


def count_params(x: ArrayLike) -> int:
    """Returns the number of elements of an array, such as one of `model.trainable_weights`."""
    return int(np.size(x))


def clear_session() -> None:
    """Resets the automatic names of layers (lstm, lstm_1, ...) and frees memory.

    It collects models that are only kept alive by cycles of references, and frees the workspaces
    that models keep for their next batches, except those in use by a running call.
    """
    reset_names()
    gc.collect()
    _core.release_workspaces()
