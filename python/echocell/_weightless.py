"""Layers without weights: Activation, Dropout, Masking, and those that change the shape.

Letters of the shapes: B batch, T time steps, F features.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from echocell import _checks, _core, activations
from echocell._keras_arguments import DROPOUT
from echocell._layer import Layer
from echocell._layer_arguments import LayerArguments
from echocell._typing import Identifier

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Activation(Layer):
    """An activation function as a layer; the shape stays.

    Args:
        activation: "softmax" (over the last axis), "relu", ...
        **shared: what every layer takes.
    """

    _option_names = ("activation",)

    def __init__(self, activation: Identifier | None, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.activation = activations.get(activation)

    def _options(self) -> _core.LayerOptions:
        return _core.ActivationOptions(activation=self.activation)


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

    _option_names = ("rate", "seed")
    _keras_arguments = DROPOUT

    def __init__(
        self, rate: float, seed: int | None = None, **shared: Unpack[DropoutArguments]
    ) -> None:
        super().__init__(**shared)
        self.rate = _checks.rate(rate, "Dropout: rate")
        self.seed = _checks.seed(seed, "Dropout")

    def _options(self) -> _core.LayerOptions:
        return _core.DropoutOptions(rate=self.rate)


class Masking(Layer):
    """Steps whose features all equal mask_value are padding: the layers behind skip them.

    Input and output [B, T, F].

    Args:
        mask_value: default 0.
        **shared: what every layer takes.
    """

    _option_names = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.mask_value = _checks.real(mask_value, "Masking: mask_value")
        if not math.isfinite(self.mask_value):
            raise ValueError(
                f"Masking: mask_value: expected a finite number, received {mask_value!r}; "
                "replace NaN in the data, for example with np.nan_to_num(x, nan=-1)"
            )

    def _options(self) -> _core.LayerOptions:
        return _core.MaskingOptions(mask_value=self.mask_value)


class RepeatVector(Layer):
    """[B, F] -> [B, n, F]: the same vector at every step.

    Args:
        n: how many steps.
        **shared: what every layer takes.
    """

    _option_names = ("n",)

    def __init__(self, n: int, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.n = _checks.whole(n, "RepeatVector: n")

    def _options(self) -> _core.LayerOptions:
        return _core.RepeatVectorOptions(n=self.n)


class Flatten(Layer):
    """[B, T, F] -> [B, T F].

    Args:
        data_format: "channels_last" (default, also None) keeps the order of the numbers;
            "channels_first" makes the first axis of a sample the last before it flattens.
        **shared: what every layer takes.
    """

    _option_names = ("data_format",)

    def __init__(self, data_format: str | None = None, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                "Flatten: data_format: expected 'channels_last' or 'channels_first', received "
                f"{data_format!r}"
            )
        self.data_format = data_format or "channels_last"

    def _options(self) -> _core.LayerOptions:
        return _core.FlattenOptions(channels_first=self.data_format == "channels_first")


class Reshape(Layer):
    """The same numbers of a sample in another shape.

    Args:
        target_shape: without the batch axis; one entry may be -1 and follows from the others.
        **shared: what every layer takes.
    """

    _option_names = ("target_shape",)

    def __init__(self, target_shape: Sequence[int], **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        if isinstance(target_shape, str) or not isinstance(target_shape, Iterable):
            raise TypeError(
                f"Reshape: target_shape: expected a tuple of integers, received {target_shape!r}"
            )
        self.target_shape = tuple(
            -1 if extent == -1 else _checks.whole(extent, "Reshape: target_shape")
            for extent in target_shape
        )
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape: expected one -1 at most, received {target_shape!r}"
            )

    def _options(self) -> _core.LayerOptions:
        return _core.ReshapeOptions(target_shape=self.target_shape)
