"""Optimizers: their settings under Keras 2's and Keras 3's names. The core computes the updates.

After `compile`, `learning_rate` and `iterations` are read from and written to the core, with effect
from the next update on. As in Keras 2, one optimizer can be shared by several models: setting the
learning rate affects all of them, while all other state is separate for each.
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
    """Returns an optimizer from a name ("adam", "Adam"), class, object or configuration.

    Raises:
        ValueError: an unknown name.
        TypeError: anything else.
    """
    if isinstance(identifier, str) and identifier not in _REGISTRY.classes:
        return _REGISTRY.get(identifier.lower())
    return _REGISTRY.get(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Returns the optimizer as a dictionary of plain values."""
    return _REGISTRY.serialize(optimizer)


def deserialize(config: Mapping[str, Any] | str) -> Optimizer:
    """Makes the optimizer from the result of `serialize`."""
    return _REGISTRY.deserialize(config)


publish(__name__)
