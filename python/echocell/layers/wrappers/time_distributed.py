"""A layer applied to every time step.

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
    """A layer applied to every time step: [B, T, ...] -> [B, T, ...].

    A stateful layer goes through the steps one after the other: each begins with the states that
    the one before has left, and the first with those of the batch before.

    A mask passes to the layer inside: Masking and Embedding(mask_zero=True), themselves inside a
    TimeDistributed or not, say of samples [B, T, K, F] which of the K inner steps count.

    Args:
        layer: any layer for one step.
        **shared: what every layer takes.
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
        return self.stateful

    def _options_of_core(self) -> Sequence[str]:
        return (*super()._options_of_core(), "stateful")

    def core_options(self) -> _core.LayerOptions:
        return _core.TimeDistributedOptions(layer=self.layer.core_options())

    def build_sample(self, sample: Sample, dtype: str) -> Sample:
        # The core does without the wrapper where the layer works on the last axis alone.
        if len(sample) < 2:
            raise ValueError(
                f"layer {self.name!r}: TimeDistributed: expected input of shape (batch, time "
                f"steps, ...), received {(None, *sample)}"
            )
        return super().build_sample(sample, dtype)

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample) -> list[Array]:
        return self.layer.weights_for(parameters, dtype, sample[1:])

    def regularizers_of(self, parameters: Parameters) -> list[Regularizer | None]:
        return self.layer.regularizers_of(parameters)

    def settle(self, location: WeightLocation) -> None:
        super().settle(location)
        self.layer.input_sample = (self.input_sample or ())[1:]
        self.layer.settle(location._replace(inner=True))

    def inner_layers(self) -> Sequence[Layer]:
        return [self.layer]

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration, from which from_config makes an equal layer."""
        return {**super().get_config(), "layer": layer_classes.serialize(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TimeDistributed:
        """A layer from what get_config() gave."""
        return cls(**{**config, "layer": layer_classes.deserialize(config["layer"])})
