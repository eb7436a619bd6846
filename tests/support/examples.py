"""Numbers of examples that follow the profile of Hypothesis."""

from __future__ import annotations

from hypothesis import settings

#: Of the default profile; see conftest.py.
DEFAULT = 25


def examples(count: int) -> settings:
    """Returns settings for so many examples in the default profile, in others in proportion."""
    return settings(max_examples=max(1, count * settings.default.max_examples // DEFAULT))
