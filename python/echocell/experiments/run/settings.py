"""Settings of experiments: frozen dataclasses that "key=value" texts of the command line change."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from echocell._common.suggest import suggest

S = TypeVar("S")

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class UnknownNameError(ValueError):
    """A name that is not among the expected ones; the message suggests the nearest."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        hint = suggest(name, names) or f" Expected one of: {', '.join(names)}."
        super().__init__(f"unknown {what} {name!r}.{hint}")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The base of all settings, which checks the range of single numbers.

    Every int has to be at least 1, or at least 0 if it is named in FROM_ZERO; the numbers that are
    named in POSITIVE have to be above 0.
    """

    FROM_ZERO: ClassVar[tuple[str, ...]] = ()
    POSITIVE: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_counts(self, from_zero=self.FROM_ZERO)
        for name in self.POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected above 0, received {getattr(self, name)}")


def names(settings: Any) -> list[str]:
    """Returns the names of the fields of a settings dataclass, in order."""
    return [field.name for field in dataclasses.fields(settings)]


def as_dict(settings: Any) -> dict[str, Any]:
    """Returns settings as a dictionary, as in the JSON files."""
    return dataclasses.asdict(settings)


def as_text(settings: Any) -> str:
    """Returns settings in the form that `--set` reads: "units=10 look_back=1,3"."""
    values = as_dict(settings).items()
    return " ".join(f"{key}={_written(value)}" for key, value in values)


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """Splits texts: ["units=10", "updates=5"] -> {"units": "10", "updates": "5"}.

    Raises:
        ValueError: if a text is not of the form key=value.
    """
    assignments = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"expected key=value, received {text!r}")
        assignments[key.strip()] = value.strip()
    return assignments


def changed(settings: S, assignments: Mapping[str, str]) -> S:
    """Returns a copy of the settings with the assigned values, each parsed by the field's type.

    Raises:
        UnknownNameError: if a key is not the name of a field.
        ValueError: if a value cannot be parsed or the settings reject it.
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


def check_each(name: str, values: Iterable[float], least: float, unit: str = "") -> None:
    """Raises ValueError unless every value is at least `least`; the message names the smallest."""
    if (smallest := min(values)) < least:
        raise ValueError(f"{name}: expected at least {least}{unit}, received {smallest}")


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
