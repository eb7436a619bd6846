"""The wrapper that applies a layer to every time step.

B batch, T time steps, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell import _core
from echocell._data.shapes import Sample
from echocell.layers import serialization as layer_classes
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer
from echocell.layers.location import WeightLocation
from echocell.layers.rnn.state_keeper import StateKeeper
from echocell.layers.weight_arrays import Parameters
from echocell.layers.wrappers.wrapped import wrapped
from echocell.regularizers import Regularizer

if TYPE_CHECKING:
    from typing_extensions import Unpack
Array = NDArray[Any]


class TimeDistributed(StateKeeper):
    """Applies a layer to every time step: [B, T, ...] -> [B, T, ...].

    A stateful inner layer carries its states from step to step, and from batch to batch.

    Masks are passed to the inner layer: for samples [B, T, K, F], Masking and
    Embedding(mask_zero=True), inside a TimeDistributed or not, tell which of the K inner steps
    count.

    Args:
        layer: the layer that is applied to each step.
        **shared: arguments of every layer, see `Layer`.
    """

    _not_options = frozenset({"layer"})

    reads_steps = True
    return_sequences = True

    def __init__(self, layer: Layer, **shared: Unpack[LayerArguments]) -> None:
        super().__init__(**shared)
        self.layer = wrapped(layer, "TimeDistributed")
        self.stateful = bool(getattr(layer, "stateful", False))
        self.layer.owner = self
        self._trainable = self._trainable and layer.trainable

    def keeps_states(self) -> bool:
        """Whether the inner layer is stateful."""
        return self.stateful

    def _options_of_core(self) -> Sequence[str]:
        return (*super()._options_of_core(), "stateful")

    def core_options(self) -> _core.LayerOptions:
        """Returns the options in the form that the core takes."""
        return _core.TimeDistributedOptions(layer=self.layer.core_options())

    def build_sample(self, sample: Sample, dtype: str) -> Sample:
        """Builds the inner layer for one step; see the base class.

        Raises:
            ValueError: a sample has no time axis, or the inner layer does not fit a step.
        """
        # The core omits the wrapper if the layer works on the last axis only.
        if len(sample) < 2:
            raise ValueError(
                f"layer {self.name!r}: TimeDistributed: expected input of shape (batch, time "
                f"steps, ...), received {(None, *sample)}"
            )
        return super().build_sample(sample, dtype)

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample) -> list[Array]:
        return self.layer.weights_for(parameters, dtype, sample[1:])

    def regularizers_of(self, parameters: Parameters) -> list[Regularizer | None]:
        """Returns the regularizers of the inner layer."""
        return self.layer.regularizers_of(parameters)

    def settle(self, location: WeightLocation) -> None:
        """Records the location of the inner layer's weights, which are all there are."""
        super().settle(location)
        self.layer.input_sample = (self.input_sample or ())[1:]
        self.layer.settle(location._replace(inner=True))

    def inner_layers(self) -> Sequence[Layer]:
        """Returns the layer that is applied to each step."""
        return [self.layer]

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration; from_config makes an equal layer of it."""
        return {**super().get_config(), "layer": layer_classes.serialize(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TimeDistributed:
        """Makes a layer from the result of get_config()."""
        return cls(**{**config, "layer": layer_classes.deserialize(config["layer"])})
