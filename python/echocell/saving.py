"""Functions that write and read models and weights."""

from __future__ import annotations

import os
from typing import Any

from echocell.models import Sequential, load_model, save_model

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]


def save_weights(model: Sequential, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Calls `model.save_weights(path, overwrite)`."""
    model.save_weights(path, overwrite)


def load_weights(model: Sequential, path: str | os.PathLike[str], **options: Any) -> None:
    """Calls `model.load_weights(path, ...)`."""
    model.load_weights(path, **options)
