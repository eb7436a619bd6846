"""Weights of layers as attributes: read-only arrays that know their origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Origin(NamedTuple):
    """The layer and the weight that an array was read from."""

    name: str
    path: str
    read: Callable[[], Array]
    write: Callable[[Any], None]


class Weight(np.ndarray[Any, np.dtype[Any]]):
    """The values of one weight at the time of reading, with the interface of a Keras variable.

    The array is read-only, because setting its elements would change a copy and not the layer.
    `assign` changes the layer; `numpy()` and `value` read the current values. Slices and results of
    arithmetic are plain arrays.

    Args:
        values: the values.
        origin: the layer and the weight.
    """

    _origin: Origin | None

    def __new__(cls, values: Array, origin: Origin) -> Weight:
        """Returns a read-only view of the values."""
        weight = values.view(cls)
        weight._origin = origin
        weight.flags.writeable = False
        return weight

    # Views such as w.T, and copies, have no origin.
    def __array_finalize__(self, source: Any) -> None:
        self._origin = None

    def __array_wrap__(
        self, array: Any, context: Any = None, return_scalar: bool = False, /
    ) -> Any:
        return array.view(np.ndarray) if array.ndim else array[()]

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key]

    def __reduce__(self) -> Any:
        """Pickles as a plain array."""
        return self.view(np.ndarray).__reduce__()

    def _from(self) -> Origin:
        if self._origin is None:
            raise AttributeError("expected a weight of a layer, received an array made from one")
        return self._origin

    @property
    def name(self) -> str:
        """The weight's name in its layer: "kernel", "recurrent_kernel", "bias", ..."""
        return self._from().name

    @property
    def path(self) -> str:
        """The names of the layer and the weight: "lstm/kernel"."""
        return self._from().path

    @property
    def value(self) -> Weight:
        """The weight with its current values."""
        origin = self._from()
        return Weight(origin.read(), origin)

    def numpy(self) -> Array:
        """Returns a copy of the current values as a plain array; of a derived array, its copy."""
        return np.array(self) if self._origin is None else self._origin.read()

    def assign(self, value: Any) -> None:
        """Sets the weight in its layer.

        Args:
            value: an array of the weight's shape.

        Raises:
            TypeError: the value does not hold numbers.
            ValueError: the shape differs, or a number is not finite. The weight is unchanged then.
        """
        self._from().write(value)
