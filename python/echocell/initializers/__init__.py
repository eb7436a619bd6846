"""Initial weights.

An initializer is called with a shape and gives a NumPy array. Without a seed it draws from NumPy's
global generator, so `numpy.random.seed(n)` makes a run repeatable (see _seeds); with one, it draws
from a generator of its own and gives the same numbers at every call, as in Keras 3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from echocell import _core
from echocell._common.missing_names import module_getattr
from echocell._common.registry import Registry
from echocell._common.scalars import check_number
from echocell._data.arrays import as_array, refuse_nonfinite
from echocell.initializers.chrono import Chrono
from echocell.initializers.initializer import Array, Initializer, RandomInitializer, Shape

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

#: Standard deviation of the standard normal distribution cut off at -2 and 2.
_TRUNCATED_STDDEV = 0.87962566103423978


class Constant(Initializer):
    """Everywhere the same value.

    Args:
        value: a number, or an array that broadcasts to the weight's shape. Default 0.
    """

    kind: ClassVar[str] = "constant"
    _arguments: ClassVar[tuple[str, ...]] = ("value",)

    def __init__(self, value: ArrayLike = 0.0) -> None:
        array = as_array(value, "Constant: value")
        refuse_nonfinite(array, "Constant: value")
        self.value = array.tolist()  # a number where it is one

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        return np.full(tuple(shape), self.value, dtype=dtype)


class Zeros(Initializer):
    """Zeros."""

    kind: ClassVar[str] = "zeros"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        return np.zeros(tuple(shape), dtype=dtype)


class Ones(Initializer):
    """Ones."""

    kind: ClassVar[str] = "ones"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        return np.ones(tuple(shape), dtype=dtype)


class Identity(Initializer):
    """The identity matrix, times a gain. Only for weights of two axes.

    Args:
        gain: factor. Default 1.
    """

    kind: ClassVar[str] = "identity"
    _arguments: ClassVar[tuple[str, ...]] = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Identity", "gain", gain, low=-math.inf)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of 2 axes, received {tuple(shape)}")
        rows, columns = shape
        return np.asarray(self.gain * np.eye(rows, columns)).astype(dtype)


def _truncated(generator: np.random.RandomState, shape: Shape, stddev: float) -> Array:
    """Normal numbers of standard deviation `stddev` before those beyond two of them are redrawn."""
    values = generator.standard_normal(tuple(shape))
    outside = np.abs(values) > 2
    while np.any(outside):
        values[outside] = generator.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2
    return stddev * values


class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: default 0.
        stddev: standard deviation. Default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "random_normal"
    _arguments: ClassVar[tuple[str, ...]] = ("mean", "stddev", "seed")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = check_number(type(self).__name__, "mean", mean, low=-math.inf)
        self.stddev = check_number(type(self).__name__, "stddev", stddev)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        values = self._generator().standard_normal(tuple(shape))
        return np.asarray(self.mean + self.stddev * values).astype(dtype)


class TruncatedNormal(RandomNormal):
    """Normal numbers; those more than two standard deviations off are drawn again.

    Args:
        mean: default 0.
        stddev: standard deviation before the cut. Default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "truncated_normal"

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        values = _truncated(self._generator(), shape, self.stddev)
        return np.asarray(self.mean + values).astype(dtype)


class RandomUniform(RandomInitializer):
    """Uniform numbers in [minval, maxval).

    Args:
        minval: default -0.05.
        maxval: default 0.05.
        seed: integer or None.
    """

    kind: ClassVar[str] = "random_uniform"
    _arguments: ClassVar[tuple[str, ...]] = ("minval", "maxval", "seed")

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = check_number("RandomUniform", "minval", minval, low=-math.inf)
        self.maxval = check_number("RandomUniform", "maxval", maxval, low=-math.inf)
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform: expected minval <= maxval, received {minval!r} and {maxval!r}"
            )

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        values = self._generator().uniform(self.minval, self.maxval, tuple(shape))
        return np.asarray(values).astype(dtype)


def _fans(shape: Shape) -> tuple[float, float]:
    """Inputs and outputs of a weight of that shape; leading axes are a receptive field."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = float(math.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field


class VarianceScaling(RandomInitializer):
    """Numbers whose variance is scale / n, n counted from the weight's shape.

    Args:
        scale: > 0. Default 1.
        mode: n is the number of inputs "fan_in" (default), of outputs "fan_out", or their mean
            "fan_avg".
        distribution: "truncated_normal" (default, also "normal"), "untruncated_normal", "uniform".
        seed: integer or None.
    """

    kind: ClassVar[str] = "variance_scaling"
    _arguments: ClassVar[tuple[str, ...]] = ("scale", "mode", "distribution", "seed")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale = check_number(type(self).__name__, "scale", scale, open_low=True)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"VarianceScaling: expected mode 'fan_in', 'fan_out' or 'fan_avg', "
                f"received {mode!r}"
            )
        if distribution not in ("normal", "truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: expected distribution 'truncated_normal', 'untruncated_normal' "
                f"or 'uniform', received {distribution!r}"
            )
        self.mode = mode
        self.distribution = "truncated_normal" if distribution == "normal" else distribution

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        fan_in, fan_out = _fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        stddev = math.sqrt(self.scale / max(1.0, count[self.mode]))
        generator = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            values = generator.uniform(-limit, limit, tuple(shape))
        elif self.distribution == "truncated_normal":
            values = _truncated(generator, shape, stddev / _TRUNCATED_STDDEV)
        else:
            values = stddev * generator.standard_normal(tuple(shape))
        return np.asarray(values).astype(dtype)


class _Scaled(VarianceScaling):
    """A variance scaling of fixed settings: only the seed is an argument."""

    _arguments: ClassVar[tuple[str, ...]] = ("seed",)
    _settings: ClassVar[tuple[float, str, str]]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._settings, seed=seed)


class GlorotUniform(_Scaled):
    """Uniform in +-sqrt(6 / (inputs + outputs)). Glorot and Bengio, 2010, equation 16."""

    kind: ClassVar[str] = "glorot_uniform"
    _settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of variance 2 / (inputs + outputs). Glorot and Bengio, 2010."""

    kind: ClassVar[str] = "glorot_normal"
    _settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform in +-sqrt(6 / inputs). He et al., 2015."""

    kind: ClassVar[str] = "he_uniform"
    _settings = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of variance 2 / inputs. He et al., 2015."""

    kind: ClassVar[str] = "he_normal"
    _settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform in +-sqrt(3 / inputs). LeCun et al., 1998."""

    kind: ClassVar[str] = "lecun_uniform"
    _settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of variance 1 / inputs. LeCun et al., 1998."""

    kind: ClassVar[str] = "lecun_normal"
    _settings = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, whichever are fewer. Saxe et al., 2014.

    The distribution is uniform over all such matrices. A weight of more than two axes is filled as
    the matrix [product of the others, last axis]. It is computed in float64, on one thread: the
    same random numbers give the same bits, whatever the number of threads and the machine's BLAS.
    Builds of the core for different instruction sets may differ in the last bits of float64.

    Args:
        gain: factor. Default 1.
        seed: integer or None.
    """

    kind: ClassVar[str] = "orthogonal"
    _arguments: ClassVar[tuple[str, ...]] = ("gain", "seed")

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = check_number("Orthogonal", "gain", gain, low=-math.inf)

    def __call__(self, shape: Shape, dtype: DTypeLike = "float32") -> Array:
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal: expected a shape of at least 2 axes, received {tuple(shape)}"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(rows, columns), min(rows, columns)
        q = _core.orthonormal_columns(self._generator().standard_normal((long, short)))
        if rows < columns:
            q = q.T
        return np.asarray(self.gain * q.reshape(tuple(shape))).astype(dtype)


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
    """An initializer from a name ("glorot_uniform", "GlorotUniform"), class, object or
    configuration.

    Raises:
        ValueError: for an unknown name.
        TypeError: for what names no initializer; a function must become a class derived from
            `Initializer`, so that a saved model can say what it was made with.
    """
    return _REGISTRY.get(identifier)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The initializer as a dictionary of plain values."""
    return _REGISTRY.serialize(initializer)


def deserialize(config: Any) -> Initializer:
    """The initializer from what `serialize` gave."""
    return _REGISTRY.deserialize(config)
