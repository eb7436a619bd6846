"""Submodules as attributes of their package, imported when they are first used (PEP 562).

A package defines its `__getattr__` and `__dir__` with these two functions, so that importing the
package loads nothing that a program does not use.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from types import ModuleType

from echocell._common.missing_names import missing_name


def submodule(package: str, name: str) -> ModuleType:
    """Imports the public submodule `name` of a package that is imported itself; called by the
    package's `__getattr__`.

    Raises AttributeError where the package has no such submodule, in `from package import name` an
    ImportError.
    """
    if name in _public_submodules(package):
        return import_module(f"{package}.{name}")
    raise missing_name(package, name, sys._getframe(2))


def attributes(package: str) -> list[str]:
    """The names in the package and its public submodules, imported or not."""
    return sorted({*vars(sys.modules[package]), *_public_submodules(package)})


def _public_submodules(package: str) -> set[str]:
    found = pkgutil.iter_modules(sys.modules[package].__path__)
    return {module.name for module in found if not module.name.startswith("_")}
