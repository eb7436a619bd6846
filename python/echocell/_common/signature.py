"""The complete signature of a class whose constructor passes keywords on to its base class."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from inspect import Parameter


class CompleteSignature:
    """Descriptor for the `__signature__` of a class, used by help() and completion.

    It replaces `**keywords` of a constructor by the keyword-only parameters of the base class. It
    is computed on access, so that it costs nothing at import.
    """

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        if instance is not None:  # an instance: Python uses its __call__
            raise AttributeError("__signature__")
        return inspect.Signature(list(_parameters(owner)))


def _parameters(cls: type) -> Iterator[Parameter]:
    """Yields the parameters of the constructor, then those of the bases' constructors, without
    duplicates.
    """
    seen: set[str] = set()
    rest: Parameter | None = None
    for number, constructor in enumerate(_constructors(cls)):
        rest = None
        for parameter in constructor:
            if parameter.kind is Parameter.VAR_KEYWORD:
                rest = parameter
            elif number == 0 or (
                parameter.kind is Parameter.KEYWORD_ONLY and parameter.name not in seen
            ):
                seen.add(parameter.name)
                yield parameter
        if rest is None:
            return
    if rest is not None:
        yield rest


def _constructors(cls: type) -> Iterator[list[Parameter]]:
    """Yields the parameters, without self, of each constructor in method resolution order."""
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            yield list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
