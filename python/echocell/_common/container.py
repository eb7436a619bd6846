"""Serializes tensors and plain values into the bytes of one safetensors file.

The values are stored as JSON in the file's metadata, together with a checksum of the whole content.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._common.plain import parsed, plain, reading

Array = NDArray[Any]

FORMAT = "echocell"
VERSION = 1
# Leading bytes of file formats that other programs write.
_FOREIGN = {
    b"\x89HDF": "an HDF5 file, which Keras 2 writes",
    b"PK\x03\x04": "a zip archive, such as Keras 3's .keras files",
    b"\x80": "a pickle",
}


def pack(tensors: Mapping[str, Array], content: Mapping[str, Any]) -> bytes:
    """Serializes tensors and plain values into the bytes of a file.

    Raises:
        ValueError: a value would not be read back as an equal one; the message says where it is.
    """
    from safetensors.numpy import save

    try:
        text = json.dumps(
            {key: plain(value, _PLACES.get(key, key)) for key, value in content.items()}
        )
    except ValueError as error:
        raise ValueError(f"save: {error}") from None
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "content": text,
        "checksum": _checksum(arrays, text),
    }
    return bytes(save(arrays, metadata))


# Names of the parts of `content` in error messages.
_PLACES = {"metadata": "model.metadata", "config": "the configuration"}


def _checksum(tensors: Mapping[str, Array], text: str) -> str:
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        head = f"{name} {array.dtype} {array.shape}"
        value = zlib.crc32(array.tobytes(), zlib.crc32(head.encode(), value))
    return f"{value:08x}"


def unpack(data: bytes, source: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Returns the tensors and the content that pack() serialized.

    Raises:
        ValueError: the data are damaged or of another format; the message names the source.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    _refuse_foreign(data, source)
    try:
        tensors = {name: np.ascontiguousarray(tensor) for name, tensor in load(data).items()}
        metadata = json.loads(data[8 : 8 + _header_size(data)]).get("__metadata__") or {}
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{source}: damaged, cut off, or no safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{source}: a safetensors file, but not a model that echocell saved")
    version = metadata.get("version", "")
    if version != str(VERSION):
        raise ValueError(f"{source}: format version {version!r}; this echocell reads {VERSION}")
    text = metadata.get("content", "")
    if _checksum(tensors, text) != metadata.get("checksum"):
        raise ValueError(f"{source}: damaged: its checksum does not match what it holds")
    with reading(source):
        content = parsed(text)
        if not isinstance(content, dict):
            raise ValueError(f"expected a dict as content, received {content!r:.80}")
    return tensors, content


def _refuse_foreign(data: bytes, source: str) -> None:
    if len(data) < 8:
        raise ValueError(f"{source}: {'cut off after a few bytes' if data else 'empty'}")
    for magic, kind in _FOREIGN.items():
        # A safetensors file begins with the size of its header, which can equal any of these bytes.
        if data.startswith(magic) and _header_size(data) >= len(data):
            raise ValueError(f"{source}: {kind}; echocell reads files that model.save() wrote")


def _header_size(data: bytes) -> int:
    return int.from_bytes(data[:8], "little")


# ---- lists of tensors --------------------------------------------------------------------------


def numbered(prefix: str, arrays: Sequence[Array]) -> dict[str, Array]:
    """Returns the arrays by name: prefix0, prefix1, ..."""
    return {f"{prefix}{k}": array for k, array in enumerate(arrays)}


def in_order(tensors: Mapping[str, Array], prefix: str) -> list[Array]:
    """Returns the arrays that numbered() named, in their original order."""
    count = sum(name.startswith(prefix) for name in tensors)
    return [tensors[f"{prefix}{k}"] for k in range(count)]
