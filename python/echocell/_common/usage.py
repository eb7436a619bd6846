"""The error of a wrong command line."""

from __future__ import annotations


class UsageError(Exception):
    """A wrong command line; the message is one line."""
