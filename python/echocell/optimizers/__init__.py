"""Optimizers: their settings under Keras 2's and Keras 3's names. The core does the updates.

From `compile` on, `learning_rate` and `iterations` are the core's own numbers: reading them reads
the core, setting them changes the next update. As in Keras 2, one optimizer may serve several
models: a learning rate that is set reaches all of them, everything else each has for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from echocell._common.missing_names import module_getattr
from echocell._common.public import publish
from echocell._common.registry import Registry
from echocell.optimizers.adagrad import Adagrad
from echocell.optimizers.adam import Adam, AdamW
from echocell.optimizers.live_numbers import LearningRate
from echocell.optimizers.optimizer import Optimizer
from echocell.optimizers.rmsprop import RMSprop
from echocell.optimizers.sgd import SGD

if TYPE_CHECKING:
    pass

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "LearningRate",
    "Optimizer",
    "RMSprop",
    "adagrad",
    "adam",
    "adamw",
    "deserialize",
    "get",
    "rmsprop",
    "serialize",
    "sgd",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


adagrad = Adagrad
adam = Adam
adamw = AdamW
rmsprop = RMSprop
sgd = SGD

_REGISTRY: Registry[Optimizer] = Registry(
    "optimizer", Optimizer, (SGD, RMSprop, Adam, AdamW, Adagrad), {"RMSProp": RMSprop}
)


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam", "Adam"), class, object or configuration.

    Raises:
        ValueError: for an unknown name.
        TypeError: for what names no optimizer.
    """
    if isinstance(identifier, str) and identifier not in _REGISTRY.classes:
        return _REGISTRY.get(identifier.lower())
    return _REGISTRY.get(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer as a dictionary of plain values."""
    return _REGISTRY.serialize(optimizer)


def deserialize(config: Mapping[str, Any] | str) -> Optimizer:
    """The optimizer from what `serialize` gave."""
    return _REGISTRY.deserialize(config)


publish(__name__)
