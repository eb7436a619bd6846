"""The weights of layers as attributes: read-only arrays that know their origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Origin(NamedTuple):
    """The weight of a layer that an array was read from."""

    name: str
    path: str
    read: Callable[[], Array]
    write: Callable[[Any], None]


class Weight(np.ndarray[Any, np.dtype[Any]]):
    """The values of one weight at the time of reading, with the calls of a Keras variable.

    A read-only array: setting its elements would change a copy and not the layer. `assign` changes
    the layer; `numpy()` and `value` read it again. Parts of it and results of arithmetic are plain
    arrays.

    Args:
        values: the array to show.
        origin: where it comes from.
    """

    _origin: Origin | None

    def __new__(cls, values: Array, origin: Origin) -> Weight:
        weight = values.view(cls)
        weight._origin = origin
        weight.flags.writeable = False
        return weight

    # Views such as w.T, and copies, come from no weight as a whole.
    def __array_finalize__(self, source: Any) -> None:
        self._origin = None

    def __array_wrap__(
        self, array: Any, context: Any = None, return_scalar: bool = False, /
    ) -> Any:
        return array.view(np.ndarray) if array.ndim else array[()]

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key]

    def __reduce__(self) -> Any:
        """For pickle: a plain array."""
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
        """The layer's name and the weight's: "lstm/kernel"."""
        return self._from().path

    @property
    def value(self) -> Weight:
        """The weight as it is now."""
        origin = self._from()
        return Weight(origin.read(), origin)

    def numpy(self) -> Array:
        """A copy of the weight as it is now, a plain array; of an array made from one, its copy."""
        return np.array(self) if self._origin is None else self._origin.read()

    def assign(self, value: Any) -> None:
        """Sets the weight in its layer.

        Args:
            value: an array of this shape.

        Raises:
            TypeError: what came are no numbers.
            ValueError: the shape is another, or a number is not finite; nothing is set then.
        """
        self._from().write(value)
