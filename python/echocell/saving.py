"""Models as files: one safetensors file holds weights, optimizer memory, carried states and, as
JSON in its metadata, the configuration.

Tensors: "weights/<layer>/<parameter>", "optimizer/<k>", "states/<layer>/<k>". A checksum over all
of it stands in the metadata. A file is written beside its place and moved there when it is
complete. Loading runs no code from the file: classes are looked up by name among echocell's own.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell import losses, metrics, optimizers

if TYPE_CHECKING:
    from echocell.models import Sequential

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]

Array = NDArray[Any]
Path = str | os.PathLike[str]

FORMAT = "echocell"
VERSION = 1
# What other programs' files begin with.
_FOREIGN = {
    b"\x89HDF": "an HDF5 file, which Keras 2 writes",
    b"PK\x03\x04": "a zip archive, such as Keras 3's .keras files",
    b"\x80": "a pickle",
}


# ---- the file ----------------------------------------------------------------------------------


def _checksum(tensors: Mapping[str, Array], text: str) -> str:
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        head = f"{name} {array.dtype} {array.shape}"
        value = zlib.crc32(array.tobytes(), zlib.crc32(head.encode(), value))
    return f"{value:08x}"


def _write(path: Path, tensors: Mapping[str, Array], content: Mapping[str, Any]) -> None:
    """Writes a complete file or nothing."""
    from safetensors.numpy import save

    try:
        text = json.dumps(content)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"save: expected plain values (numbers, strings, lists, dicts) in model.metadata and "
            f"the configuration: {error}"
        ) from None
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "content": text,
        "checksum": _checksum(arrays, text),
    }
    _replace(os.fspath(path), save(arrays, metadata))


def _replace(path: str, data: bytes) -> None:
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and content; ValueError names the file and what is wrong with it."""
    from safetensors import SafetensorError, safe_open

    _refuse_foreign(path)
    try:
        with safe_open(os.fspath(path), framework="np") as file:
            metadata = file.metadata() or {}
            names = file.keys()  # the file is no dict and cannot be walked
            tensors = {name: np.ascontiguousarray(file.get_tensor(name)) for name in names}
    except (SafetensorError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: damaged, cut off, or no safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path}: a safetensors file, but not a model that echocell saved")
    version = metadata.get("version", "")
    if version != str(VERSION):
        raise ValueError(f"{path}: format version {version!r}; this echocell reads {VERSION}")
    text = metadata.get("content", "")
    if _checksum(tensors, text) != metadata.get("checksum"):
        raise ValueError(f"{path}: damaged: its checksum does not match what it holds")
    content: dict[str, Any] = json.loads(text)
    return tensors, content


def _refuse_foreign(path: Path) -> None:
    with open(path, "rb") as file:
        start = file.read(8)
    for magic, kind in _FOREIGN.items():
        if start.startswith(magic) and len(start) == 8 and not _plausible_header(start, path):
            raise ValueError(f"{path}: {kind}; echocell reads files that model.save() wrote")
    if len(start) < 8:
        raise ValueError(f"{path}: {'empty' if not start else 'cut off after a few bytes'}")


def _plausible_header(start: bytes, path: Path) -> bool:
    """A safetensors file begins with the length of its header, which may look like anything."""
    return int.from_bytes(start, "little") < os.path.getsize(path)


# ---- weights -----------------------------------------------------------------------------------


def _weights(model: Sequential) -> dict[str, Array]:
    model._ready()
    return {
        f"weights/{layer.name}/{name}": value
        for layer in model.layers
        for (name, _), value in zip(layer._parameters(), layer.get_weights(), strict=True)
    }


def save_weights(model: Sequential, path: Path, overwrite: bool = True) -> None:
    """Writes the weights alone."""
    _refuse_existing(path, overwrite)
    weights = _weights(model)
    _write(path, weights, {"weights": list(weights)})


def load_weights(model: Sequential, path: Path) -> None:
    """Sets the model's weights from a file, in the order in which they were saved."""
    tensors, content = _read(path)
    try:
        model.set_weights([tensors[name] for name in content["weights"]])
    except KeyError as error:
        raise ValueError(f"{path}: damaged: {error} is missing") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _refuse_existing(path: Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False")


# ---- whole models ------------------------------------------------------------------------------


def save_model(
    model: Sequential, path: Path, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Writes the model with all that training needs to go on."""
    _refuse_existing(path, overwrite)
    network = model._ready()
    tensors = _weights(model)
    content: dict[str, Any] = {
        "weights": list(tensors),
        "config": model.get_config(),
        "metadata": model.metadata,
        "random_state": [int(value) for value in network.random_state],
    }
    if include_optimizer and model._compiled is not None:
        content["training"] = _training_config(model)
        slots = network.slots()
        tensors.update({f"optimizer/{k}": slot for k, slot in enumerate(slots)})
    for layer in model._state_layers():
        for k, state in enumerate(layer.get_states()):
            tensors[f"states/{layer.name}/{k}"] = state
    _write(path, tensors, content)


def _training_config(model: Sequential) -> dict[str, Any]:
    compiled = model._require_compiled("save")
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": losses.serialize(compiled.loss),
        "metrics": [metrics.serialize(metric) for metric in model.metrics],
        "iterations": model._ready().iterations,
    }


def load_model(path: Path, compile: bool = True) -> Sequential:
    """The model that save_model() wrote."""
    tensors, content = _read(path)
    if "config" not in content:
        raise ValueError(f"{path}: holds weights alone; make the model and call load_weights()")
    try:
        return _restored(tensors, content, compile)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"{path}: cannot be restored: {error}") from error


def _restored(
    tensors: Mapping[str, Array], content: Mapping[str, Any], compile: bool
) -> Sequential:
    from echocell.models import Sequential

    model = Sequential.from_config(content["config"])
    model.metadata = dict(content["metadata"])
    model.set_weights([tensors[name] for name in content["weights"]])
    network = model._ready()
    if compile and "training" in content:
        _restore_training(model, content["training"], tensors)
    states = [_numbered(tensors, f"states/{layer.name}/") for layer in model._state_layers()]
    if any(states):
        model.set_states(states)
    seed, draws = content["random_state"]
    network.random_state = (seed, draws)
    return model


def _restore_training(
    model: Sequential, training: Mapping[str, Any], tensors: Mapping[str, Array]
) -> None:
    model.compile(
        optimizer=optimizers.deserialize(training["optimizer"]),
        loss=losses.deserialize(training["loss"]),
        metrics=[metrics.deserialize(metric) for metric in training["metrics"]],
    )
    network = model._ready()
    network.set_slots(_numbered(tensors, "optimizer/"))
    network.iterations = training["iterations"]


def _numbered(tensors: Mapping[str, Array], prefix: str) -> list[Array]:
    count = sum(name.startswith(prefix) for name in tensors)
    return [tensors[f"{prefix}{k}"] for k in range(count)]
