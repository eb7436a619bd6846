"""The compiled core, in the build for this machine. __init__.pyi describes each name."""

from __future__ import annotations

from echocell._core import isa

_module = isa.load()
globals().update({name: getattr(_module, name) for name in dir(_module) if name[0] != "_"})
