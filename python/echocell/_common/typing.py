"""Types of the arguments that take several kinds of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

#: What names an activation, an initializer, a regularizer, a loss or a metric: its name, its
#: configuration, the object, its class or its function.
Identifier: TypeAlias = str | Mapping[str, Any] | Callable[..., Any]
#: The extents of an array; None is open.
Shape: TypeAlias = Sequence[int | None]
#: How much is said of the progress.
Verbose: TypeAlias = int | Literal["auto"]
#: An array of numbers.
Array: TypeAlias = NDArray[Any]
