"""Sequential: a model whose graph is a chain."""

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
    """A model that is a chain of layers.

    Args:
        layers: the layers, the first of which may be an Input; or one layer.
        name: default sequential, sequential_1, ...
        dtype: of weights, data and results, 'float32' or 'float64'. Default: what the first layer
            says, else backend.floatx(): 'float32' unless it was set.
        trainable: False keeps all weights as they are in training. Default True.

    Where no layer says what the input is, the model has no weights until it is given data (by
    fit(), predict(), a call, step(), ...) or build() is called.

    A layer stands in one model: where one is added that stands in another, a copy of it with its
    weights is added, and a warning says so. Dropout and shuffling draw from one stream per model;
    it begins with the seeds of the layers where they have any, else with NumPy's global
    generator.

    Attributes:
        layers: the layers, without the Input.
        optimizer, loss: as compiled; None before.
        history: what the last fit() returned; None before.
        stop_training: set it to True in a callback to end fit.
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
        """Puts a layer at the end. What is there keeps its weights; the optimizer starts anew.

        Args:
            layer: any layer; the first may be an Input, or say its input_shape. Without that the
                model is built when data comes.

        Raises:
            TypeError: it is no layer.
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
        """Takes the last layer out and returns it, with its weights.

        Raises ValueError where there is none, or the model is being trained.
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
        """The same as predict(); Keras 2's name."""
        return self.predict(x, batch_size, verbose)

    def predict_classes(
        self, x: ArrayLike, batch_size: int | None = None, verbose: Verbose = 0
    ) -> Any:
        """The most likely class of each sample (Keras 2).

        Returns:
            int64 [N] (or [N, T], or a list of [T], as for predict()): the place of the largest
            output; for one output [N, 1], whether it is above 0.5.
        """
        output = self.predict(x, batch_size, verbose)
        return [_classes(row) for row in output] if type(output) is list else _classes(output)

    # ---- configuration -------------------------------------------------------------------------

    @classmethod
    def from_config(cls: type[S], config: Mapping[str, Any]) -> S:
        """A model from what get_config() gave, with new weights.

        Raises ValueError: it is no such configuration, or the weights would not fit into memory.
        """
        with reading("model: no configuration to build from"):
            layers = deserialize_all([*config["layers"]])
            sample = blueprint.planned_sample(layers, config.get("build_input_shape"))
            blueprint.refuse_oversized(layers, sample)
            return cls.from_layers(config, layers)

    @classmethod
    def from_layers(cls: type[S], config: Mapping[str, Any], layers: Iterable[Layer]) -> S:
        """A model from what get_config() gave, with layers that were made from it already."""
        model = cls(name=config.get("name"), dtype=config.get("dtype"))
        for layer in layers:
            model.add(layer)
        model.build_as(config)
        return model

    def build_as(self, config: Mapping[str, Any]) -> None:
        """Builds for the input that a configuration states, where the layers state none."""
        shape = config.get("build_input_shape")
        if shape is not None and self.graph.sample is None:
            self.build(shape)


def _copied(layer: Layer) -> Layer:
    warn(
        f"layer {layer.name!r} already stands in a model or another layer: a copy of it, with "
        "its weights, is added. From now on the two are trained apart"
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
