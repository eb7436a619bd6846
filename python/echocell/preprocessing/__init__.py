"""Data preparation, under Keras's names."""

from typing import TYPE_CHECKING

from echocell._common import lazy

if TYPE_CHECKING:
    from echocell.preprocessing import sequence
else:
    __getattr__, __dir__ = lazy.attach(__name__, {})

__all__ = ["sequence"]
