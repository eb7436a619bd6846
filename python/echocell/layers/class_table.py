"""The classes of layers that a configuration may name, and layers as plain values.

Nothing but these classes is made from a file or a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echocell._common.suggest import suggest

_classes: dict[str, type[Any]] = {}


def register(*classes: type[Any]) -> None:
    """Lets configurations name these classes."""
    _classes.update({cls.__name__: cls for cls in classes})


def as_plain(layer: Any) -> dict[str, Any]:
    """Returns class name and configuration of a layer.

    A layer of a user's subclass is written as one of the class it derives from, which computes the
    same.
    """
    own = next(cls for cls in type(layer).__mro__ if _classes.get(cls.__name__) is cls)
    return {"class_name": own.__name__, "config": own.get_config(layer)}


def from_plain(config: Any) -> Any:
    """Returns the layer from what `as_plain` gave.

    Raises:
        ValueError: it is no configuration, or names another class.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ValueError(
            f"layer: expected a configuration with 'class_name' and 'config', received {config!r}"
        )
    name = str(config.get("class_name"))
    if name not in _classes:
        raise ValueError(f"unknown layer {name!r}.{suggest(name, _classes)}")
    return _classes[name].from_config(config["config"])
