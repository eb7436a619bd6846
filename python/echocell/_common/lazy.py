"""Loads the contents of a package on first use (PEP 562).

A package assigns the results of `attach` to its `__getattr__` and `__dir__`, so that importing it
loads only the modules that a program uses. The package also imports these names under
TYPE_CHECKING, for type checkers and for the contract on imports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def attach(
    package: str, homes: Mapping[str, str], private: bool = False
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns the functions `__getattr__` and `__dir__` of a package.

    Args:
        package: the name of the package.
        homes: maps names to the modules, relative to the package, that define them.
        private: whether the submodules are private. Public ones are attributes of the package,
            imported or not. Of private ones, classes and functions get the package as their
            `__module__`, so that pickles and messages hold the public path.
    """
    attributes = sys.modules[package].__dict__

    def __getattr__(name: str) -> Any:  # noqa: N807 (Python looks this name up)
        if name in homes:
            value = getattr(import_module(f"{package}.{homes[name]}"), name)
            if private:
                from echocell._common.public import set_module

                set_module(value, package)
            return attributes.setdefault(name, value)
        if not private and _is_submodule(package, name):
            return import_module(f"{package}.{name}")
        from echocell._common.missing_names import missing_name

        raise missing_name(package, name, sys._getframe(1))

    def __dir__() -> list[str]:  # noqa: N807
        return sorted({*attributes, *homes, *(() if private else _submodules(package))})

    return __getattr__, __dir__


def _is_submodule(package: str, name: str) -> bool:
    public = name.isidentifier() and not name.startswith("_")
    return public and find_spec(f"{package}.{name}") is not None


def _submodules(package: str) -> set[str]:
    from pkgutil import iter_modules

    found = iter_modules(sys.modules[package].__path__)
    return {module.name for module in found if not module.name.startswith("_")}
