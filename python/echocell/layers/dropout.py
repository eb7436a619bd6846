"""Dropout as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell import _core
from echocell._common import scalars
from echocell._common.keras_arguments import DROPOUT
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class DropoutArguments(LayerArguments, total=False):
    """Types of the arguments of Dropout in addition to its own."""

    noise_shape: None  # Keras's argument, accepted at this value only


class Dropout(Layer):
    """Sets a fraction of the numbers to 0 in training and scales the others by 1 / (1 - rate).

    Args:
        rate: the fraction, in [0, 1]; with 1 all are 0.
        seed: seed of the masks, used by the model (see Sequential).
        **shared: arguments of every layer, see `Layer`.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15, 2014.
    """

    _core_options = _core.DropoutOptions

    _keras_arguments = DROPOUT

    def __init__(
        self, rate: float, seed: int | None = None, **shared: Unpack[DropoutArguments]
    ) -> None:
        super().__init__(**shared)
        self.rate = scalars.rate(rate, "Dropout: rate")
        self.seed = scalars.seed(seed, "Dropout")
