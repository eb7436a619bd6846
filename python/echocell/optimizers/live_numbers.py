"""Numbers of an optimizer as attributes, with the interface of a Keras variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from echocell.optimizers import Optimizer


class _Live:
    """A number with the methods of a Keras variable.

    As a number it has the value at the time of reading; `numpy()`, `value` and `assign()` access
    the optimizer.
    """

    _optimizer: Optimizer
    _attribute: ClassVar[str]
    _current: ClassVar[type]

    def numpy(self) -> Any:
        """Returns the current value as a NumPy scalar."""
        return np.asarray(getattr(self._optimizer, self._attribute))[()]

    @property
    def value(self) -> Any:
        """The current value. Both `value` (Keras 3) and `value()` (Keras 2) work."""
        return self._current(getattr(self._optimizer, self._attribute), self._optimizer)

    def assign(self, value: Any) -> None:
        """Sets the value in the optimizer."""
        setattr(self._optimizer, self._attribute, value)


class _Current(_Live):
    """A number that can also be called, like `value()` of Keras 2."""

    def __call__(self) -> Any:
        return self.numpy()


class LearningRate(_Live, float):
    """An optimizer's learning rate: a float with `numpy()`, `value` and `assign(value)`."""

    _attribute = "learning_rate"

    def __new__(cls, value: float, optimizer: Optimizer) -> LearningRate:
        """Makes the number with its current value and a reference to its optimizer."""
        rate = float.__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


class _CurrentLearningRate(_Current, LearningRate):
    pass


class Iterations(_Live, int):
    """An optimizer's count of updates: an int with `numpy()`, `value` and `assign(value)`."""

    _attribute = "iterations"

    def __new__(cls, value: int, optimizer: Optimizer) -> Iterations:
        """Makes the number with its current value and a reference to its optimizer."""
        count = int.__new__(cls, value)
        count._optimizer = optimizer
        return count

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (int(self),)


class _CurrentIterations(_Current, Iterations):
    pass


LearningRate._current = _CurrentLearningRate
Iterations._current = _CurrentIterations
