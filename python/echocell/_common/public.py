"""The public place of what a room defines in its own modules."""

from __future__ import annotations

import sys
from types import FunctionType


def publish(room: str) -> None:
    """Lets the classes and functions in the room's `__all__` name the room as their module.

    Pickles and messages then hold the public path: modules of the room can be split or renamed.

    Args:
        room: the name of an imported package.
    """
    module = sys.modules[room]
    for name in module.__all__:
        item = getattr(module, name)
        if isinstance(item, (type, FunctionType)):
            item.__module__ = room
