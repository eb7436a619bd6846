"""The table of layer classes that configurations can name, and layers as plain values.

Only these classes are made from a file or a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echocell._common.suggest import suggest

_classes: dict[str, type[Any]] = {}


def register(*classes: type[Any]) -> None:
    """Adds classes to the table."""
    _classes.update({cls.__name__: cls for cls in classes})


def as_plain(layer: Any) -> dict[str, Any]:
    """Returns the class name and the configuration of a layer.

    An instance of a user's subclass is written as its base class, which computes the same.
    """
    own = next(cls for cls in type(layer).__mro__ if _classes.get(cls.__name__) is cls)
    return {"class_name": own.__name__, "config": own.get_config(layer)}


def from_plain(config: Any) -> Any:
    """Makes a layer from the result of `as_plain`.

    Raises:
        ValueError: `config` is not a configuration, or names a class that is not in the table.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ValueError(
            f"layer: expected a configuration with 'class_name' and 'config', received {config!r}"
        )
    name = str(config.get("class_name"))
    if name not in _classes:
        raise ValueError(f"unknown layer {name!r}.{suggest(name, _classes)}")
    return _classes[name].from_config(config["config"])
