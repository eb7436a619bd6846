"""The embedding layer: a vector of weights per id.

B batch, T time steps, H units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from echocell import _core, initializers, regularizers
from echocell._common import scalars
from echocell._common.keras_arguments import EMBEDDING
from echocell._common.typing import Identifier
from echocell._data import arrays
from echocell.layers.arguments import SharedArguments
from echocell.layers.layer import Layer, weight_view

if TYPE_CHECKING:
    from typing_extensions import Unpack
Array = NDArray[Any]


class EmbeddingArguments(SharedArguments, total=False):
    """Types of the arguments of Embedding in addition to its own."""

    # Keras's arguments, accepted at these values only.
    embeddings_constraint: None
    sparse: Literal[False]
    lora_rank: None
    lora_alpha: None
    quantization_config: None
    dropout: float


class Embedding(Layer):
    """Maps every id to a vector of weights: integers [B, T] -> [B, T, H].

    Weights: embeddings (input_dim, output_dim).

    Args:
        input_dim: number of ids, which run from 0 to input_dim - 1.
        output_dim: H, the length of a vector.
        embeddings_initializer: default "uniform" (from -0.05 to 0.05).
        embeddings_regularizer: default None.
        mask_zero: id 0 is padding, which the following layers skip. Default False.
        input_length: T. Default None: any.
        **shared: arguments of every layer, see `Layer`.
    """

    _core_options = _core.EmbeddingOptions

    _keras_arguments = EMBEDDING
    takes_ids = True
    assumed_sample = (None,)
    embeddings = weight_view("embeddings", "(input_dim, output_dim)")

    def __init__(
        self,
        input_dim: int | None = None,
        output_dim: int | None = None,
        embeddings_initializer: Identifier = "uniform",
        embeddings_regularizer: Identifier | None = None,
        *,
        mask_zero: bool = False,
        **shared: Unpack[EmbeddingArguments],
    ) -> None:
        super().__init__(**shared)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if value is None:
                raise TypeError(f"Embedding: missing argument {name!r}")
        self.input_dim = scalars.whole(input_dim, "Embedding: input_dim")
        self.output_dim = scalars.whole(output_dim, "Embedding: output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = bool(mask_zero)

    def _checked_input(self, array: Array, dtype: np.dtype[Any]) -> Array:
        return arrays.ids(array, self.input_sample or (), self.input_dim, dtype)
