"""Types of the arguments that take several kinds of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from echocell.callbacks import Callback

#: What names an activation, an initializer, a regularizer, a loss or a metric: its name, its
#: configuration, the object, its class or its function.
Identifier: TypeAlias = str | Mapping[str, Any] | Callable[..., Any]
#: The extents of an array; None is open.
Shape: TypeAlias = Sequence[int | None]
#: How much is said of the progress.
Verbose: TypeAlias = int | Literal["auto"]
#: One callback, or several.
Callbacks: TypeAlias = "Callback | Sequence[Callback]"
#: An array of numbers.
Array: TypeAlias = NDArray[Any]
