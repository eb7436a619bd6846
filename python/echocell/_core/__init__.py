"""The compiled core, in the build for this machine. _core.pyi says what each name does."""

from __future__ import annotations

from echocell._core import isa

_module = isa.load()
globals().update({name: getattr(_module, name) for name in dir(_module) if name[0] != "_"})
