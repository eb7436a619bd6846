"""Suggests the most similar name in the message about an unknown one."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(name: object, candidates: Iterable[str]) -> str:
    """Returns the end of an error message about an unknown name.

    Args:
        name: the unknown name.
        candidates: the existing names.

    Returns:
        `" Did you mean 'x'?"` for the most similar candidate, ignoring case, or `""`.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    import difflib  # imported here: rarely needed and slow to import

    near = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.7)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""
