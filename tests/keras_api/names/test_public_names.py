"""The public names and their signatures, which must not change unintentionally.

After an intended change, `python tests/keras_api/names/test_public_names.py` updates the table; new
members of classes are added by hand.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib
from collections.abc import Iterator
from typing import Any

TABLE = pathlib.Path(__file__).with_name("public_names.txt")
MODULES = (
    *("", "activations", "backend", "callbacks", "initializers", "layers", "losses", "metrics"),
    *("models", "optimizers", "plotting", "preprocessing", "preprocessing.sequence"),
    *("regularizers", "tasks", "utils"),
)


def test_public_names_and_signatures() -> None:
    """All names of the table exist, and modules have no others.

    Classes have further members, which one part of the library calls in another.
    """
    table, found = TABLE.read_text().splitlines(), [*public_names()]
    assert [line for line in table if line not in {*found}] == []
    assert [line for line in found if line[0] != " " and line not in {*table}] == []


def public_names() -> Iterator[str]:
    """Returns one line for each public name: `module.name` and its signature."""
    for path in MODULES:
        module = importlib.import_module(f"echocell.{path}".rstrip("."))
        for name in sorted(module.__all__):
            value = getattr(module, name)
            yield f"{module.__name__}.{name}{signature(value)}"
            if isinstance(value, type):
                yield from members(f"{module.__name__}.{name}", value)


def members(owner: str, cls: type) -> Iterator[str]:
    """Returns the public attributes of a class that echocell's own classes define."""
    for name in sorted(dir(cls)):
        defined = next((base for base in cls.__mro__ if name in vars(base)), object)
        if name.startswith("_") or not defined.__module__.startswith("echocell"):
            continue
        value = inspect.getattr_static(cls, name)
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        yield f"  {owner}.{name}{signature(function)}"


def signature(value: Any) -> str:
    """Returns the parameters with their defaults, without annotations; "" if not callable."""
    if isinstance(value, property) or not callable(value):
        return ""
    try:
        found = inspect.signature(value)
    except ValueError:
        return "(...)"
    parameters = [
        parameter.replace(annotation=parameter.empty) for parameter in found.parameters.values()
    ]
    return str(inspect.Signature(parameters))


if __name__ == "__main__":
    known = {*TABLE.read_text().splitlines()}
    lines = [line for line in public_names() if line[0] != " " or line in known]
    TABLE.write_text("\n".join(lines) + "\n")
