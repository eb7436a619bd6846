"""Saves models to safetensors files and loads them.

A file holds the weights, the optimizer's slots, the carried states and, as JSON in its metadata,
the configuration. Tensors: "weights/<layer>/<parameter>", "optimizer/<k>", "states/<layer>/<k>";
in copies of models that are not built "given/<layer>/<k>". Files are written atomically. Loading
runs no code from the file: classes are looked up by name among echocell's own. Files are not
trusted: a layer is built only after the shapes of its weights in the file have been checked.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from echocell import _core, losses, metrics, optimizers
from echocell._common.container import in_order, numbered, pack, unpack
from echocell._common.files import write_whole
from echocell._common.plain import checked_random_state, entry, reading
from echocell._common.warning import warn
from echocell.layers import Layer, blueprint
from echocell.layers.serialization import deserialize_all
from echocell.models import compiling
from echocell.models.graph import Graph
from echocell.models.weight_merging import merged_weights
from echocell.models.weights import put_states, put_weights
from echocell.optimizers.optimizer import checked_iterations

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]

Array = NDArray[Any]
Path = str | os.PathLike[str]


class Saveable(Protocol):
    """The interface of a model that is saved and loaded."""

    graph: Graph
    metadata: dict[str, Any]

    @classmethod
    def from_layers(cls: type[M], config: Mapping[str, Any], layers: Iterable[Layer]) -> M:
        """Makes the model of these layers, which were made from its configuration."""

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration, from which from_layers() makes the model."""


M = TypeVar("M", bound=Saveable)

# Optimizer slots that hold means or sums of squares.
_SQUARES = ("accumulator", "velocity", "velocity_hat")


# ---- the file ----------------------------------------------------------------------------------


def _write(path: Path, tensors: Mapping[str, Array], content: Mapping[str, Any]) -> None:
    """Writes the file atomically."""
    write_whole(pathlib.Path(os.fsdecode(path)), pack(tensors, content))


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Returns tensors and content of a file."""
    with open(path, "rb") as file:
        return unpack(file.read(), os.fspath(path))


# ---- weights -----------------------------------------------------------------------------------


def _weights(graph: Graph) -> dict[str, Array]:
    graph.ready()
    return {
        f"weights/{layer.name}/{name}": value
        for layer in graph.layers
        for (name, _), value in zip(layer.parameters(), layer.get_weights(), strict=True)
    }


def _named_weights(tensors: Mapping[str, Array], content: Mapping[str, Any]) -> list[Array]:
    """Returns the weights of a file, in the order in which they were saved."""
    return [tensors[name] for name in entry(content, "weights", list)]


def save_weights(graph: Graph, path: Path, overwrite: bool = True) -> None:
    """Writes only the weights."""
    _refuse_existing(path, overwrite)
    weights = _weights(graph)
    _write(path, weights, {"weights": list(weights)})


def load_weights(
    graph: Graph, path: Path, by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Sets the weights of a model from a file, in order or by the names of the layers."""
    tensors, content = _read(path)
    with reading(os.fspath(path)):
        names = entry(content, "weights", list)
        weights = dict(zip(names, _named_weights(tensors, content), strict=True))
        graph.ready()
        merged = merged_weights(graph.layers, weights, by_name, skip_mismatch)
        put_weights(graph, merged, finite=False)


def _refuse_existing(path: Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False")


# ---- whole models ------------------------------------------------------------------------------


def save_model(
    model: Saveable, path: Path, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Writes the model with all that training needs to continue."""
    _refuse_existing(path, overwrite)
    model.graph.ready()
    _write(path, *describe(model, include_optimizer))


def describe(
    model: Saveable, include_optimizer: bool = True
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Returns tensors and content of a model.

    A model that is not built has only the weights that its layers were given.
    """
    content: dict[str, Any] = {"config": model.get_config(), "metadata": model.metadata}
    if include_optimizer and model.graph.compiled is not None:
        content["training"] = _training_config(model)
    if model.graph.built:
        return _numbers(model, content), content
    tensors = {}
    for layer in model.graph.layers:
        tensors.update(numbered(f"given/{layer.name}/", layer.known_weights()))
    return tensors, content


def _numbers(model: Saveable, content: dict[str, Any]) -> dict[str, Array]:
    """Returns the tensors of a built model; adds to the content what is needed to read them."""
    network = model.graph.ready()
    tensors = _weights(model.graph)
    content["weights"] = list(tensors)
    content["random_state"] = [int(value) for value in network.random_state]
    if "training" in content and _has_loss(model):
        slots = network.slots()
        if _usable(network, slots, tensors.values()):
            content["training"]["iterations"] = network.iterations
            tensors.update(numbered("optimizer/", slots))
        else:
            warn(
                f"model {model.graph.name!r}: the optimizer's memory is from training that "
                "diverged, the weights are not: it is left out, and training goes on with a new one"
            )
    for layer in model.graph.state_layers():
        tensors.update(numbered(f"states/{layer.name}/", layer.get_states()))
    return tensors


def _training_config(model: Saveable) -> dict[str, Any]:
    compiled = model.graph.require_compiled("save")
    # The meaning of "accuracy" depends on the output: it stays a name until the model is built.
    chosen = model.graph.metrics if model.graph.built else compiled.metrics
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": None if compiled.loss is None else losses.serialize(compiled.loss),
        "metrics": [
            metric if isinstance(metric, str) else metrics.serialize(metrics.get(metric))
            for metric in chosen
        ],
    }


def _has_loss(model: Saveable) -> bool:
    compiled = model.graph.compiled
    return compiled is not None and compiled.loss is not None


def _usable(network: _core.Network, slots: Sequence[Array], weights: Any) -> bool:
    """Whether the next update would keep finite weights finite.

    If the weights are not finite, there is nothing to protect, and the slots are kept.
    """
    sound = all(_sound(name, slot) for name, slot in zip(network.slot_names(), slots, strict=True))
    return sound or not all(np.isfinite(weight).all() for weight in weights)


def _sound(name: str, slot: Array) -> bool:
    # The square of a large gradient can overflow to infinity: such a weight is no longer updated.
    return bool((slot >= 0).all() if name in _SQUARES else np.isfinite(slot).all())


# ---- loading ------------------------------------------------------------------------------------


def load_model(kind: type[M], path: Path, compile: bool = True) -> M:
    """Makes the model of this class that save_model() wrote."""
    tensors, content = _read(path)
    if "config" not in content:
        raise ValueError(f"{path}: holds weights alone; make the model and call load_weights()")
    return restore(kind, tensors, content, os.fspath(path), compile)


def restore(
    kind: type[M],
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
    source: str,
    compile: bool = True,
) -> M:
    """Makes the model of this class from the result of describe().

    Raises:
        ValueError: the content is not such a result; the message names the source.
    """
    with reading(f"{source}: cannot be restored"):
        config = entry(content, "config", dict)
        layers = deserialize_all(entry(config, "layers", list))
        _hand_out_weights(layers, config, tensors, content)
        model = kind.from_layers(config, layers)
        if model.graph.built:
            model.graph.random_state = checked_random_state(content)
        model.metadata = entry(content, "metadata", dict)
        training = entry(content, "training", dict) if "training" in content and compile else None
        if training is not None:
            _compile(model.graph, training)
        if model.graph.built:
            _restore_numbers(model, tensors, content, training or {})
        return model


def _hand_out_weights(
    layers: Sequence[Layer],
    config: Mapping[str, Any],
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
) -> None:
    """Gives the layers their known weights.

    Raises:
        ValueError: a layer would be built without weights of its shapes.
    """
    sample = blueprint.planned_sample(layers, config.get("build_input_shape"))
    if "weights" in content:
        arrays = _named_weights(tensors, content)
        blueprint.hand_out(arrays, layers, sample, entry(config, "dtype", str))
        return
    for layer in layers:
        layer.kept_weights = in_order(tensors, f"given/{layer.name}/") or None
    for planned, parameters in blueprint.planned(layers, sample):
        dtype = np.dtype(entry(config, "dtype", str))
        planned.kept_weights = planned.fitting_weights(
            planned.kept_weights or (), parameters, dtype
        )


def _compile(graph: Graph, training: Mapping[str, Any]) -> None:
    graph.compile(
        compiling.compiled(
            optimizers.deserialize(training["optimizer"]),
            None if training["loss"] is None else losses.deserialize(training["loss"]),
            [
                metric if isinstance(metric, str) else metrics.deserialize(metric)
                for metric in entry(training, "metrics", list)
            ],
        )
    )


def _restore_numbers(
    model: Saveable,
    tensors: Mapping[str, Array],
    content: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    network = model.graph.ready()
    if "iterations" in training and _has_loss(model):
        iterations = checked_iterations(entry(training, "iterations", int), "iterations")
        _restore_slots(model, network, in_order(tensors, "optimizer/"))
        network.iterations = iterations
    states = [in_order(tensors, f"states/{layer.name}/") for layer in model.graph.state_layers()]
    if any(states):
        put_states(model.graph, states, finite=False)


def _restore_slots(model: Saveable, network: _core.Network, slots: Sequence[Array]) -> None:
    network.set_slots(slots)
    if not _usable(
        network, slots, [array for layer in model.graph.layers for array in layer.get_weights()]
    ):
        raise ValueError(
            "the optimizer's memory: expected finite numbers, and squares that are not negative"
        )
