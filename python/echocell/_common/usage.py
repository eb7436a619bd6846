"""The error for an invalid command line."""

from __future__ import annotations


class UsageError(Exception):
    """An invalid command line; the message is one line."""
