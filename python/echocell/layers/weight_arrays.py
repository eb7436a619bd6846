"""Arrays for the weights of a layer: their number, names and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._data import arrays
from echocell.initializers import Initializer

Array = NDArray[Any]
#: Names and shapes of the weights.
Parameters = Sequence[tuple[str, tuple[int, ...]]]


def listed(weights: Any, layer: str) -> list[Any]:
    """Returns the arrays of a list or another iterable.

    Args:
        weights: the arrays.
        layer: the layer's name, for messages.

    Raises:
        TypeError: it is not iterable.
    """
    if isinstance(weights, (str, bytes)) or not isinstance(weights, Iterable):
        raise TypeError(f"{layer}: expected a list of arrays, received {weights!r}")
    return arrays.entries(weights)


def fitting(
    values: Sequence[Any], parameters: Parameters, dtype: np.dtype[Any], layer: str
) -> list[Array]:
    """Returns the weights as arrays of these shapes, finite or not.

    Args:
        values: the weights.
        parameters: names and shapes.
        dtype: dtype of the layer.
        layer: the layer's name, for messages.

    Raises:
        ValueError: the number of weights or a shape differs, or a number is too large for dtype.
    """
    if len(values) != len(parameters):
        raise ValueError(
            f"{layer}: expected {len(parameters)} weight arrays "
            f"({', '.join(name for name, _ in parameters) or 'it has none'}), received "
            f"{len(values)}"
        )
    result = []
    for value, (name, shape) in zip(values, parameters, strict=True):
        array = arrays.kept_numbers(value, dtype, f"{layer}: {name}")
        if array.shape != tuple(shape):
            raise ValueError(
                f"{layer}: {name}: expected shape {tuple(shape)}, received {array.shape}"
            )
        result.append(array)
    return result


def drawn(
    initializer: Initializer, shape: tuple[int, ...], dtype: np.dtype[Any], name: str
) -> Array:
    """Returns the values that an initializer draws for one weight.

    Args:
        initializer: the initializer.
        shape: shape of the weight.
        dtype: dtype of the layer.
        name: of the layer and its option, for messages.

    Raises:
        ValueError: the initializer returns another shape, or numbers that are not finite.
    """
    value = np.asarray(initializer(shape, dtype=dtype.name))
    if value.shape != shape:
        raise ValueError(f"{name}: expected an array of shape {shape}, received {value.shape}")
    values = arrays.numbers(value, dtype, name)
    arrays.refuse_nonfinite(values, name)
    return values


def option_of(parameter: str, what: str) -> str:
    """Returns the option of a weight: recurrent_kernel, 'initializer' -> recurrent_initializer."""
    return f"{parameter.removesuffix('_kernel')}_{what}"
