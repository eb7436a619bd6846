"""The layer that flattens samples to vectors.

B batch, T time steps, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell import _core
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Flatten(Layer):
    """[B, T, F] -> [B, T F].

    Args:
        data_format: "channels_last" (default, also None) keeps the order of the numbers;
            "channels_first" first moves the first axis of a sample to the end.
        **shared: arguments of every layer, see `Layer`.
    """

    def __init__(self, data_format: str | None = None, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                "Flatten: data_format: expected 'channels_last' or 'channels_first', received "
                f"{data_format!r}"
            )
        self.data_format = data_format or "channels_last"

    def core_options(self) -> _core.LayerOptions:
        """Returns the options in the form that the core takes."""
        return _core.FlattenOptions(channels_first=self.data_format == "channels_first")
