"""The base classes of all initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from echocell._common import scalars, seeds
from echocell._common.overrides import INITIALIZER
from echocell._common.registry import Configurable

Array = NDArray[Any]
Shape = Sequence[int]


class Initializer(Configurable):
    """The base class of all initializers."""

    _never_called = INITIALIZER

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns an array of this shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype)")


class RandomInitializer(Initializer):
    """The base class of initializers that draw random numbers."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = scalars.seed(seed, type(self).__name__)
        if self.seed is not None and not 0 <= self.seed < 2**32:
            raise ValueError(f"{type(self).__name__}: expected 0 <= seed < 2**32, received {seed}")

    def _generator(self) -> np.random.RandomState:
        if self.seed is None:
            return seeds.generator()
        return np.random.RandomState(self.seed)
