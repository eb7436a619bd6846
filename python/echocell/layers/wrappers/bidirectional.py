"""Runs two recurrent layers over the same sequence in opposite directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell import _core
from echocell._common.suggest import suggest
from echocell._data.shapes import Sample
from echocell.layers import serialization as layer_classes
from echocell.layers.arguments import LayerArguments
from echocell.layers.layer import Layer
from echocell.layers.location import WeightLocation
from echocell.layers.rnn.recurrent import Recurrent
from echocell.layers.rnn.state_keeper import StateKeeper
from echocell.layers.weight_arrays import Parameters
from echocell.layers.wrappers.wrapped import wrapped
from echocell.regularizers import Regularizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class Bidirectional(StateKeeper):
    """Two recurrent layers over the same sequence in opposite directions (Schuster & Paliwal,
    1997).

    Weights: the forward layer's, then the backward layer's; states likewise.

    Args:
        layer: an LSTM, GRU or SimpleRNN, the forward layer.
        merge_mode: how the outputs are combined: "concat" (default), "sum", "mul" or "ave".
        backward_layer: the backward layer. Default None: a copy of the first, reversed.
        **shared: arguments of every layer, see `Layer`.
    """

    _not_options = frozenset({"layer", "backward_layer"})
    reads_steps = True

    def __init__(
        self,
        layer: Layer,
        merge_mode: str = "concat",
        *,
        backward_layer: Layer | None = None,
        **shared: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**shared)
        self.merge_mode = _checked_merge_mode(merge_mode)
        self.forward_layer = _wrapped_recurrent(layer)
        self._twin = backward_layer is None
        self.backward_layer = (
            _mirrored(self.forward_layer)
            if backward_layer is None
            else _wrapped_recurrent(backward_layer)
        )
        self._refuse_unlike()
        for half in (self.forward_layer, self.backward_layer):
            # As in Keras; with return_sequences masked outputs are 0 in any case.
            if half.zero_output_for_mask and not half.return_sequences:
                half.zero_output_for_mask = False
        self.forward_layer.owner = self.backward_layer.owner = self
        self._trainable = self._trainable and layer.trainable
        for attribute in ("stateful", "return_sequences", "return_state"):
            setattr(self, attribute, getattr(layer, attribute))
        if self.stated_sample is None:
            self.stated_batch, self.stated_sample = layer.stated_batch, layer.stated_sample

    def _options_of_core(self) -> Sequence[str]:
        return (*super()._options_of_core(), "stateful", "return_sequences", "return_state")

    def _refuse_unlike(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: expected backward_layer with the other go_backwards than the "
                f"layer, received {forward.go_backwards} in both"
            )
        for attribute in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, attribute), getattr(backward, attribute)
            if values[0] != values[1]:
                raise ValueError(
                    f"Bidirectional: expected the same {attribute} in both layers, received "
                    f"{values[0]} and {values[1]}"
                )

    def core_options(self) -> _core.LayerOptions:
        """Returns the options in the form that the core takes."""
        return _core.BidirectionalOptions(
            forward=self.forward_layer.core_options(),
            backward=self.backward_layer.core_options(),
            merge_mode=self.merge_mode,
        )

    def _halves(self, parameters: Parameters) -> tuple[Parameters, Parameters]:
        """Returns the parameters of both layers, under their names in these layers."""
        named = [(name.split("_", 1)[1], shape) for name, shape in parameters]
        count = sum(name.startswith("forward_") for name, _ in parameters)
        return named[:count], named[count:]

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample) -> list[Array]:
        forward, backward = self._halves(parameters)
        return [
            *self.forward_layer.weights_for(forward, dtype, sample),
            *self.backward_layer.weights_for(backward, dtype, sample),
        ]

    def regularizers_of(self, parameters: Parameters) -> list[Regularizer | None]:
        """Returns the regularizers of both layers; see the base class."""
        forward, backward = self._halves(parameters)
        return [
            *self.forward_layer.regularizers_of(forward),
            *self.backward_layer.regularizers_of(backward),
        ]

    def settle(self, location: WeightLocation) -> None:
        """Records the locations of this layer's weights and of both inner layers'."""
        super().settle(location)
        forward, backward = self._halves(self.parameters())
        for layer, first, part in (
            (self.forward_layer, 0, forward),
            (self.backward_layer, len(forward), backward),
        ):
            layer.input_sample = self.input_sample
            start = location.first + first
            layer.settle(
                WeightLocation(location.network, location.number, start, len(part), inner=True)
            )

    def inner_layers(self) -> Sequence[Layer]:
        """Returns the layer that reads forward and the one that reads backward."""
        return [self.forward_layer, self.backward_layer]

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration; from_config makes an equal layer of it."""
        config = {**super().get_config(), "layer": layer_classes.serialize(self.forward_layer)}
        if not self._twin:
            config["backward_layer"] = layer_classes.serialize(self.backward_layer)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Bidirectional:
        """Makes a layer from the result of get_config()."""
        layers = {
            key: layer_classes.deserialize(config[key])
            for key in ("layer", "backward_layer")
            if key in config
        }
        return cls(**{**config, **layers})


def _checked_merge_mode(merge_mode: Any) -> str:
    modes = ("concat", "sum", "mul", "ave")
    if merge_mode is None:
        raise ValueError(
            "Bidirectional: merge_mode=None gives two outputs, which is not supported; expected "
            "one of 'concat', 'sum', 'mul', 'ave'"
        )
    if merge_mode not in modes:
        raise ValueError(
            f"Bidirectional: merge_mode: expected one of 'concat', 'sum', 'mul', 'ave', received "
            f"{merge_mode!r}.{suggest(merge_mode, modes)}"
        )
    return str(merge_mode)


def _wrapped_recurrent(layer: Any) -> Recurrent:
    checked = wrapped(layer, "Bidirectional")
    if not isinstance(checked, Recurrent):
        raise ValueError(
            f"Bidirectional: expected an LSTM, GRU or SimpleRNN, received {type(layer).__name__}"
        )
    return checked


def _mirrored(layer: Recurrent) -> Recurrent:
    mirrored = layer_classes.alike(
        layer,
        name=f"backward_{layer.name}",
        go_backwards=not layer.go_backwards,
        batch_input_shape=None,
        batch_size=None,
    )
    assert isinstance(mirrored, Recurrent)
    return mirrored
