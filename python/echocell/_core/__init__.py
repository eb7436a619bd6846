"""The compiled core, in the build for this machine. __init__.pyi describes its names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# The packages of echocell are loaded on first use, possibly in several threads at once. NumPy's
# modules import each other, so only one thread may be the first to import NumPy.
import numpy  # noqa: F401

from echocell._core import isa

_module = isa.load()
globals().update({name: getattr(_module, name) for name in dir(_module) if name[0] != "_"})

_NETWORKS = {"float32": _module.NetworkFloat32, "float64": _module.NetworkFloat64}
Network = _module.NetworkFloat32 | _module.NetworkFloat64


def make_network(
    layers: Sequence[Any], input_shape: Sequence[int], dtype: str = "float32", seed: int = 0
) -> Any:
    """Makes a network of dtype "float32" or "float64".

    Raises:
        ValueError: for any other dtype.
    """
    if dtype not in _NETWORKS:
        raise ValueError(f"expected dtype 'float32' or 'float64', received {dtype!r}")
    return _NETWORKS[dtype](layers, input_shape, seed)
