"""Models as files: one safetensors file holds weights, optimizer memory, carried states and, as
JSON in its metadata, the configuration.

Tensors: "weights/<layer>/<parameter>", "optimizer/<k>", "states/<layer>/<k>"; in copies of models
that are not built "given/<layer>/<k>". A file is written beside its place and moved there when it
is complete. Loading runs no code from the file: classes are looked up by name among echocell's own.
Nothing of a file is believed: before a layer is built, its weights are there, in its shapes.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from echocell import _core, losses, metrics, optimizers
from echocell._common.container import pack, unpack
from echocell._common.files import write_whole
from echocell._common.plain import entry, reading
from echocell._common.warning import warn
from echocell.layers import blueprint, serialization
from echocell.models.weight_merging import merged_weights

if TYPE_CHECKING:
    from echocell.layers.layer import Layer
    from echocell.models import Sequential

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]

Array = NDArray[Any]
Path = str | os.PathLike[str]
M = TypeVar("M", bound="Sequential")

# Slots of an optimizer that hold means or sums of squares.
_SQUARES = ("accumulator", "velocity", "velocity_hat")


# ---- the file ----------------------------------------------------------------------------------


def _write(path: Path, tensors: Mapping[str, Array], content: Mapping[str, Any]) -> None:
    """Writes a complete file or nothing."""
    write_whole(pathlib.Path(os.fsdecode(path)), pack(tensors, content))


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and content of a file."""
    with open(path, "rb") as file:
        return unpack(file.read(), os.fspath(path))


# ---- weights -----------------------------------------------------------------------------------


def _weights(model: Sequential) -> dict[str, Array]:
    model._ready()
    return {
        f"weights/{layer.name}/{name}": value
        for layer in model._layers
        for (name, _), value in zip(layer._parameters(), layer.get_weights(), strict=True)
    }


def _named_weights(tensors: Mapping[str, Array], content: Mapping[str, Any]) -> list[Array]:
    """The weights of a file, in the order in which they were saved."""
    return [tensors[name] for name in entry(content, "weights", list)]


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
    with reading(os.fspath(path)):
        names = entry(content, "weights", list)
        weights = dict(zip(names, _named_weights(tensors, content), strict=True))
        model._ready()
        merged = merged_weights(model._layers, weights, by_name, skip_mismatch)
        model._put_weights(merged, finite=False)


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
        slots = network.slots()
        if _usable(network, slots, tensors.values()):
            content["training"]["iterations"] = network.iterations
            tensors.update(numbered("optimizer/", slots))
        else:
            warn(
                f"model {model.name!r}: the optimizer's memory is from training that diverged, the "
                "weights are not: it is left out, and training goes on with a new one"
            )
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


def _usable(network: _core.Network, slots: Sequence[Array], weights: Any) -> bool:
    """Whether another update would not ruin weights that are finite. (Of weights that are not,
    nothing is left to ruin, and all is kept as it is.)
    """
    sound = all(_sound(name, slot) for name, slot in zip(network.slot_names(), slots, strict=True))
    return sound or not all(np.isfinite(weight).all() for weight in weights)


def _sound(name: str, slot: Array) -> bool:
    # The square of a large gradient may well be infinite: such a weight stands still.
    return bool((slot >= 0).all() if name in _SQUARES else np.isfinite(slot).all())


# ---- and back ----------------------------------------------------------------------------------


def load_model(path: Path, compile: bool = True) -> Sequential:
    """The model that save_model() wrote."""
    tensors, content = _read(path)
    if "config" not in content:
        raise ValueError(f"{path}: holds weights alone; make the model and call load_weights()")
    from echocell.models import Sequential

    return restore(Sequential, tensors, content, os.fspath(path), compile)


def restore(
    kind: type[M],
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
    source: str,
    compile: bool = True,
) -> M:
    """The model of this class from what describe() gave.

    Raises ValueError, which names the source, where that is not what describe() gives.
    """
    with reading(f"{source}: cannot be restored"):
        config = entry(content, "config", dict)
        layers = serialization.deserialize_all(entry(config, "layers", list))
        _hand_out_weights(layers, config, tensors, content)
        model = kind._from_layers(config, layers)
        if model.built:
            model._random_state = checked_random_state(content)
        model.metadata = entry(content, "metadata", dict)
        training = entry(content, "training", dict) if "training" in content and compile else None
        if training is not None:
            _compile(model, training)
        if model.built:
            _restore_numbers(model, tensors, content, training or {})
        return model


def _hand_out_weights(
    layers: Sequence[Layer],
    config: Mapping[str, Any],
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
) -> None:
    """Gives the layers what is known of their weights. Layers that would be built without weights
    of their shapes are refused.
    """
    sample = blueprint.planned_sample(layers, config.get("build_input_shape"))
    if "weights" in content:
        arrays = _named_weights(tensors, content)
        blueprint.hand_out(arrays, layers, sample, entry(config, "dtype", str))
        return
    for layer in layers:
        layer._kept_weights = in_order(tensors, f"given/{layer.name}/") or None
    for layer, parameters in blueprint.planned(layers, sample):
        dtype = np.dtype(entry(config, "dtype", str))
        layer._kept_weights = layer._fitting_weights(layer._kept_weights or (), parameters, dtype)


def _compile(model: Sequential, training: Mapping[str, Any]) -> None:
    model.compile(
        optimizer=optimizers.deserialize(training["optimizer"]),
        loss=None if training["loss"] is None else losses.deserialize(training["loss"]),
        metrics=[
            metric if isinstance(metric, str) else metrics.deserialize(metric)
            for metric in entry(training, "metrics", list)
        ],
    )


def _restore_numbers(
    model: Sequential,
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    network = model._ready()
    if "iterations" in training and model._has_loss:
        iterations = optimizers.checked_iterations(entry(training, "iterations", int), "iterations")
        _restore_slots(model, network, in_order(tensors, "optimizer/"))
        network.iterations = iterations
    states = [in_order(tensors, f"states/{layer.name}/") for layer in model._state_layers()]
    if any(states):
        model._put_states(states, finite=False)


def _restore_slots(model: Sequential, network: _core.Network, slots: Sequence[Array]) -> None:
    network.set_slots(slots)
    if not _usable(network, slots, model.get_weights()):
        raise ValueError(
            "the optimizer's memory: expected finite numbers, and squares that are not negative"
        )


def checked_random_state(content: Mapping[str, Any]) -> tuple[int, int]:
    """Seed and draws so far; ValueError where the content holds no such numbers."""
    state = entry(content, "random_state", list)
    if len(state) != 2:
        raise ValueError(f"random_state: expected two integers, received {state!r:.80}")
    return checked_draws(state[0], "random_state"), checked_draws(state[1], "random_state")


def checked_draws(value: Any, name: str) -> int:
    """A number of 64 bits; ValueError for anything else."""
    if type(value) is not int or not 0 <= value < 2**64:
        raise ValueError(f"{name}: expected an integer below 2**64, received {value!r:.80}")
    return value


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
