"""Activation functions: their names, and the functions in NumPy.

An activation is given by its name, as the function of this module, or as None (linear):
`LSTM(8, activation="relu")`, `LSTM(8, activation=activations.relu)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell._common.missing_names import module_getattr
from echocell._common.suggest import suggest

__all__ = [
    "bipolar_sigmoid",
    "bipolar_sigmoid_2",
    "deserialize",
    "elu",
    "get",
    "hard_sigmoid",
    "linear",
    "relu",
    "serialize",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

Array = NDArray[Any]


def _floats(x: ArrayLike) -> Array:
    values = np.asarray(x)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def linear(x: ArrayLike) -> Array:
    """Returns x. x: any shape."""
    return np.asarray(x)


def tanh(x: ArrayLike) -> Array:
    """Returns the hyperbolic tangent. x: any shape."""
    return np.asarray(np.tanh(_floats(x)))


def sigmoid(x: ArrayLike) -> Array:
    """Returns 1 / (1 + exp(-x)), without overflow. x: any shape."""
    # exp(-log(1 + exp(-x))) never overflows, and rounds to 0 where the sigmoid does.
    return np.asarray(np.exp(-np.logaddexp(0, -_floats(x))))


def hard_sigmoid(x: ArrayLike) -> Array:
    """Returns clip(x / 6 + 1/2, 0, 1), as in Keras 3. x: any shape."""
    return np.asarray(np.clip(_floats(x) / 6 + 0.5, 0, 1))


def relu(x: ArrayLike) -> Array:
    """Returns max(x, 0). x: any shape."""
    return np.asarray(np.maximum(_floats(x), 0))


def softsign(x: ArrayLike) -> Array:
    """Returns x / (1 + |x|). x: any shape."""
    values = _floats(x)
    return np.asarray(values / (1 + np.abs(values)))


def elu(x: ArrayLike) -> Array:
    """Returns x where x > 0, else exp(x) - 1. x: any shape."""
    values = _floats(x)
    return np.asarray(np.where(values > 0, values, np.expm1(np.minimum(values, 0))))


def softplus(x: ArrayLike) -> Array:
    """Returns log(1 + exp(x)), without overflow. x: any shape."""
    return np.asarray(np.logaddexp(0, _floats(x)))


def bipolar_sigmoid(x: ArrayLike) -> Array:
    """Returns 2 / (1 + exp(-x)) - 1, in (-1, 1): h of Hochreiter & Schmidhuber 1997, eq. 4.

    x: any shape.
    """
    return np.asarray(np.tanh(_floats(x) / 2))


def bipolar_sigmoid_2(x: ArrayLike) -> Array:
    """Returns 4 / (1 + exp(-x)) - 2, in (-2, 2): g of Hochreiter & Schmidhuber 1997, eq. 5.

    x: any shape.
    """
    return np.asarray(2 * np.tanh(_floats(x) / 2))


def softmax(x: ArrayLike) -> Array:
    """Returns exp(x) over its sum along the last axis. x: [..., C]."""
    values = _floats(x)
    powers = np.exp(values - np.max(values, axis=-1, keepdims=True))
    return np.asarray(powers / np.sum(powers, axis=-1, keepdims=True))


_FUNCTIONS: dict[str, Callable[[ArrayLike], Array]] = {
    function.__name__: function
    for function in (
        linear,
        tanh,
        sigmoid,
        hard_sigmoid,
        relu,
        softsign,
        elu,
        softplus,
        bipolar_sigmoid,
        bipolar_sigmoid_2,
        softmax,
    )
}


def get(identifier: Any) -> str:
    """Returns the core's name of an activation.

    Args:
        identifier: a name, a function of this module, a configuration from `serialize`, or None.

    Returns:
        One of "linear", "tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "elu", "softplus",
        "bipolar_sigmoid", "bipolar_sigmoid_2", "softmax". None gives "linear".

    Raises:
        ValueError: an unknown name.
        TypeError: anything else, including user-defined functions.
    """
    if identifier is None:
        return "linear"
    if isinstance(identifier, str):
        if identifier in _FUNCTIONS:
            return identifier
        raise ValueError(
            f"unknown activation {identifier!r}.{suggest(identifier, _FUNCTIONS)} "
            f"Available: {', '.join(_FUNCTIONS)}"
        )
    if isinstance(identifier, Mapping):
        return get(identifier.get("config"))
    for name, function in _FUNCTIONS.items():
        if identifier is function:
            return name
    if callable(identifier):
        raise TypeError(
            f"activation: {identifier!r} is a Python function, and the compiled core cannot run "
            f"it. Expected one of {', '.join(_FUNCTIONS)}"
        )
    raise TypeError(
        f"activation: expected a name or None, received {identifier!r} of "
        f"{type(identifier).__name__}"
    )


def serialize(activation: Any) -> str:
    """Returns the name of an activation, for a saved model."""
    return get(activation)


def deserialize(config: Any) -> Callable[[ArrayLike], Array]:
    """Returns the function of this module that `serialize` named."""
    return _FUNCTIONS[get(config)]
