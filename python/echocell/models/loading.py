"""Models from files, configurations and other models."""

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
    refuse_custom_objects("load_model", custom_objects)
    from echocell.models import saving  # not every program loads a file

    return saving.load_model(Sequential, filepath, compile)


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
    if model.graph.input is not None:
        clone.add(alike(model.graph.input))
    for layer in model.layers:
        clone.add(clone_function(layer))
    clone.build_as(model.get_config())
    return clone


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """A model from its configuration, as to_json() writes it or get_config() gives it;
    custom_objects as for load_model().
    """
    refuse_custom_objects("model_from_config", custom_objects)
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
    refuse_custom_objects("model_from_json", custom_objects)
    try:
        config = parsed(text)
    except ValueError as error:
        raise ValueError(f"model_from_json: expected JSON: {error}") from None
    return model_from_config(config)
