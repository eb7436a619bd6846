"""Shapes of samples: without the batch axis, None for an open axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._common.scalars import whole

Array = NDArray[Any]


Sample = tuple[int | None, ...]


def shape(value: Any, name: str) -> Sample:
    """Returns a tuple of positive integers and None."""
    if isinstance(value, (int, np.integer)):
        raise ValueError(
            f"{name}: expected a tuple of integers, received the number {value}. "
            f"A tuple of one number is written ({value},)"
        )
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: expected a tuple of integers, received {value!r}")
    return tuple(None if extent is None else whole(extent, name) for extent in value)


def core_shape(sample: Sample) -> list[int]:
    """Converts to the core's representation, in which -1 is an open axis."""
    return [-1 if extent is None else extent for extent in sample]


def sample_shape(extents: Sequence[int]) -> Sample:
    """Converts from the core's representation, in which -1 is an open axis."""
    return tuple(None if extent < 0 else extent for extent in extents)


def fits(actual: Sequence[int], expected: Sample) -> bool:
    """Whether a shape without open axes matches `expected`."""
    if actual == expected:
        return True
    if len(actual) != len(expected):
        return False
    for extent, known in zip(actual, expected, strict=True):  # twice as fast as all()
        if known is not None and known != extent:
            return False
    return True


def text(sample: Sample, first: str = "samples") -> str:
    """Formats a shape as (samples, 5, 10), with names for open axes."""
    names = {2: ("time steps", "features"), 1: ("features",)}.get(len(sample), ())
    words = [
        str(extent) if extent is not None else (names[k] if k < len(names) else "any")
        for k, extent in enumerate(sample)
    ]
    return f"({', '.join([first, *words])}{'' if words else ','})"
