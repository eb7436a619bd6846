"""Initializers that draw from a fixed distribution, independent of the shape."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from echocell._common.scalars import check_number
from echocell.initializers.initializer import Array, RandomInitializer, Shape


def truncated_normal(generator: np.random.RandomState, shape: Shape, stddev: float) -> Array:
    """Draws normal numbers of deviation `stddev`; those beyond two of them are drawn again."""
    values = generator.standard_normal(tuple(shape))
    outside = np.abs(values) > 2
    while np.any(outside):
        values[outside] = generator.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2
    return stddev * values


class RandomNormal(RandomInitializer):
    """Normal distribution.

    Args:
        mean: default 0.
        stddev: standard deviation. Default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "random_normal"
    _arguments: ClassVar[tuple[str, ...]] = ("mean", "stddev", "seed")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = check_number(type(self).__name__, "mean", mean, low=-math.inf)
        self.stddev = check_number(type(self).__name__, "stddev", stddev)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns normal random numbers.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".
        """
        values = self._generator().standard_normal(tuple(shape))
        return np.asarray(self.mean + self.stddev * values).astype(dtype)


class TruncatedNormal(RandomNormal):
    """Normal distribution; numbers beyond two standard deviations are drawn again.

    Args:
        mean: default 0.
        stddev: standard deviation before truncation. Default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "truncated_normal"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns normal random numbers within two standard deviations of the mean.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".
        """
        values = truncated_normal(self._generator(), shape, self.stddev)
        return np.asarray(self.mean + values).astype(dtype)


class RandomUniform(RandomInitializer):
    """Uniform distribution over [minval, maxval).

    Args:
        minval: default -0.05.
        maxval: default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "random_uniform"
    _arguments: ClassVar[tuple[str, ...]] = ("minval", "maxval", "seed")

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = check_number("RandomUniform", "minval", minval, low=-math.inf)
        self.maxval = check_number("RandomUniform", "maxval", maxval, low=-math.inf)
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform: expected minval <= maxval, received {minval!r} and {maxval!r}"
            )

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns uniform random numbers.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".
        """
        values = self._generator().uniform(self.minval, self.maxval, tuple(shape))
        return np.asarray(values).astype(dtype)
