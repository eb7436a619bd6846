"""Initializers without random numbers."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from echocell._common.scalars import check_number
from echocell._data.arrays import as_array, refuse_nonfinite
from echocell.initializers.initializer import Array, Initializer, Shape


class Constant(Initializer):
    """Sets all weights to the same value, or to given values.

    Args:
        value: a number, or an array that broadcasts to the weight's shape. Default 0.
    """

    kind: ClassVar[str] = "constant"
    _arguments: ClassVar[tuple[str, ...]] = ("value",)

    def __init__(self, value: ArrayLike = 0.0) -> None:
        array = as_array(value, "Constant: value")
        refuse_nonfinite(array, "Constant: value")
        self.value = array.tolist()  # a number if it has no axes

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns an array filled with the value.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".

        Raises:
            ValueError: the value is an array that does not broadcast to the shape.
        """
        return np.full(tuple(shape), self.value, dtype=dtype)


class Zeros(Initializer):
    """Zeros."""

    kind: ClassVar[str] = "zeros"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns an array of zeros.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".
        """
        return np.zeros(tuple(shape), dtype=dtype)


class Ones(Initializer):
    """Ones."""

    kind: ClassVar[str] = "ones"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns an array of ones.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".
        """
        return np.ones(tuple(shape), dtype=dtype)


class Identity(Initializer):
    """The identity matrix times a gain; only for weights with two axes.

    Args:
        gain: factor. Default 1.
    """

    kind: ClassVar[str] = "identity"
    _arguments: ClassVar[tuple[str, ...]] = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Identity", "gain", gain, low=-math.inf)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns the identity matrix times the gain.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".

        Raises:
            ValueError: the shape does not have two axes.
        """
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of 2 axes, received {tuple(shape)}")
        rows, columns = shape
        return np.asarray(self.gain * np.eye(rows, columns)).astype(dtype)
