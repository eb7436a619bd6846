"""Orthonormal initial weights."""

from __future__ import annotations

import math
from typing import ClassVar

from numpy.typing import DTypeLike

from echocell import _core
from echocell._common.scalars import check_number
from echocell.initializers.initializer import Array, RandomInitializer, Shape


class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, whichever are fewer (Saxe et al., 2014).

    The distribution is uniform over all such matrices. A weight with more than two axes is filled
    as the matrix [product of the others, last axis]. The computation uses float64 and a single
    thread: the same random numbers give the same bits for any number of threads and any BLAS.
    Builds of the core for different instruction sets may differ in the last bits of float64.

    Args:
        gain: factor. Default 1.
        seed: integer or None.
    """

    kind: ClassVar[str] = "orthogonal"
    _arguments: ClassVar[tuple[str, ...]] = ("gain", "seed")

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = check_number("Orthogonal", "gain", gain, low=-math.inf)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        """Returns a random orthonormal matrix times the gain.

        Args:
            shape: shape of the weight.
            dtype: dtype of the result. Default "float32".

        Raises:
            ValueError: the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal: expected a shape of at least 2 axes, received {tuple(shape)}"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(rows, columns), min(rows, columns)
        q = _core.orthonormal_columns(self._generator().standard_normal((long, short)))
        q *= self.gain
        if rows < columns:
            q = q.T
        return q.reshape(tuple(shape)).astype(dtype)
