"""Looks up settings given as a string, a class, an object, or the dictionary of a saved model.

Classes named by a saved model are looked up in a fixed table, so loading a file runs no code from
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import getattr_static
from typing import Any, ClassVar, Generic, TypeVar

from echocell._common.overrides import Guarded
from echocell._common.suggest import suggest

__all__ = ["Configurable", "Registry"]

C = TypeVar("C", bound="Configurable")


class Configurable(Guarded):
    """An object that is fully described by the arguments of its constructor."""

    #: The name in snake case, as users write it in a string.
    kind: ClassVar[str] = ""
    #: Names of the constructor's arguments, which are also attributes.
    _arguments: ClassVar[tuple[str, ...]] = ()

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal object."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls: type[C], config: Mapping[str, Any]) -> C:
        """Makes an object from the result of `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({values})"


class Registry(Generic[C]):
    """The table of one kind of setting: maps names to classes.

    Args:
        kind: the word for error messages ("loss").
        base: the base class of all entries.
        classes: the classes; each is found by its class name and by its `kind`.
        aliases: further names.
        also: names that are not entries, but are suggested for misspelled ones.
    """

    def __init__(
        self,
        kind: str,
        base: type[C],
        classes: Iterable[type[C]],
        aliases: Mapping[str, type[C]] | None = None,
        also: Sequence[str] = (),
    ) -> None:
        self.kind = kind
        self.base = base
        self.also = also
        self.classes: dict[str, type[C]] = {}
        for cls in classes:
            self.classes[cls.__name__] = cls
            self.classes[cls.kind] = cls
        self.classes.update(aliases or {})

    def find(self, name: str) -> type[C]:
        """Returns the class of that name. Raises ValueError with the most similar name."""
        if name in self.classes:
            return self.classes[name]
        known = sorted({*self.also, *(cls.kind for cls in self.classes.values())})
        raise ValueError(
            f"unknown {self.kind} {name!r}.{suggest(name, [*self.also, *self.classes])} "
            f"Available: {', '.join(known)}"
        )

    def get(self, identifier: Any) -> C:
        """Returns an object from a name, a class, an object or a configuration."""
        if isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, str):
            return self.find(identifier)()
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            return identifier()
        raise TypeError(
            f"{self.kind}: expected a name, a {self.base.__name__} or its configuration, "
            f"received {identifier!r} of {type(identifier).__name__}"
        )

    def serialize(self, item: C) -> dict[str, Any]:
        """Returns the class name and the configuration of an object as plain values.

        An object of a user's subclass is written as its base class, which computes the same.

        Raises:
            ValueError: the subclass computes something else, which deserialize() could not make.
        """
        cls = self._saved_as(type(item))
        return {"class_name": cls.__name__, "config": cls.get_config(item)}

    def _saved_as(self, cls: type[C]) -> type[C]:
        """Returns the nearest class of the table, if `cls` computes the same."""
        own = next((base for base in cls.__mro__ if base in self.classes.values()), None)
        # Only these methods of a subclass can take effect; see overrides.py.
        names = ("__call__", "for_gates")
        if own is None or any(
            getattr_static(cls, name, None) is not getattr_static(own, name, None) for name in names
        ):
            raise ValueError(
                f"{self.kind}: {cls.__name__} is none of echocell's own and cannot be written into "
                "a configuration, which files and copies of models need; save_weights() needs none"
            )
        return own

    def deserialize(self, config: Any) -> C:
        """Makes the object that `serialize` described; only classes of the table are made."""
        if isinstance(config, str):
            return self.find(config)()
        if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
            raise ValueError(
                f"{self.kind}: expected a configuration with a 'class_name', received {config!r}"
            )
        values = config.get("config") or {}
        if not isinstance(values, Mapping):
            raise ValueError(
                f"{self.kind}: expected a dictionary under 'config', received {values!r}"
            )
        return self.find(config["class_name"]).from_config(values)
