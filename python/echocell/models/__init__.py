"""Sequential, with Keras's methods; loading and cloning of models.

Letters of the shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell._common.keras_arguments import (
    CLONE_MODEL,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
)
from echocell._common.missing_names import module_getattr
from echocell._common.overrides import MODEL, Guarded
from echocell._common.plain import parsed, plain, reading
from echocell._common.typing import Verbose
from echocell.layers import blueprint, serialization
from echocell.layers.layer import Layer
from echocell.models import pickling, saving
from echocell.models.trainer import Trainer

__all__ = [
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

Array = NDArray[Any]
S = TypeVar("S", bound="Sequential")


class Sequential(Trainer, Guarded):
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

    _never_called = MODEL

    def __init__(
        self,
        layers: Iterable[Layer] | Layer | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(layers, name, dtype, trainable)
        self._metadata: dict[str, Any] = {}

    @property
    def metadata(self) -> dict[str, Any]:
        """A dict of plain values of your own, saved with the model.

        What would not come back equal (tuples, keys that are no strings, arrays) is refused when
        the model is saved. Setting it raises TypeError for what is no dict.
        """
        return self._metadata

    @metadata.setter
    def metadata(self, value: dict[str, Any]) -> None:
        if not isinstance(value, dict):
            raise TypeError(f"model.metadata: expected a dict, received {value!r:.80}")
        self._metadata = value

    # ---- predicting ----------------------------------------------------------------------------

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

    # ---- saving --------------------------------------------------------------------------------

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        include_optimizer: bool = True,
        **others: Any,
    ) -> None:
        """Writes the whole model as one safetensors file, whatever the name ends with.

        Args:
            filepath: the file; it is replaced only when the new one is complete.
            overwrite: False refuses to replace a file.
            include_optimizer: False leaves out what compile() said and the optimizer's memory.
            **others: Keras's further arguments, at the values at which they ask for nothing.

        Raises:
            TypeError: an argument that does not exist.
            ValueError: the model is not built, metadata holds more than plain values, or an
                argument, such as save_format, is not supported.
            FileExistsError: see overwrite.
            OSError: the file cannot be written.
        """
        SAVE.check("save", others, self.save)
        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, **others: Any
    ) -> None:
        """Writes the weights alone, as save() does."""
        SAVE_WEIGHTS.check("save_weights", others, self.save_weights)
        saving.save_weights(self, filepath, overwrite)

    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        *,
        by_name: bool = False,
        skip_mismatch: bool = False,
        **others: Any,
    ) -> None:
        """Reads the weights from a file of save_weights() or save().

        Args:
            filepath: the file.
            by_name: True reads those of the layers whose names the model has; all other layers
                keep theirs. Default False: all, by their order.
            skip_mismatch: True keeps a weight, with a warning, where that of the file has another
                shape, and all weights of a layer of which the file has another number. Default
                False: this is an error.
            **others: Keras's further arguments, at the values at which they ask for nothing.

        Raises:
            TypeError: an argument that does not exist.
            ValueError: the file is no such file, or its weights do not fit; nothing is set then.
        """
        LOAD_WEIGHTS.check("load_weights", others, self.load_weights)
        saving.load_weights(self, filepath, bool(by_name), bool(skip_mismatch))

    def to_json(self, **options: Any) -> str:
        """The configuration as JSON, for model_from_json()."""
        config = {"class_name": "Sequential", "config": self.get_config()}
        return json.dumps(plain(config, "the configuration"), **options)

    def __reduce__(self) -> tuple[Any, ...]:
        """For copy and pickle: what save() writes. History and attributes of your own stay behind;
        a model that is not built yet goes along as it is.
        """
        return pickling.model_from_bytes, (type(self), pickling.model_to_bytes(self))

    @classmethod
    def from_config(cls: type[S], config: Mapping[str, Any]) -> S:
        """A model from what get_config() gave, with new weights.

        Raises ValueError: it is no such configuration, or the weights would not fit into memory.
        """
        with reading("model: no configuration to build from"):
            layers = serialization.deserialize_all([*config["layers"]])
            sample = blueprint.planned_sample(layers, config.get("build_input_shape"))
            blueprint.refuse_oversized(layers, sample)
            return cls._from_layers(config, layers)

    @classmethod
    def _from_layers(cls: type[S], config: Mapping[str, Any], layers: Iterable[Layer]) -> S:
        """A model from what get_config() gave, with layers made from it already."""
        model = cls(name=config.get("name"), dtype=config.get("dtype"))
        for layer in layers:
            model.add(layer)
        shape = config.get("build_input_shape")
        if shape is not None and model._sample is None:
            model.build(shape)
        return model


def _classes(output: Array) -> Array:
    if output.shape[-1] > 1:
        return np.asarray(output.argmax(axis=-1))
    return (output > 0.5).astype(np.int64)


# ---- models from elsewhere ---------------------------------------------------------------------


def save_model(
    model: Sequential, filepath: str | os.PathLike[str], overwrite: bool = True, **options: Any
) -> None:
    """model.save(filepath, overwrite, ...)."""
    model.save(filepath, overwrite, **options)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    **others: Any,
) -> Sequential:
    """A model from a file of model.save(): weights, carried states, and, if it was compiled, the
    optimizer with its memory, so that training goes on as if it had not been interrupted.

    Args:
        filepath: the file.
        custom_objects: may name echocell's own classes and functions: nothing else is loaded.
        compile: False leaves the model uncompiled.
        **others: Keras's further arguments, at the values at which they ask for nothing.

    Raises:
        TypeError: an argument that does not exist.
        ValueError: the file is damaged, cut off, or no such file; says which file and why.
        OSError: it cannot be read.
    """
    LOAD_MODEL.check("load_model", others, load_model)
    serialization.refuse_custom_objects("load_model", custom_objects)
    return saving.load_model(filepath, compile)


def clone_model(
    model: Sequential,
    input_tensors: None = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    **others: Any,
) -> Sequential:
    """A model of the same layers with new weights, not compiled.

    Args:
        model: the model; it stays as it is.
        input_tensors: None alone: there are no tensors.
        clone_function: called with each layer but the Input, gives the layer that takes its place.
            Default None: a layer of the same configuration.
        **others: Keras's further arguments, at the values at which they ask for nothing.

    Raises:
        TypeError: model is no Sequential, clone_function no function or gives no layer, or an
            argument does not exist.
        ValueError: a layer does not fit its input.
    """
    CLONE_MODEL.check("clone_model", {**others, "input_tensors": input_tensors}, clone_model)
    if not isinstance(model, Sequential):
        raise TypeError(f"clone_model: expected a Sequential model, received {model!r}")
    if clone_function is None:
        return Sequential.from_config(model.get_config())
    if not callable(clone_function):
        raise TypeError(f"clone_model: expected a function, received {clone_function!r}")
    clone = Sequential(name=model.name, dtype=model.dtype)
    if model._input is not None:
        clone.add(serialization.alike(model._input))
    for layer in model.layers:
        clone.add(clone_function(layer))
    shape = model.get_config().get("build_input_shape")
    if shape is not None and clone._sample is None:
        clone.build(shape)
    return clone


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """A model from its configuration, as to_json() writes it or get_config() gives it;
    custom_objects as for load_model().
    """
    serialization.refuse_custom_objects("model_from_config", custom_objects)
    if isinstance(config, Mapping) and "class_name" in config:
        config = config.get("config")
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise ValueError(f"model: expected a configuration with 'layers', received {config!r:.80}")
    return Sequential.from_config(config)


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """A model from what to_json() gave, with new weights; custom_objects as for load_model().

    Raises ValueError where the text is no such JSON.
    """
    if not isinstance(text, str):
        raise TypeError(f"model_from_json: expected a string, received {text!r:.80}")
    serialization.refuse_custom_objects("model_from_json", custom_objects)
    try:
        config = parsed(text)
    except ValueError as error:
        raise ValueError(f"model_from_json: expected JSON: {error}") from None
    return model_from_config(config)
