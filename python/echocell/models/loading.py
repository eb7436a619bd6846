"""Makes models from files, configurations and other models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from echocell._common.keras_arguments import CLONE_MODEL, LOAD_MODEL
from echocell._common.plain import parsed
from echocell.layers import Layer
from echocell.layers.serialization import alike, refuse_custom_objects
from echocell.models.sequential import Sequential


def save_model(
    model: Sequential, filepath: str | os.PathLike[str], overwrite: bool = True, **options: Any
) -> None:
    """Calls `model.save(filepath, overwrite, ...)`."""
    model.save(filepath, overwrite, **options)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    **others: Any,
) -> Sequential:
    """Loads a model from a file that model.save() wrote.

    It has the weights, the carried states and, if it was compiled, the optimizer with its slots, so
    that training continues as if it had not been interrupted.

    Args:
        filepath: the file.
        custom_objects: may name echocell's own classes and functions only.
        compile: False leaves the model uncompiled. Default True.
        **others: further arguments of Keras, accepted at the values that request nothing.

    Returns:
        A Sequential.

    Raises:
        TypeError: an argument does not exist.
        ValueError: the file is damaged, truncated or of another format; the message names it.
        OSError: the file cannot be read.
    """
    LOAD_MODEL.check("load_model", others, load_model)
    refuse_custom_objects("load_model", custom_objects)
    from echocell.models import saving  # imported here: not every program loads a file

    return saving.load_model(Sequential, filepath, compile)


def clone_model(
    model: Sequential,
    input_tensors: None = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    **others: Any,
) -> Sequential:
    """Returns an uncompiled model of the same layers with new weights.

    Args:
        model: the model; it is not changed.
        input_tensors: only None is accepted, since there are no symbolic tensors.
        clone_function: called with each layer but the Input; returns the layer that replaces it.
            Default None: a layer of the same configuration.
        **others: further arguments of Keras, accepted at the values that request nothing.

    Raises:
        TypeError: model is not a Sequential, clone_function is not a function or does not return a
            layer, or an argument does not exist.
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
    if model.graph.input is not None:
        clone.add(alike(model.graph.input))
    for layer in model.layers:
        clone.add(clone_function(layer))
    clone.build_as(model.get_config())
    return clone


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """Makes a model from a configuration of get_config() or to_json(), with new weights.

    Args:
        config: the configuration.
        custom_objects: as for load_model().
    """
    refuse_custom_objects("model_from_config", custom_objects)
    if isinstance(config, Mapping) and "class_name" in config:
        config = config.get("config")
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise ValueError(f"model: expected a configuration with 'layers', received {config!r:.80}")
    return Sequential.from_config(config)


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """Makes a model from the result of to_json(), with new weights.

    Args:
        text: the JSON text.
        custom_objects: as for load_model().

    Raises:
        ValueError: the text is not the JSON of a model.
    """
    if not isinstance(text, str):
        raise TypeError(f"model_from_json: expected a string, received {text!r:.80}")
    refuse_custom_objects("model_from_json", custom_objects)
    try:
        config = parsed(text)
    except ValueError as error:
        raise ValueError(f"model_from_json: expected JSON: {error}") from None
    return model_from_config(config)
