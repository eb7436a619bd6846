"""Models as bytes, for copy and pickle: the bytes that save() would write, and back.

Unpickling reads them as load_model() reads a file: no code comes out of them. What reads and writes
files is imported when it is needed, for few programs copy a model.
"""

from __future__ import annotations

from typing import Any


def model_to_bytes(model: Any) -> bytes:
    """Returns all that training needs to go on; of a model that is not built, its configuration."""
    from echocell._common.container import pack
    from echocell.models import saving

    return pack(*saving.describe(model))


def model_from_bytes(kind: type[Any], data: bytes) -> Any:
    """Returns the model of this class from what model_to_bytes() gave."""
    from echocell._common.container import unpack
    from echocell.models import saving

    source = f"{kind.__name__} that was pickled"
    return saving.restore(kind, *unpack(data, source), source)


def layer_from_bytes(data: bytes) -> Any:
    """Returns the layer of an older pickle; see `layers.pickling`."""
    from echocell.layers import pickling

    return pickling.layer_from_bytes(data)
