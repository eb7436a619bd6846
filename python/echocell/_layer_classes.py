"""Layers as plain values, and back: the table of names that a configuration may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echocell._layer import Layer
from echocell.utils import suggest

_classes: dict[str, type[Layer]] = {}


def register(*classes: type[Layer]) -> None:
    """Lets configurations name these classes."""
    _classes.update({cls.__name__: cls for cls in classes})


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as plain values: class name and configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: Any) -> Layer:
    """The layer from what `serialize` gave; only echocell's own classes are made.

    Raises ValueError for another class or what is no configuration.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ValueError(
            f"layer: expected a configuration with 'class_name' and 'config', received {config!r}"
        )
    name = str(config.get("class_name"))
    if name not in _classes:
        raise ValueError(f"unknown layer {name!r}.{suggest(name, _classes)}")
    return _classes[name].from_config(config["config"])
