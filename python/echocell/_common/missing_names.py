"""Errors about names that a module does not have, in particular those of Keras."""

from __future__ import annotations

import opcode
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import NoReturn

from echocell._common.suggest import suggest

_IMPORT_FROM = opcode.opmap["IMPORT_FROM"]


def missing(name: str, known: Iterable[str] = ()) -> str:
    """Returns the message about a missing name of Keras, with the most similar known name."""
    return f"echocell does not provide {name} yet.{suggest(name.rpartition('.')[2], known)}"


def module_getattr(module: str) -> Callable[[str], NoReturn]:
    """Returns a module-level `__getattr__` that raises the error of missing_name()."""

    def __getattr__(name: str) -> NoReturn:  # noqa: N807 (Python looks this name up)
        raise missing_name(module, name, sys._getframe(1))

    return __getattr__


def missing_name(module: str, name: str, frame: FrameType) -> AttributeError | ImportError:
    """Returns the error about a name that a module does not have.

    Args:
        module: name of an imported module.
        name: the attribute that was requested.
        frame: the frame of the access.

    Returns:
        An AttributeError, so that hasattr() and getattr() work. In `from module import name`, which
        drops the text of an AttributeError, an ImportError.
    """
    imported = frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM
    text = _text(module, name, imported)
    if imported:
        return ImportError(text, name=module)
    return AttributeError(text, name=name, obj=sys.modules[module])


def _text(module: str, name: str, imported: bool) -> str:
    # Imported here: the table of Keras's names is large and rarely needed.
    from echocell._common.keras_names import NAMES

    if name in NAMES.get(module, ()):
        return missing(f"{module}.{name}")
    if not imported:
        return f"module {module!r} has no attribute {name!r}"  # Python adds a suggestion itself
    known = [] if name.startswith("_") else getattr(sys.modules[module], "__all__", [])
    return f"cannot import name {name!r} from {module!r}.{suggest(name, known)}"
