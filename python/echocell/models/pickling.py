"""Converts models to bytes for copy and pickle, with the content of save().

Unpickling reads them as load_model() reads a file: no code is run from them. The modules that read
and write files are imported on demand, since few programs copy a model.
"""

from __future__ import annotations

from typing import Any


def model_to_bytes(model: Any) -> bytes:
    """Returns all that training needs to continue; for a model that is not built, its
    configuration.
    """
    from echocell._common.container import pack
    from echocell.models import saving

    return pack(*saving.describe(model))


def model_from_bytes(kind: type[Any], data: bytes) -> Any:
    """Makes a model of this class from the result of model_to_bytes()."""
    from echocell._common.container import unpack
    from echocell.models import saving

    source = f"{kind.__name__} that was pickled"
    return saving.restore(kind, *unpack(data, source), source)


def layer_from_bytes(data: bytes) -> Any:
    """Makes the layer of an older pickle; see `layers.pickling`."""
    from echocell.layers import pickling

    return pickling.layer_from_bytes(data)
