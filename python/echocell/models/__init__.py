"""Models: Sequential, with Keras's methods; loading and cloning of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell._common.missing_names import module_getattr
from echocell._common.public import publish
from echocell.models.loading import (
    clone_model,
    load_model,
    model_from_config,
    model_from_json,
    save_model,
)
from echocell.models.sequential import Sequential

__all__ = [
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

publish(__name__)
