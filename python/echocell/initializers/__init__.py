"""Initializers of weights.

An initializer is called with a shape and returns a NumPy array. Without a seed it draws from
NumPy's global generator, so that `numpy.random.seed(n)` makes a run repeatable. With a seed it uses
its own generator and returns the same numbers at every call, as in Keras 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from echocell._common.missing_names import module_getattr
from echocell._common.public import publish
from echocell._common.registry import Registry
from echocell.initializers.chrono import Chrono
from echocell.initializers.constant import Constant, Identity, Ones, Zeros
from echocell.initializers.initializer import Initializer
from echocell.initializers.orthogonal import Orthogonal
from echocell.initializers.random import RandomNormal, RandomUniform, TruncatedNormal
from echocell.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

__all__ = [
    "Chrono",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "chrono",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "zeros",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


chrono = Chrono
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
normal = random_normal = RandomNormal
ones = Ones
orthogonal = Orthogonal
truncated_normal = TruncatedNormal
uniform = random_uniform = RandomUniform
variance_scaling = VarianceScaling
zeros = Zeros

_REGISTRY: Registry[Initializer] = Registry(
    "initializer",
    Initializer,
    (
        Chrono,
        Constant,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        Identity,
        LecunNormal,
        LecunUniform,
        Ones,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
        Zeros,
    ),
    {
        "normal": RandomNormal,
        "one": Ones,
        "uniform": RandomUniform,
        "zero": Zeros,
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
    },
)


def get(identifier: Any) -> Initializer:
    """Returns an initializer from a name ("glorot_uniform", "GlorotUniform"), class, object or
    configuration.

    Raises:
        ValueError: an unknown name.
        TypeError: anything else. A function must be wrapped in a subclass of `Initializer`, so that
            a saved model can refer to it.
    """
    return _REGISTRY.get(identifier)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """Returns the initializer as a dictionary of plain values."""
    return _REGISTRY.serialize(initializer)


def deserialize(config: Any) -> Initializer:
    """Makes the initializer from the result of `serialize`."""
    return _REGISTRY.deserialize(config)


publish(__name__)
