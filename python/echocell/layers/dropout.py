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
    """The types of what Dropout takes besides its own arguments."""

    noise_shape: None  # Keras's, taken at this value alone


class Dropout(Layer):
    """In training, sets a share of the numbers to 0 and scales the others by 1 / (1 - rate).

    Args:
        rate: the share, [0, 1]; 1 leaves zeros alone.
        seed: of the masks, used by the model (see Sequential).
        **shared: what every layer takes.

    Source: Srivastava et al. 2014.
    """

    _core_options = _core.DropoutOptions

    _keras_arguments = DROPOUT

    def __init__(
        self, rate: float, seed: int | None = None, **shared: Unpack[DropoutArguments]
    ) -> None:
        super().__init__(**shared)
        self.rate = scalars.rate(rate, "Dropout: rate")
        self.seed = scalars.seed(seed, "Dropout")
