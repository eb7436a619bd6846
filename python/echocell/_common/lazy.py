"""Imports the submodules of a package on first use (PEP 562).

A package defines its `__getattr__` and `__dir__` with these functions, so that importing it loads
only what a program uses.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from types import ModuleType

from echocell._common.missing_names import missing_name


def submodule(package: str, name: str) -> ModuleType:
    """Imports the public submodule `name`; called by the package's `__getattr__`.

    Raises:
        AttributeError: the package has no such submodule. In `from package import name` it is an
            ImportError.
    """
    if name in _public_submodules(package):
        return import_module(f"{package}.{name}")
    raise missing_name(package, name, sys._getframe(2))


def attributes(package: str) -> list[str]:
    """Returns the names in the package and its public submodules, imported or not."""
    return sorted({*vars(sys.modules[package]), *_public_submodules(package)})


def _public_submodules(package: str) -> set[str]:
    found = pkgutil.iter_modules(sys.modules[package].__path__)
    return {module.name for module in found if not module.name.startswith("_")}
