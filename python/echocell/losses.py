"""Losses under Keras's names: the settings of the core's losses, and functions in NumPy.

Legend: y_true and y_pred are [B, ..., C]; for the sparse loss y_true [B, ...] holds class indices.
A function returns one value per row of C numbers, [B, ...]; an object returns their mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell import _core
from echocell._common.missing_names import module_getattr
from echocell._common.naming import setting_name
from echocell._common.overrides import LOSS, abstract
from echocell._common.registry import Configurable, Registry
from echocell._common.scalars import check_number

__all__ = [
    "BCE",
    "MAE",
    "MSE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "huber",
    "huber_loss",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_crossentropy",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

Array = NDArray[Any]

#: Distance of probabilities from 0 and 1, as in Keras.
_EPSILON = 1e-7


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Returns both as float64 arrays of one shape."""
    true, pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    if true.ndim == pred.ndim - 1 and pred.shape[-1] == 1:
        true = true[..., None]
    if true.shape != pred.shape:
        raise ValueError(f"expected y_true of y_pred's shape {pred.shape}, received {true.shape}")
    return true, pred


def _class_indices(y_true: ArrayLike, y_pred: Array) -> NDArray[np.int64]:
    """Returns class indices [B, ...] for predictions [B, ..., C]."""
    indices = np.asarray(y_true)
    if indices.ndim == y_pred.ndim and indices.shape[-1] == 1:
        indices = indices[..., 0]
    if indices.shape != y_pred.shape[:-1]:
        raise ValueError(
            f"expected class indices of shape {y_pred.shape[:-1]}, received {indices.shape}"
        )
    return indices.astype(np.int64)


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Returns the mean over C of (y_pred - y_true) ** 2."""
    true, pred = _pair(y_true, y_pred)
    return np.asarray(np.mean(np.square(pred - true), axis=-1))


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Returns the mean over C of |y_pred - y_true|."""
    true, pred = _pair(y_true, y_pred)
    return np.asarray(np.mean(np.abs(pred - true), axis=-1))


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """Returns the mean over C of e*e/2 where |e| <= delta, else delta * (|e| - delta/2).

    e = y_pred - y_true. Huber, 1964.
    """
    true, pred = _pair(y_true, y_pred)
    error = np.abs(pred - true)
    return np.asarray(
        np.mean(np.where(error <= delta, error**2 / 2, delta * (error - delta / 2)), axis=-1)
    )


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """Returns the mean over C of -y log p - (1 - y) log(1 - p).

    Args:
        y_true: 0 or 1, or a probability, [B, ..., C].
        y_pred: probabilities [B, ..., C].
        from_logits: whether y_pred is given before its sigmoid. Default False.
        label_smoothing: fraction by which y_true is moved towards 1/2. Default 0.
    """
    true, pred = _pair(y_true, y_pred)
    true = true * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        each = np.logaddexp(0, pred) - true * pred
    else:
        p = np.clip(pred, _EPSILON, 1 - _EPSILON)
        each = -true * np.log(p) - (1 - true) * np.log1p(-p)
    return np.asarray(np.mean(each, axis=-1))


def _log_probabilities(y_pred: Array, from_logits: bool) -> Array:
    if from_logits:
        shifted = y_pred - np.max(y_pred, axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True)))
    share = y_pred / np.sum(y_pred, axis=-1, keepdims=True)
    return np.asarray(np.log(np.clip(share, _EPSILON, 1 - _EPSILON)))


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """Returns -sum over C of y log p.

    Args:
        y_true: one-hot or a distribution [B, ..., C].
        y_pred: [B, ..., C]; rows are divided by their sum.
        from_logits: whether y_pred is given before its softmax. Default False.
        label_smoothing: fraction by which y_true is moved towards 1/C. Default 0.
    """
    true, pred = _pair(y_true, y_pred)
    true = true * (1 - label_smoothing) + label_smoothing / pred.shape[-1]
    return np.asarray(-np.sum(true * _log_probabilities(pred, from_logits), axis=-1))


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False
) -> Array:
    """Returns -log p of the true class.

    Args:
        y_true: class indices [B, ...] or [B, ..., 1].
        y_pred: [B, ..., C].
        from_logits: whether y_pred is given before its softmax. Default False.
    """
    pred = np.asarray(y_pred, np.float64)
    indices = _class_indices(y_true, pred)
    logs = _log_probabilities(pred, from_logits)
    return np.asarray(-np.take_along_axis(logs, indices[..., None], axis=-1)[..., 0])


class Loss(Configurable):
    """The base class of the losses.

    Args:
        reduction: "sum_over_batch_size" (default, also "mean" and "auto"): the mean over all rows.
            No other reduction is supported.
        name: default the name of the loss in snake case.
    """

    _never_called = LOSS

    def __init__(self, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        if not self.kind:
            raise abstract(self, "Loss", "losses that exist, such as MeanSquaredError")
        if reduction not in ("sum_over_batch_size", "mean", "auto"):
            raise ValueError(
                f"{type(self).__name__}: expected reduction 'sum_over_batch_size', "
                f"received {reduction!r}"
            )
        self.name = setting_name(name, self.kind, type(self).__name__)

    @property
    def _settings(self) -> dict[str, Any]:
        """The arguments that the core and the NumPy function have in common."""
        return {key: getattr(self, key) for key in self._arguments if key != "name"}

    def options(self) -> _core.LossOptions:
        """Returns the loss in the form that the core takes."""
        return _core.LossOptions(kind=self.kind, **self._settings)

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Returns the mean loss, computed in NumPy."""
        return float(np.mean(_FUNCTIONS[self.kind](y_true, y_pred, **self._settings)))


class MeanSquaredError(Loss):
    """Mean of (y_pred - y_true) ** 2."""

    kind: ClassVar[str] = "mean_squared_error"
    _arguments: ClassVar[tuple[str, ...]] = ("name",)


class MeanAbsoluteError(Loss):
    """Mean of |y_pred - y_true|."""

    kind: ClassVar[str] = "mean_absolute_error"
    _arguments: ClassVar[tuple[str, ...]] = ("name",)


class Huber(Loss):
    """Quadratic up to an error of delta, linear beyond it (Huber, 1964).

    Args:
        delta: end of the quadratic part, > 0. Default 1.
        reduction, name: as in `Loss`.
    """

    kind: ClassVar[str] = "huber"
    _arguments: ClassVar[tuple[str, ...]] = ("delta", "name")

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.delta = check_number("Huber", "delta", delta, open_low=True)


class _Smoothed(Loss):
    """A cross-entropy with label smoothing."""

    _arguments: ClassVar[tuple[str, ...]] = ("from_logits", "label_smoothing", "name")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)
        self.label_smoothing = check_number(
            type(self).__name__, "label_smoothing", label_smoothing, high=1.0, open_high=False
        )


class BinaryCrossentropy(_Smoothed):
    """-y log p - (1 - y) log(1 - p), averaged over the outputs.

    Args:
        from_logits: whether the model's output is given before its sigmoid. Default False.
        label_smoothing: 0..1, default 0.
        reduction, name: as in `Loss`.
    """

    kind: ClassVar[str] = "binary_crossentropy"


class CategoricalCrossentropy(_Smoothed):
    """-sum of y log p, for one-hot targets.

    Args:
        from_logits: whether the model's output is given before its softmax. Default False.
        label_smoothing: 0..1, default 0.
        reduction, name: as in `Loss`.
    """

    kind: ClassVar[str] = "categorical_crossentropy"


class SparseCategoricalCrossentropy(Loss):
    """-log p of the true class, for class indices as targets.

    Args:
        from_logits: whether the model's output is given before its softmax. Default False.
        reduction, name: as in `Loss`.
    """

    kind: ClassVar[str] = "sparse_categorical_crossentropy"
    _arguments: ClassVar[tuple[str, ...]] = ("from_logits", "name")

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
bce = BCE = binary_crossentropy
huber_loss = huber

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        huber,
        binary_crossentropy,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
    )
}

_REGISTRY: Registry[Loss] = Registry(
    "loss",
    Loss,
    (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        Huber,
        MeanAbsoluteError,
        MeanSquaredError,
        SparseCategoricalCrossentropy,
    ),
    {
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "mae": MeanAbsoluteError,
        "MAE": MeanAbsoluteError,
        "bce": BinaryCrossentropy,
        "BCE": BinaryCrossentropy,
        "huber_loss": Huber,
    },
)


def get(identifier: Any) -> Loss:
    """Returns a loss from a name ("mse", "MeanSquaredError"), class, object, configuration, or
    function of this module.

    Raises:
        ValueError: an unknown name.
        TypeError: anything else, including user-defined functions.
    """
    for kind, function in _FUNCTIONS.items():
        if identifier is function:
            return _REGISTRY.get(kind)
    if callable(identifier) and not isinstance(identifier, (type, Loss)):
        raise TypeError(
            f"loss: {identifier!r} is a Python function, and the compiled training loop, which "
            f"needs its gradient, cannot run it. Expected one of {', '.join(_FUNCTIONS)}"
        )
    return _REGISTRY.get(identifier)


def serialize(loss: Loss) -> dict[str, Any]:
    """Returns the loss as a dictionary of plain values."""
    return _REGISTRY.serialize(loss)


def deserialize(config: Any) -> Loss:
    """Makes the loss from the result of `serialize`."""
    return _REGISTRY.deserialize(config)
