"""Checks of scalar arguments.

Results are built-in types, also for NumPy scalars, because saved models hold them.
"""

from __future__ import annotations

import math
import operator
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def whole(value: Any, name: str, *, least: int = 1) -> int:
    """Returns an integer of at least `least`. Floats without a fraction are accepted.

    Raises:
        TypeError: the value is not a number.
        ValueError: the number is fractional or too small.
    """
    if isinstance(value, (float, np.floating)):
        if not float(value).is_integer():
            raise ValueError(f"{name}: expected an integer, received {value!r}")
        value = int(value)
    number = _integer(value, name)
    if number < least:
        expected = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ValueError(f"{name}: expected {expected}, received {value!r}")
    if number > sys.maxsize:
        raise ValueError(f"{name}: expected at most {sys.maxsize}, received {value!r}")
    return number


def seed(value: Any, where: str) -> int | None:
    """Returns an integer or None. Raises TypeError, naming the class, for anything else."""
    return None if value is None else _integer(value, where, "an integer or None for seed")


def _integer(value: Any, name: str, expected: str = "an integer") -> int:
    if not isinstance(value, (bool, np.bool_)):
        with suppress(TypeError):
            return operator.index(value)
    raise TypeError(f"{name}: expected {expected}, received {value!r}")


def rate(value: Any, name: str) -> float:
    """Returns a fraction in [0, 1], such as a dropout rate."""
    number = real(value, name)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name}: expected a number in [0, 1], received {value!r}")
    return number


def real(value: Any, name: str) -> float:
    """Returns a number as a float, possibly infinite or NaN. Raises TypeError for other values."""
    single = hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0
    if single and not isinstance(value, (bool, np.bool_)):
        with suppress(TypeError):
            try:
                return float(value)
            except OverflowError:  # an integer larger than any float
                return math.inf if value > 0 else -math.inf
    raise TypeError(f"{name}: expected a number, received {value!r}")


def check_number(
    where: str,
    name: str,
    value: Any,
    *,
    low: float = 0.0,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = True,
) -> float:
    """Returns `value` as a float within [low, high).

    Args:
        where: name of the class, for error messages.
        name: name of the argument.
        value: the given value.
        low: lower bound. Default 0.
        high: upper bound. Default infinity.
        open_low: whether the lower bound is excluded. Default False.
        open_high: whether the upper bound is excluded. Default True.

    Raises:
        TypeError: the value is not a number.
        ValueError: the number is outside of the bounds.
    """
    try:
        number = real(value, name)
    except TypeError:
        raise TypeError(
            f"{where}: expected a number for {name}, received {value!r} of {type(value).__name__}"
        ) from None
    above = number > low if open_low or low == -math.inf else number >= low
    below = number < high if open_high else number <= high
    if not (above and below):
        left = f"{low:g} {'<' if open_low else '<='} "
        right = "" if high == math.inf else f" {'<' if open_high else '<='} {high:g}"
        raise ValueError(f"{where}: expected {left}{name}{right} and finite, received {value!r}")
    return number
