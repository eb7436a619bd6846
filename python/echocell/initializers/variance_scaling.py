"""Initializers whose variance depends on the shape."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from echocell._common.scalars import check_number
from echocell.initializers.initializer import Array, RandomInitializer, Shape
from echocell.initializers.random import truncated_normal

#: Standard deviation of the standard normal distribution truncated at -2 and 2.
_TRUNCATED_STDDEV = 0.87962566103423978


def _fans(shape: Shape) -> tuple[float, float]:
    """Returns the numbers of inputs and outputs of a weight; leading axes are a receptive field."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = float(math.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field


class VarianceScaling(RandomInitializer):
    """Random numbers of variance scale / n, where n depends on the weight's shape.

    Args:
        scale: > 0. Default 1.
        mode: n is the number of inputs "fan_in" (default), of outputs "fan_out", or the mean
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
        """Returns random numbers of variance scale / n.

        Args:
            shape: shape of the weight, (..., inputs, outputs).
            dtype: dtype of the result. Default "float32".
        """
        fan_in, fan_out = _fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        stddev = math.sqrt(self.scale / max(1.0, count[self.mode]))
        generator = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            values = generator.uniform(-limit, limit, tuple(shape))
        elif self.distribution == "truncated_normal":
            values = truncated_normal(generator, shape, stddev / _TRUNCATED_STDDEV)
        else:
            values = stddev * generator.standard_normal(tuple(shape))
        return np.asarray(values).astype(dtype)


class _Scaled(VarianceScaling):
    """A variance scaling with fixed settings, whose only argument is the seed."""

    _arguments: ClassVar[tuple[str, ...]] = ("seed",)
    _settings: ClassVar[tuple[float, str, str]]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._settings, seed=seed)


class GlorotUniform(_Scaled):
    """Uniform over +-sqrt(6 / (inputs + outputs)). Glorot and Bengio, 2010, equation 16."""

    kind: ClassVar[str] = "glorot_uniform"
    _settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of variance 2 / (inputs + outputs). Glorot and Bengio, 2010."""

    kind: ClassVar[str] = "glorot_normal"
    _settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform over +-sqrt(6 / inputs). He et al., 2015."""

    kind: ClassVar[str] = "he_uniform"
    _settings = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of variance 2 / inputs. He et al., 2015."""

    kind: ClassVar[str] = "he_normal"
    _settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform over +-sqrt(3 / inputs). LeCun et al., 1998."""

    kind: ClassVar[str] = "lecun_uniform"
    _settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of variance 1 / inputs. LeCun et al., 1998."""

    kind: ClassVar[str] = "lecun_normal"
    _settings = (1.0, "fan_in", "truncated_normal")
