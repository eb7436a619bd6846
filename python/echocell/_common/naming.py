"""Names of layers and models, as Keras gives them: lstm, lstm_1, ...; counted per process."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_used: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """Converts a class name to Keras's spelling: TimeDistributed -> time_distributed."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def unique_name(base: str) -> str:
    """Returns `base` on the first call, then base_1, base_2, ..."""
    count = _used[base]
    _used[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Restarts the counting (Keras: `backend.clear_session()`)."""
    _used.clear()


def checked_name(name: Any, class_name: str) -> str:
    """Returns the requested name, or the next unused one of this class; see valid_name()."""
    return unique_name(snake_case(class_name)) if name is None else valid_name(name, class_name)


def setting_name(name: Any, kind: str, class_name: str) -> str:
    """Returns the name given to a loss, a metric or an optimizer, or its default.

    Raises:
        TypeError: the name is not a string.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{class_name}: name: expected a string, received {name!r}")
    return kind if name is None else str(name)


def valid_name(name: Any, class_name: str) -> str:
    """Returns the name as a plain string.

    Raises:
        TypeError: it is not a string.
        ValueError: a saved file could not hold it: it is empty, contains "/" (which separates the
            layer from its weight in files), or is not valid Unicode.
    """
    if not isinstance(name, str):
        raise TypeError(f"{class_name}: name: expected a string, received {name!r}")
    if not name or "/" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        raise ValueError(
            f"{class_name}: name: expected a name without '/' that is not empty, received {name!r}"
        )
    return str(name)
