"""Activation functions as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell import _core, activations
from echocell._common.typing import Identifier
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Activation(Layer):
    """Applies an activation function; the shape is unchanged.

    Args:
        activation: its name, such as "relu"; "softmax" goes over the last axis.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.ActivationOptions

    def __init__(self, activation: Identifier | None, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.activation = activations.get(activation)
