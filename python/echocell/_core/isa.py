"""Loads the build of the core that fits this machine.

There is one module per instruction set, built from the same sources. The environment variable
ECHOCELL_ISA selects one by name, for tests and comparisons.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from echocell._core import _cpu

VARIABLE = "ECHOCELL_ISA"
SPINS = "GOMP_SPINCOUNT"


def choose(wanted: str | None, supported: list[str], built: list[str]) -> str:
    """Chooses the instruction set to use.

    Args:
        wanted: its name; None or empty selects the best one.
        supported: those of this machine, best first.
        built: those with a module.

    Raises:
        ImportError: the wanted one is unknown, not built, or not supported by this machine.
    """
    usable = [name for name in supported if name in built]
    if wanted:
        if wanted not in usable:
            why = "this machine cannot run it" if wanted in built else "there is no such build"
            raise ImportError(f"{VARIABLE}={wanted!r}: {why}; expected one of {', '.join(usable)}")
        return wanted
    if not usable:
        raise ImportError(
            f"no build of the core fits this machine: it supports {', '.join(supported)}, "
            f"there are {', '.join(built) or 'none'}"
        )
    return usable[0]


def load() -> ModuleType:
    """Imports the module that fits this machine, or that ECHOCELL_ISA selects."""
    supported = _cpu.supported()
    known = dict.fromkeys([*supported, "x86_64", "x86_64_v3", "x86_64_v4", "generic"])
    built = [name for name in known if importlib.util.find_spec(f"echocell._core._core_{name}")]
    chosen = choose(os.environ.get(VARIABLE), supported, built)
    with _short_spins():
        return importlib.import_module(f"echocell._core._core_{chosen}")


@contextmanager
def _short_spins() -> Iterator[None]:
    """Context manager for loading OpenMP: its threads spin for about ten microseconds, then sleep.

    By default they spin for milliseconds. When other processes compete for the processors, spinning
    delays the thread that is being waited for: a batch of 80 microseconds then takes 7
    milliseconds. Settings of the environment take precedence.
    """
    if SPINS in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ[SPINS] = "1000"
    try:
        yield
    finally:
        del os.environ[SPINS]
