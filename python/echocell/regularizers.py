"""Penalties on weights, added to the loss: l1 * sum(|w|) + l2 * sum(w * w)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from echocell._common.missing_names import module_getattr
from echocell._common.overrides import REGULARIZER
from echocell._common.registry import Configurable, Registry
from echocell._common.scalars import check_number

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


class Regularizer(Configurable):
    """A penalty on one weight array.

    Attributes:
        l1: factor of the sum of absolute values.
        l2: factor of the sum of squares.
    """

    _never_called = REGULARIZER
    l1: float = 0.0
    l2: float = 0.0

    def __call__(self, x: ArrayLike) -> float:
        """Returns the penalty for weights x of any shape."""
        values = np.asarray(x)
        return float(self.l1 * np.sum(np.abs(values)) + self.l2 * np.sum(np.square(values)))


class L1(Regularizer):
    """l1 * sum(|w|).

    Args:
        l1: factor, >= 0. Default 0.01.
        l: Keras 2's name for l1.
    """

    kind: ClassVar[str] = "l1"
    _arguments: ClassVar[tuple[str, ...]] = ("l1",)

    def __init__(self, l1: float = 0.01, *, l: float | None = None) -> None:  # noqa: E741
        self.l1 = check_number("L1", "l1", l1 if l is None else l)


class L2(Regularizer):
    """l2 * sum(w * w).

    Args:
        l2: factor, >= 0. Default 0.01.
        l: Keras 2's name for l2.
    """

    kind: ClassVar[str] = "l2"
    _arguments: ClassVar[tuple[str, ...]] = ("l2",)

    def __init__(self, l2: float = 0.01, *, l: float | None = None) -> None:  # noqa: E741
        self.l2 = check_number("L2", "l2", l2 if l is None else l)


class L1L2(Regularizer):
    """l1 * sum(|w|) + l2 * sum(w * w).

    Args:
        l1, l2: factors, >= 0. Default 0 and 0.
    """

    kind: ClassVar[str] = "l1_l2"
    _arguments: ClassVar[tuple[str, ...]] = ("l1", "l2")

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_number("L1L2", "l1", l1)
        self.l2 = check_number("L1L2", "l2", l2)


def l1(l1: float = 0.01, *, l: float | None = None) -> L1:  # noqa: E741
    """Returns `L1(l1)`."""
    return L1(l1, l=l)


def l2(l2: float = 0.01, *, l: float | None = None) -> L2:  # noqa: E741
    """Returns `L2(l2)`."""
    return L2(l2, l=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Returns `L1L2(l1, l2)`, with Keras 2's defaults of 0.01 each."""
    return L1L2(l1, l2)


_FUNCTIONS: dict[str, Callable[[], Regularizer]] = {"l1": l1, "l2": l2, "l1_l2": l1_l2}
_REGISTRY: Registry[Regularizer] = Registry(
    "regularizer", Regularizer, (L1, L2, L1L2), {"l1l2": L1L2}
)


def get(identifier: Any) -> Regularizer | None:
    """Returns a regularizer from a name, class, object, configuration or None.

    Raises:
        ValueError: an unknown name.
        TypeError: anything else.
    """
    if identifier is None:
        return None
    for name, function in _FUNCTIONS.items():
        if identifier is function or (isinstance(identifier, str) and identifier == name):
            return function()
    return _REGISTRY.get(identifier)


def serialize(regularizer: Regularizer | None) -> dict[str, Any] | None:
    """Returns the regularizer as a dictionary of plain values; None stays None."""
    return None if regularizer is None else _REGISTRY.serialize(regularizer)


def deserialize(config: Any) -> Regularizer | None:
    """Makes the regularizer from the result of `serialize`."""
    return None if config is None else _REGISTRY.deserialize(config)
