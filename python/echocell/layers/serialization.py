"""Converts layers to plain values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echocell.layers.class_table import as_plain, from_plain
from echocell.layers.layer import Layer

# Per model: far more than can be trained. A file with more is refused.
MOST_LAYERS = 1000


def serialize(layer: Layer) -> dict[str, Any]:
    """Returns the class name and the configuration of a layer as plain values.

    An instance of a user's subclass is written as its base class, which computes the same.
    """
    return as_plain(layer)


def deserialize(config: Any) -> Layer:
    """Makes a layer from the result of `serialize`; only classes of echocell are made.

    Raises:
        ValueError: `config` names another class or is not a configuration.
    """
    layer: Layer = from_plain(config)
    return layer


def alike(layer: Layer, **changed: Any) -> Layer:
    """Returns a layer with the same configuration except for `changed`, without weights."""
    entry = serialize(layer)
    return deserialize({**entry, "config": {**entry["config"], **changed}})


def deserialize_all(entries: Sequence[Any]) -> list[Layer]:
    """Makes the layers of a model, none of them built; see deserialize().

    Raises:
        ValueError: there are more than MOST_LAYERS.
    """
    if len(entries) > MOST_LAYERS:
        raise ValueError(f"expected at most {MOST_LAYERS} layers, received {len(entries)}")
    return [deserialize(entry) for entry in entries]


def refuse_custom_objects(verb: str, custom_objects: Any) -> None:
    """Raises ValueError if custom_objects names anything but echocell's own classes and functions,
    since it would not be loaded.
    """
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise TypeError(f"{verb}: custom_objects: expected a dict, received {custom_objects!r}")
    for name, item in (custom_objects or {}).items():
        if str(getattr(item, "__module__", "")).partition(".")[0] != "echocell":
            raise ValueError(
                f"{verb}: custom_objects: {name!r} is none of echocell's own classes and "
                "functions, and no others can be loaded: leave it out"
            )
