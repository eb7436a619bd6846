"""Names of layers and models, as Keras gives them: lstm, lstm_1, ...; counted per process."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_used: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """The name of a class as Keras writes it: TimeDistributed -> time_distributed."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def unique_name(base: str) -> str:
    """`base` the first time, then base_1, base_2, ..."""
    count = _used[base]
    _used[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Starts counting anew (Keras: `backend.clear_session()`)."""
    _used.clear()


def checked_name(name: Any, class_name: str) -> str:
    """The name that was asked for, or the next free one of this class.

    Raises TypeError where it is no string, ValueError where it is empty or holds a "/" (which
    parts a layer from its weight in a saved file).
    """
    if name is None:
        return unique_name(snake_case(class_name))
    if not isinstance(name, str):
        raise TypeError(f"{class_name}: name: expected a string, received {name!r}")
    if not name or "/" in name:
        raise ValueError(f"{class_name}: name: expected a name without '/', received {name!r}")
    return name
