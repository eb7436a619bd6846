"""Modules under the names that older pickles refer to."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Alias(ModuleType):
    """Forwards attributes to a module, which is imported on first use."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        # Programs that inspect all of sys.modules ask for names such as __file__.
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        return getattr(import_module(self._module), name)


def install(package: str, modules: dict[str, str]) -> None:
    """Registers further names of modules.

    Args:
        package: the package of all of them.
        modules: maps a name to the name of the module, both relative to the package.
    """
    for older, module in modules.items():
        name = f"{package}.{older}"
        sys.modules[name] = _Alias(name, f"{package}.{module}")
