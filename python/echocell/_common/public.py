"""Sets the public module path of names that private modules of a package define."""

from __future__ import annotations

import sys
from types import FunctionType


def set_module(item: object, package: str) -> None:
    """Sets `__module__` of a class or a function to the package; other objects stay as they are."""
    if isinstance(item, (type, FunctionType)):
        item.__module__ = package


def publish(room: str) -> None:
    """Sets `__module__` of the classes and functions in the package's `__all__` to the package.

    Pickles and messages then hold the public path, so that modules can be split or renamed.

    Args:
        room: the name of an imported package.
    """
    module = sys.modules[room]
    for name in module.__all__:
        set_module(getattr(module, name), room)
