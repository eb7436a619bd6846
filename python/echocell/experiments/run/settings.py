"""Settings from the command line: "key=value" texts onto a frozen dataclass."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from echocell._common.suggest import suggest

S = TypeVar("S")

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class UnknownNameError(ValueError):
    """A name that is not one of those expected; the message names the nearest."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        hint = suggest(name, names) or f" Expected one of: {', '.join(names)}."
        super().__init__(f"unknown {what} {name!r}.{hint}")


def names(settings: Any) -> list[str]:
    """The names of a settings dataclass, in its order."""
    return [field.name for field in dataclasses.fields(settings)]


def as_dict(settings: Any) -> dict[str, Any]:
    """Settings as a dictionary, as the JSON files show them."""
    return dataclasses.asdict(settings)


def as_text(settings: Any) -> str:
    """Settings as `--set` reads them: "units=10 look_back=1,3"."""
    values = as_dict(settings).items()
    return " ".join(f"{key}={_written(value)}" for key, value in values)


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """["units=10", "updates=5"] -> {"units": "10", "updates": "5"}."""
    assignments = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"expected key=value, received {text!r}")
        assignments[key.strip()] = value.strip()
    return assignments


def changed(settings: S, assignments: Mapping[str, str]) -> S:
    """A copy of the settings with the assignments made, each read as its field's type.

    Raises UnknownNameError for a key that is not there, ValueError for a value that cannot be
    read or that the settings refuse.
    """
    hints = get_type_hints(type(settings))
    values: dict[str, Any] = {}
    for key, text in assignments.items():
        if key not in names(settings):
            raise UnknownNameError("setting", key, names(settings))
        values[key] = _read(key, text, hints[key])
    return dataclasses.replace(settings, **values)  # type: ignore[type-var]


def check_counts(settings: Any, *, from_zero: Iterable[str] = ()) -> None:
    """Raises ValueError unless every int field is at least 1, or 0 where named in from_zero."""
    for name in names(settings):
        value = getattr(settings, name)
        least = 0 if name in from_zero else 1
        if isinstance(value, int) and not isinstance(value, bool) and value < least:
            raise ValueError(f"{name}: expected at least {least}, received {value}")


def check_positive(settings: Any, *of: str) -> None:
    """Raises ValueError unless each of the named numbers is above 0."""
    for name in of:
        if not getattr(settings, name) > 0:
            raise ValueError(f"{name}: expected above 0, received {getattr(settings, name)}")


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read(key: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_read(key, part.strip(), get_args(kind)[0]) for part in text.split(","))
    if isinstance(kind, types.UnionType) or kind not in (int, float, bool, str):
        raise TypeError(f"{key}: settings of type {kind} cannot be read from text")
    try:
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise ValueError(f"{key}: expected {kind.__name__}, received {text!r}") from None
