"""Settings by name: by a string, a class, an object, or the dictionary of a saved model.

A saved model names classes; they are looked up in a table of our own, so loading runs no code that
came with the file.
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
    """An object made from named values alone, which it can give back."""

    #: The name in snake case, as a user writes it in a string.
    kind: ClassVar[str] = ""
    #: Names of the constructor's arguments, which are attributes too.
    _arguments: ClassVar[tuple[str, ...]] = ()

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal object."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls: type[C], config: Mapping[str, Any]) -> C:
        """An object from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({values})"


class Registry(Generic[C]):
    """The table of one kind of setting: names to classes.

    Args:
        kind: the word for error messages ("loss").
        base: the class that all of them derive from.
        classes: the classes; each answers to its own name and to its `kind`.
        aliases: further names.
        also: names that are no entries and that an unknown name may have been meant for.
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
        """The class of that name, or a ValueError with the nearest name."""
        if name in self.classes:
            return self.classes[name]
        known = sorted({*self.also, *(cls.kind for cls in self.classes.values())})
        raise ValueError(
            f"unknown {self.kind} {name!r}.{suggest(name, [*self.also, *self.classes])} "
            f"Available: {', '.join(known)}"
        )

    def get(self, identifier: Any) -> C:
        """An object from a name, a class, an object or a configuration."""
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
        """The object as a dictionary of plain values: class name and configuration. One of a
        subclass that the user wrote is that of the class it derives from, which computes the same.

        Raises ValueError where it computes something else: deserialize() could not make it.
        """
        cls = self._saved_as(type(item))
        return {"class_name": cls.__name__, "config": cls.get_config(item)}

    def _saved_as(self, cls: type[C]) -> type[C]:
        """The nearest class of the table, where it does what the given one does."""
        own = next((base for base in cls.__mro__ if base in self.classes.values()), None)
        # The methods that a subclass can replace: all others never run, see overrides.py.
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
        """The object from what `serialize` gave; only classes of the table are made."""
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
