"""Checks of single values: the one home of all of them.

Results are of Python's own types, whatever NumPy scalar came: a saved model holds them.
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
    """An integer of at least `least`; whole floats count (old scripts divide).

    Raises TypeError for what is no number, ValueError for the wrong number.
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
    """An integer or None. Raises TypeError, in the name of the class, for anything else."""
    return None if value is None else _integer(value, where, "an integer or None for seed")


def _integer(value: Any, name: str, expected: str = "an integer") -> int:
    if not isinstance(value, (bool, np.bool_)):
        with suppress(TypeError):
            return operator.index(value)
    raise TypeError(f"{name}: expected {expected}, received {value!r}")


def rate(value: Any, name: str) -> float:
    """A share in [0, 1], such as that of dropout."""
    number = real(value, name)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name}: expected a number in [0, 1], received {value!r}")
    return number


def real(value: Any, name: str) -> float:
    """A number as a float, which may be infinite or NaN. Raises TypeError for what is none."""
    single = hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0
    if single and not isinstance(value, (bool, np.bool_)):
        with suppress(TypeError):
            try:
                return float(value)
            except OverflowError:  # an integer beyond all floats
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
    """`value` as a float within [low, high), or the error that says what was expected.

    Args:
        where: the class whose argument it is.
        name: the argument.
        value: what was given.
        low: lower bound. Default 0.
        high: upper bound. Default infinity.
        open_low: whether the lower bound itself is outside. Default False.
        open_high: whether the upper bound itself is outside. Default True.
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
