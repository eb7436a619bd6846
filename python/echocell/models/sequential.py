"""Sequential: a model whose graph is a chain of layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell._common.plain import reading
from echocell._common.typing import Verbose
from echocell._common.warning import warn
from echocell.layers import InputLayer, Layer, blueprint
from echocell.layers.serialization import MOST_LAYERS, alike, deserialize_all
from echocell.models.model import Model

Array = NDArray[Any]
S = TypeVar("S", bound="Sequential")


class Sequential(Model):
    """A chain of layers.

    Args:
        layers: the layers, the first of which may be an Input; or a single layer.
        name: default sequential, sequential_1, ...
        dtype: 'float32' or 'float64', of weights, data and results. Default: that of the first
            layer, else backend.floatx(), which is 'float32' unless set.
        trainable: whether training changes the weights. Default True.

    If no layer specifies the shape of the input, the model has no weights until it receives data
    (by fit(), predict(), a call, step(), ...) or build() is called. A layer belongs to one model:
    if it already belongs to another, a copy with its weights is added, with a warning. Dropout and
    shuffling draw from one random stream per model, seeded by the layers' seeds if there are any,
    else from NumPy's global generator.

    Attributes:
        layers: the layers, without the Input.
        optimizer, loss: as compiled; None before.
        history: the result of the last fit(); None before.
        stop_training: a callback sets it to True to end fit.
    """

    def __init__(
        self,
        layers: Iterable[Layer] | Layer | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name, dtype, trainable)
        for layer in [layers] if isinstance(layers, Layer) else layers or ():
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Appends a layer. The other layers keep their weights; the optimizer's slots are reset.

        Args:
            layer: any layer; the first may be an Input, or have an input_shape. Otherwise the model
                is built when it receives data.

        Raises:
            TypeError: it is not a layer.
            ValueError: its name is taken, its input does not fit, it has several outputs, or the
                model is being trained.
        """
        graph = self.graph
        graph.refuse_while_fitting("add")
        if isinstance(layer, InputLayer):
            graph.set_input(layer)
            return
        self._refuse_unfit(layer)
        automatic = layer.name_is_automatic
        if layer.owner is not None:
            layer = _copied(layer)
        if automatic:
            layer.take_automatic_name([known.name for known in graph.layers])
        graph.append(layer)
        layer.owner = self
        if not self.trainable:
            layer.trainable = False

    def pop(self) -> Layer:
        """Removes and returns the last layer, with its weights.

        Raises:
            ValueError: there are no layers, or the model is being trained.
        """
        self.graph.refuse_while_fitting("pop")
        if not self.graph.nodes:
            raise ValueError("pop: the model has no layers")
        layer = self.graph.remove_last()
        layer.owner = None
        return layer

    def _refuse_unfit(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = " (the class, not a layer made from it)" if isinstance(layer, type) else ""
            raise TypeError(f"add: expected a layer, received {layer!r}{hint}")
        known = self.graph.layers
        if len(known) >= MOST_LAYERS:
            raise ValueError(f"model {self.name!r}: expected at most {MOST_LAYERS} layers")
        if not layer.name_is_automatic and any(layer.name == other.name for other in known):
            raise ValueError(
                f"model {self.name!r}: all layers should have unique names, received a second "
                f"{layer.name!r}. Give it another name"
            )
        if getattr(layer, "return_state", False):
            raise ValueError(
                "All layers in a Sequential model should have a single output tensor; layer "
                f"{layer.name!r} has return_state=True. Leave it out: states are read with "
                "get_states()"
            )

    # ---- Keras 2's names -----------------------------------------------------------------------

    def predict_proba(
        self, x: ArrayLike, batch_size: int | None = None, verbose: Verbose = 0
    ) -> Any:
        """Same as predict(); Keras 2's name."""
        return self.predict(x, batch_size, verbose)

    def predict_classes(
        self, x: ArrayLike, batch_size: int | None = None, verbose: Verbose = 0
    ) -> Any:
        """Returns the most likely class of each sample (Keras 2).

        Returns:
            int64 [N] (or [N, T], or a list of [T], as for predict()): the index of the largest
            output; for a single output [N, 1], whether it is above 0.5.
        """
        output = self.predict(x, batch_size, verbose)
        return [_classes(row) for row in output] if type(output) is list else _classes(output)

    # ---- configuration -------------------------------------------------------------------------

    @classmethod
    def from_config(cls: type[S], config: Mapping[str, Any]) -> S:
        """Makes a model from the result of get_config(), with new weights.

        Raises:
            ValueError: `config` is not such a configuration, or the weights would not fit into
                memory.
        """
        with reading("model: no configuration to build from"):
            layers = deserialize_all([*config["layers"]])
            sample = blueprint.planned_sample(layers, config.get("build_input_shape"))
            blueprint.refuse_oversized(layers, sample)
            return cls.from_layers(config, layers)

    @classmethod
    def from_layers(cls: type[S], config: Mapping[str, Any], layers: Iterable[Layer]) -> S:
        """Makes a model from a configuration of get_config() and layers already made from it."""
        model = cls(name=config.get("name"), dtype=config.get("dtype"))
        for layer in layers:
            model.add(layer)
        model.build_as(config)
        return model

    def build_as(self, config: Mapping[str, Any]) -> None:
        """Builds for the input shape in a configuration, if the layers have none."""
        shape = config.get("build_input_shape")
        if shape is not None and self.graph.sample is None:
            self.build(shape)


def _copied(layer: Layer) -> Layer:
    warn(
        f"layer {layer.name!r} already belongs to a model or another layer: a copy of it, with "
        "its weights, is added. The two are trained independently from now on"
    )
    copy = alike(layer)
    if layer.location is not None:
        copy.kept_weights = layer.get_weights()
        copy.build_sample(layer.input_sample or (), layer.location.network.dtype)
    return copy


def _classes(output: Array) -> Array:
    if output.shape[-1] > 1:
        return np.asarray(output.argmax(axis=-1))
    return (output > 0.5).astype(np.int64)
