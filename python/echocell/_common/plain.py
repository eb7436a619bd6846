"""Plain values, which JSON holds as they are: what may go into a file, and what may come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

# Of lists and dicts within each other. A model of layers within layers needs a dozen.
MOST_LEVELS = 100
# Letters of an error message.
_LONGEST = 1000


# ---- into a file -------------------------------------------------------------------------------


def plain(value: Any, where: str) -> Any:
    """The value as it will come back from a file: equal, of Python's own types.

    NumPy's scalars become Python's; lists and dicts become new ones.

    Args:
        value: None, a bool, a number, a string, or a list or a dict of such values.
        where: its name in error messages.

    Raises:
        ValueError: something in it would not come back equal, such as a tuple or a number as key;
            says where it stands.
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
    """Names the source in the error of whatever stumbles over odd content that comes from there.

    Raises ValueError for everything that content can bring about.
    """
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{source}: {error} is missing") from error
    except RecursionError as error:
        raise ValueError(f"{source}: nested too deeply") from error
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
        text = str(error)  # it may quote the content, which has any size
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        raise ValueError(f"{source}: {shown}") from error


def parsed(text: str) -> Any:
    """The value of a JSON text; ValueError where it is none, or is nested too deeply."""
    import json  # few programs read a file

    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    refuse_deep(value)
    return value


def refuse_deep(value: Any) -> None:
    """Raises ValueError for more levels of lists and dicts than plain() writes."""
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
    """The value under this key; ValueError where it is missing or of another type."""
    if not isinstance(content, dict) or key not in content:
        raise ValueError(f"expected an entry {key!r}, received none")
    value = content[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{key}: expected a {kind.__name__}, received {value!r:.80}")
    return value


def checked_random_state(content: Any) -> tuple[int, int]:
    """Seed and draws so far; ValueError where the content holds no such numbers."""
    state = entry(content, "random_state", list)
    if len(state) != 2:
        raise ValueError(f"random_state: expected two integers, received {state!r:.80}")
    return checked_draws(state[0], "random_state"), checked_draws(state[1], "random_state")


def checked_draws(value: Any, name: str) -> int:
    """A number of 64 bits; ValueError for anything else."""
    if type(value) is not int or not 0 <= value < 2**64:
        raise ValueError(f"{name}: expected an integer below 2**64, received {value!r:.80}")
    return value
