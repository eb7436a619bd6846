"""The nearest name, for the message about a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(name: object, candidates: Iterable[str]) -> str:
    """The end of an error message about an unknown name.

    Args:
        name: what was asked for.
        candidates: the names that exist.

    Returns:
        `" Did you mean 'x'?"` for the nearest candidate (case is ignored), `""` where none is near.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    import difflib  # rarely wanted, and slow to import

    near = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.7)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""
