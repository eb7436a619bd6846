"""Layers as plain values, and back: the table of names that a configuration may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echocell._common.suggest import suggest
from echocell.layers.layer import Layer

# Of a model. Far more than can be trained; what a file says is not believed beyond that.
MOST_LAYERS = 1000

_classes: dict[str, type[Layer]] = {}


def register(*classes: type[Layer]) -> None:
    """Lets configurations name these classes."""
    _classes.update({cls.__name__: cls for cls in classes})


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as plain values: class name and configuration. One of a subclass that the user wrote
    is that of the class it derives from, which computes the same.
    """
    own = next(cls for cls in type(layer).__mro__ if _classes.get(cls.__name__) is cls)
    return {"class_name": own.__name__, "config": own.get_config(layer)}


def alike(layer: Layer, **changed: Any) -> Layer:
    """A layer of the same configuration but for what is changed, without weights."""
    entry = serialize(layer)
    return deserialize({**entry, "config": {**entry["config"], **changed}})


def refuse_custom_objects(verb: str, custom_objects: Any) -> None:
    """Raises ValueError where custom_objects names what is not echocell's own: it would not be
    loaded.
    """
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise TypeError(f"{verb}: custom_objects: expected a dict, received {custom_objects!r}")
    for name, item in (custom_objects or {}).items():
        if str(getattr(item, "__module__", "")).partition(".")[0] != "echocell":
            raise ValueError(
                f"{verb}: custom_objects: {name!r} is none of echocell's own classes and "
                "functions, and no others can be loaded: leave it out"
            )


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


def deserialize_all(entries: Sequence[Any]) -> list[Layer]:
    """The layers of a model, none of them built; see deserialize().

    Raises ValueError for more than MOST_LAYERS.
    """
    if len(entries) > MOST_LAYERS:
        raise ValueError(f"expected at most {MOST_LAYERS} layers, received {len(entries)}")
    return [deserialize(entry) for entry in entries]
