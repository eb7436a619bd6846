"""Warnings that point at the user's line, however deep in the package they are raised."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import partial

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issues a warning attributed to the first caller outside this package."""
    frame = sys._getframe(1)
    level = 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


class WarnOnce:
    """Issues each warning once per subject."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def about(
        self, subject: str, category: type[Warning] = UserWarning
    ) -> Callable[[str], None] | None:
        """Returns the function that warns about a subject, or None if it has been called."""
        return None if subject in self._given else partial(self._give, subject, category)

    def _give(self, subject: str, category: type[Warning], message: str) -> None:
        self._given.add(subject)
        warn(message, category)
