"""Type aliases of arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

#: An activation, initializer, regularizer, loss or metric: its name, configuration, object, class
#: or function.
Identifier: TypeAlias = str | Mapping[str, Any] | Callable[..., Any]
#: The extents of an array; None for an open axis.
Shape: TypeAlias = Sequence[int | None]
#: Verbosity of the progress display.
Verbose: TypeAlias = int | Literal["auto"]
#: An array of numbers.
Array: TypeAlias = NDArray[Any]
