"""Conversion to and from plain values, which JSON represents exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

# Nesting of lists and dicts. A model of nested layers needs about a dozen.
MOST_LEVELS = 100
# Maximum length of an error message, in characters.
_LONGEST = 1000


# ---- into a file -------------------------------------------------------------------------------


def plain(value: Any, where: str) -> Any:
    """Returns the value as it will be read back from a file: equal, of built-in types.

    NumPy scalars become Python scalars; lists and dicts are copied.

    Args:
        value: None, a bool, a number, a string, or a list or a dict of such values.
        where: its name in error messages.

    Raises:
        ValueError: a part of it would not be read back as an equal value, such as a tuple or a
            number as key; the message says where it is.
    """
    return _plain(value, where, 0)


def _plain(value: Any, where: str, level: int) -> Any:
    if level > MOST_LEVELS:
        raise ValueError(f"expected at most {MOST_LEVELS} levels of lists and dicts in {where}")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [_plain(item, f"{where}[{k}]", level + 1) for k, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(
                    f"expected plain values, with strings as keys, in {where}, received the key "
                    f"{key!r} of {type(key).__name__}: it would come back as a string"
                )
        return {
            str(key): _plain(item, f"{where}[{key!r}]", level + 1) for key, item in value.items()
        }
    hint = ": it would come back as a list" if isinstance(value, tuple) else ""
    raise ValueError(
        f"expected plain values (None, numbers, strings, lists, dicts) in {where}, received "
        f"{value!r:.80} of {type(value).__name__}{hint}"
    )


# ---- out of a file -----------------------------------------------------------------------------


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Context manager that turns errors caused by the content of `source` into one ValueError.

    The message names the source. Any error that unexpected content can cause is converted.
    """
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{source}: {error} is missing") from error
    except RecursionError as error:
        raise ValueError(f"{source}: nested too deeply") from error
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
        text = str(error)  # it may quote the content, which can be large
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        raise ValueError(f"{source}: {shown}") from error


def parsed(text: str) -> Any:
    """Parses a JSON text. Raises ValueError if it is invalid or nested too deeply."""
    import json  # imported here: few programs read files

    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    refuse_deep(value)
    return value


def refuse_deep(value: Any) -> None:
    """Raises ValueError if lists and dicts are nested more deeply than plain() allows."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, tuple, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError(f"expected at most {MOST_LEVELS} levels of lists and dicts, received more")


def entry(content: Any, key: str, kind: type[T]) -> T:
    """Returns the value of this key. Raises ValueError if it is missing or of another type."""
    if not isinstance(content, dict) or key not in content:
        raise ValueError(f"expected an entry {key!r}, received none")
    value = content[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{key}: expected a {kind.__name__}, received {value!r:.80}")
    return value


def checked_random_state(content: Any) -> tuple[int, int]:
    """Returns the seed and the number of draws. Raises ValueError if the content is invalid."""
    state = entry(content, "random_state", list)
    if len(state) != 2:
        raise ValueError(f"random_state: expected two integers, received {state!r:.80}")
    return checked_draws(state[0], "random_state"), checked_draws(state[1], "random_state")


def checked_draws(value: Any, name: str) -> int:
    """Returns an integer of 64 bits. Raises ValueError for any other value."""
    if type(value) is not int or not 0 <= value < 2**64:
        raise ValueError(f"{name}: expected an integer below 2**64, received {value!r:.80}")
    return value
