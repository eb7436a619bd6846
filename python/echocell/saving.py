"""Models as files: one safetensors file holds weights, optimizer memory, carried states and, as
JSON in its metadata, the configuration.

Tensors: "weights/<layer>/<parameter>", "optimizer/<k>", "states/<layer>/<k>"; in copies of models
that are not built "given/<layer>/<k>". A checksum over all of it stands in the metadata. A file is
written beside its place and moved there when it is complete. Loading runs no code from the file:
classes are looked up by name among echocell's own.
"""

from __future__ import annotations

import json
import os
import pathlib
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from echocell import losses, metrics, optimizers
from echocell._files import write_whole
from echocell._weight_merging import merged_weights

if TYPE_CHECKING:
    from echocell._layer import Layer
    from echocell.models import Sequential

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]

Array = NDArray[Any]
Path = str | os.PathLike[str]
M = TypeVar("M", bound="Sequential")

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
    write_whole(pathlib.Path(os.fsdecode(path)), pack(tensors, content))


def pack(tensors: Mapping[str, Array], content: Mapping[str, Any]) -> bytes:
    """The bytes of a file.

    Raises ValueError where the content is not of plain values.
    """
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
    return bytes(save(arrays, metadata))


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and content of a file."""
    with open(path, "rb") as file:
        return unpack(file.read(), os.fspath(path))


def unpack(data: bytes, source: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and content from what pack() gave; ValueError names the source and what is wrong."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    _refuse_foreign(data, source)
    try:
        tensors = {name: np.ascontiguousarray(tensor) for name, tensor in load(data).items()}
        metadata = json.loads(data[8 : 8 + _header_size(data)]).get("__metadata__") or {}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{source}: damaged, cut off, or no safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{source}: a safetensors file, but not a model that echocell saved")
    version = metadata.get("version", "")
    if version != str(VERSION):
        raise ValueError(f"{source}: format version {version!r}; this echocell reads {VERSION}")
    text = metadata.get("content", "")
    if _checksum(tensors, text) != metadata.get("checksum"):
        raise ValueError(f"{source}: damaged: its checksum does not match what it holds")
    content: dict[str, Any] = json.loads(text)
    return tensors, content


def _refuse_foreign(data: bytes, source: str) -> None:
    if len(data) < 8:
        raise ValueError(f"{source}: {'cut off after a few bytes' if data else 'empty'}")
    for magic, kind in _FOREIGN.items():
        # A safetensors file begins with the size of its header, which may look like anything.
        if data.startswith(magic) and _header_size(data) >= len(data):
            raise ValueError(f"{source}: {kind}; echocell reads files that model.save() wrote")


def _header_size(data: bytes) -> int:
    return int.from_bytes(data[:8], "little")


# ---- weights -----------------------------------------------------------------------------------


def _weights(model: Sequential) -> dict[str, Array]:
    model._ready()
    return {
        f"weights/{layer.name}/{name}": value
        for layer in model._layers
        for (name, _), value in zip(layer._parameters(), layer.get_weights(), strict=True)
    }


def save_weights(model: Sequential, path: Path, overwrite: bool = True) -> None:
    """Writes the weights alone."""
    _refuse_existing(path, overwrite)
    weights = _weights(model)
    _write(path, weights, {"weights": list(weights)})


def load_weights(
    model: Sequential, path: Path, by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Sets the model's weights from a file, by their order or by the names of the layers."""
    tensors, content = _read(path)
    try:
        weights = {name: tensors[name] for name in content["weights"]}
        model._ready()
        merged = merged_weights(model._layers, weights, by_name, skip_mismatch)
        model._put_weights(merged, finite=False)
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
    model._ready()
    _write(path, *describe(model, include_optimizer))


def describe(
    model: Sequential, include_optimizer: bool = True
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and content of a model. One that is not built yet has no numbers but those that its
    layers were given.
    """
    content: dict[str, Any] = {"config": model.get_config(), "metadata": model.metadata}
    if include_optimizer and model._compiled is not None:
        content["training"] = _training_config(model)
    if model.built:
        return _numbers(model, content), content
    tensors = {}
    for layer in model._layers:
        tensors.update(numbered(f"given/{layer.name}/", known_weights(layer)))
    return tensors, content


def _numbers(model: Sequential, content: dict[str, Any]) -> dict[str, Array]:
    """The tensors of a model that is built; what they need to be read goes into the content."""
    network = model._ready()
    tensors = _weights(model)
    content["weights"] = list(tensors)
    content["random_state"] = [int(value) for value in network.random_state]
    if "training" in content and model._has_loss:
        content["training"]["iterations"] = network.iterations
        tensors.update(numbered("optimizer/", network.slots()))
    for layer in model._state_layers():
        tensors.update(numbered(f"states/{layer.name}/", layer.get_states()))
    return tensors


def _training_config(model: Sequential) -> dict[str, Any]:
    compiled = model._require_compiled("save")
    # What "accuracy" is depends on the output: before the model is built it stays a word.
    chosen = model.metrics if model.built else compiled.metrics
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": None if compiled.loss is None else losses.serialize(compiled.loss),
        "metrics": [
            metric if isinstance(metric, str) else metrics.serialize(metrics.get(metric))
            for metric in chosen
        ],
    }


def load_model(path: Path, compile: bool = True) -> Sequential:
    """The model that save_model() wrote."""
    tensors, content = _read(path)
    if "config" not in content:
        raise ValueError(f"{path}: holds weights alone; make the model and call load_weights()")
    from echocell.models import Sequential

    try:
        return restore(Sequential, tensors, content, compile)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"{path}: cannot be restored: {error}") from error


def restore(
    kind: type[M],
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
    compile: bool = True,
) -> M:
    """The model of this class from what describe() gave."""
    model = kind._from_config(content["config"], partial(_kept_weights, tensors, content))
    if "weights" in content:
        seed, draws = content["random_state"]
        model._random_state = seed, draws
    model.metadata = dict(content["metadata"])
    training = content.get("training") if compile else None
    if training is not None:
        model.compile(
            optimizer=optimizers.deserialize(training["optimizer"]),
            loss=None if training["loss"] is None else losses.deserialize(training["loss"]),
            metrics=[
                metric if isinstance(metric, str) else metrics.deserialize(metric)
                for metric in training["metrics"]
            ],
        )
    if "weights" in content:
        _restore_numbers(model, tensors, content)
    return model


def _kept_weights(
    tensors: Mapping[str, Array], content: Mapping[str, Any], layer: Layer
) -> list[Array] | None:
    """The weights of a layer in a file; None: it was not built, and has been given none."""
    if "weights" not in content:
        return in_order(tensors, f"given/{layer.name}/") or None
    prefix = f"weights/{layer.name}/"
    return [tensors[name] for name in content["weights"] if name.startswith(prefix)]


def _restore_numbers(
    model: Sequential, tensors: Mapping[str, Array], content: Mapping[str, Any]
) -> None:
    if len(model.get_weights()) != len(content["weights"]):
        raise ValueError("the weights are those of other layers than the configuration's")
    network = model._ready()
    if model._has_loss:
        network.set_slots(in_order(tensors, "optimizer/"))
        network.iterations = content["training"]["iterations"]
    states = [in_order(tensors, f"states/{layer.name}/") for layer in model._state_layers()]
    if any(states):
        model._put_states(states, finite=False)


# ---- lists of tensors --------------------------------------------------------------------------


def known_weights(layer: Layer) -> list[Array]:
    """Its weights, or those that it was given for when it is built."""
    if layer.built:
        return layer.get_weights()
    return [np.asarray(value) for value in layer._kept_weights or layer._given_weights or ()]


def numbered(prefix: str, arrays: Sequence[Array]) -> dict[str, Array]:
    """prefix0, prefix1, ..."""
    return {f"{prefix}{k}": array for k, array in enumerate(arrays)}


def in_order(tensors: Mapping[str, Array], prefix: str) -> list[Array]:
    """What numbered() was given."""
    count = sum(name.startswith(prefix) for name in tensors)
    return [tensors[f"{prefix}{k}"] for k in range(count)]
