"""Data preparation, under Keras's names."""

from typing import TYPE_CHECKING

from echocell._common.missing_names import module_getattr
from echocell.preprocessing import sequence

__all__ = ["sequence"]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)
