"""Metrics that fit and evaluate report in addition to the loss, under Keras's names, and in NumPy.

Legend: y_true and y_pred are [B, ..., C]; for the sparse metrics y_true [B, ...] holds class
indices. A function returns one value per row of C numbers (binary_accuracy: per number); an object
returns their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell import _core
from echocell._common.missing_names import module_getattr
from echocell._common.naming import setting_name
from echocell._common.overrides import METRIC, abstract
from echocell._common.registry import Configurable, Registry
from echocell._common.scalars import check_number, whole
from echocell.losses import (
    BCE,
    MAE,
    MSE,
    Loss,
    _class_indices,
    _pair,
    bce,
    binary_crossentropy,
    categorical_crossentropy,
    mae,
    mean_absolute_error,
    mean_squared_error,
    mse,
    sparse_categorical_crossentropy,
)

__all__ = [
    "BCE",
    "MAE",
    "MSE",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

Array = NDArray[Any]


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """Returns 1 where (y_pred > threshold) equals y_true, else 0, per number."""
    true, pred = _pair(y_true, y_pred)
    return np.asarray(((pred > threshold) == true).astype(np.float64))


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Returns 1 where the largest of C has the same index in both, else 0."""
    true, pred = _pair(y_true, y_pred)
    return np.asarray((true.argmax(axis=-1) == pred.argmax(axis=-1)).astype(np.float64))


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Returns 1 where the largest of C is at the index y_true, else 0."""
    pred = np.asarray(y_pred, np.float64)
    return np.asarray((_class_indices(y_true, pred) == pred.argmax(axis=-1)).astype(np.float64))


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """Returns 1 where fewer than k predictions exceed that of the true class, else 0."""
    true, pred = _pair(y_true, y_pred)
    return sparse_top_k_categorical_accuracy(true.argmax(axis=-1), pred, k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """Same as `top_k_categorical_accuracy` for class indices y_true."""
    pred = np.asarray(y_pred, np.float64)
    indices = _class_indices(y_true, pred)
    larger = pred > np.take_along_axis(pred, indices[..., None], axis=-1)
    return np.asarray((larger.sum(axis=-1) < k).astype(np.float64))


class Metric(Configurable):
    """The base class of the metrics.

    Args:
        name: the key in the history. Default the name of the metric in snake case.

    Attributes:
        direction: "up" if larger is better, else "down"; used by callbacks with mode="auto".
    """

    _never_called = METRIC
    direction: ClassVar[str] = "down"
    _arguments: ClassVar[tuple[str, ...]] = ("name",)

    def __init__(self, name: str | None = None) -> None:
        if not self.kind:
            raise abstract(self, "Metric", "metrics that exist, such as BinaryAccuracy")
        self.name = setting_name(name, self.kind, type(self).__name__)

    @property
    def _settings(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self._arguments if key != "name"}

    def options(self) -> _core.MetricOptions:
        """Returns the metric in the form that the core takes."""
        return _core.MetricOptions(kind=self.kind, **self._settings)

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Returns the metric over all rows, computed in NumPy."""
        return float(np.mean(_FUNCTIONS[self.kind](y_true, y_pred, **self._settings)))


class MeanSquaredError(Metric):
    """Mean of (y_pred - y_true) ** 2."""

    kind: ClassVar[str] = "mean_squared_error"


class MeanAbsoluteError(Metric):
    """Mean of |y_pred - y_true|."""

    kind: ClassVar[str] = "mean_absolute_error"


class RootMeanSquaredError(Metric):
    """Square root of the mean of (y_pred - y_true) ** 2 over the whole epoch."""

    kind: ClassVar[str] = "root_mean_squared_error"

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Returns the square root of the mean over all rows, computed in NumPy."""
        return float(np.sqrt(super().__call__(y_true, y_pred)))


class BinaryAccuracy(Metric):
    """Fraction of numbers on the correct side of a threshold.

    Args:
        name: key in the history. Default "binary_accuracy".
        threshold: the threshold. Default 0.5.
    """

    kind: ClassVar[str] = "binary_accuracy"
    direction: ClassVar[str] = "up"
    _arguments: ClassVar[tuple[str, ...]] = ("name", "threshold")

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = check_number(
            "BinaryAccuracy", "threshold", threshold, high=1.0, open_high=False
        )


class CategoricalAccuracy(Metric):
    """Fraction of rows whose largest number is at the correct index, for one-hot targets."""

    kind: ClassVar[str] = "categorical_accuracy"
    direction: ClassVar[str] = "up"


class SparseCategoricalAccuracy(Metric):
    """Fraction of rows whose largest number is at the correct index, for class indices."""

    kind: ClassVar[str] = "sparse_categorical_accuracy"
    direction: ClassVar[str] = "up"


class TopKCategoricalAccuracy(Metric):
    """Fraction of rows whose true class is among the k largest, for one-hot targets.

    Args:
        k: >= 1. Default 5.
        name: key in the history. Default "top_k_categorical_accuracy".
    """

    kind: ClassVar[str] = "top_k_categorical_accuracy"
    direction: ClassVar[str] = "up"
    _arguments: ClassVar[tuple[str, ...]] = ("k", "name")

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        self.k = whole(k, f"{type(self).__name__}: k")


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """Fraction of rows whose true class is among the k largest, for class indices.

    Args:
        k: >= 1. Default 5.
        name: key in the history. Default "sparse_top_k_categorical_accuracy".
    """

    kind: ClassVar[str] = "sparse_top_k_categorical_accuracy"


class BinaryCrossentropy(Metric):
    """Mean of -y log p - (1 - y) log(1 - p)."""

    kind: ClassVar[str] = "binary_crossentropy"


class CategoricalCrossentropy(Metric):
    """Mean of -sum of y log p, for one-hot targets."""

    kind: ClassVar[str] = "categorical_crossentropy"


class SparseCategoricalCrossentropy(Metric):
    """Mean of -log p of the true class, for class indices."""

    kind: ClassVar[str] = "sparse_categorical_crossentropy"


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "root_mean_squared_error": mean_squared_error,
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
    "top_k_categorical_accuracy": top_k_categorical_accuracy,
    "sparse_top_k_categorical_accuracy": sparse_top_k_categorical_accuracy,
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}

_REGISTRY: Registry[Metric] = Registry(
    "metric",
    Metric,
    (
        BinaryAccuracy,
        BinaryCrossentropy,
        CategoricalAccuracy,
        CategoricalCrossentropy,
        MeanAbsoluteError,
        MeanSquaredError,
        RootMeanSquaredError,
        SparseCategoricalAccuracy,
        SparseCategoricalCrossentropy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
    ),
    {
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "mae": MeanAbsoluteError,
        "MAE": MeanAbsoluteError,
        "rmse": RootMeanSquaredError,
        "RMSE": RootMeanSquaredError,
        "bce": BinaryCrossentropy,
        "BCE": BinaryCrossentropy,
    },
    also=("accuracy",),
)


def _accuracy(loss: Loss | None, output_shape: Sequence[int | None]) -> type[Metric]:
    """Returns the metric that Keras uses for 'accuracy', depending on loss and output shape."""
    if output_shape[-1] == 1:
        return BinaryAccuracy
    if loss is not None and loss.kind == "sparse_categorical_crossentropy":
        return SparseCategoricalAccuracy
    return CategoricalAccuracy


def _names_accuracy(identifier: Any) -> bool:
    return isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc")


def get(identifier: Any) -> Metric:
    """Returns a metric from a name ("mse", "CategoricalAccuracy"), class, object, configuration, or
    function of this module. A name given as a string becomes the metric's name.

    Raises:
        ValueError: an unknown name, or "accuracy", which only `resolve` can interpret.
        TypeError: anything else, including user-defined functions.
    """
    if isinstance(identifier, str):
        if _names_accuracy(identifier):
            raise ValueError(
                f"metric {identifier!r} depends on the model's output; expected "
                "'binary_accuracy', 'categorical_accuracy' or 'sparse_categorical_accuracy'"
            )
        return _REGISTRY.find(identifier)(name=identifier)
    for kind, function in _FUNCTIONS.items():
        if identifier is function and kind == function.__name__:
            return _REGISTRY.get(kind)
    if callable(identifier) and not isinstance(identifier, (type, Metric)):
        raise TypeError(
            f"metric: {identifier!r} is a Python function, and the compiled training loop cannot "
            f"run it. Expected 'accuracy' or one of {', '.join(_FUNCTIONS)}"
        )
    return _REGISTRY.get(identifier)


def resolve(
    identifier: Any, loss: Loss | None = None, output_shape: Sequence[int | None] = (1,)
) -> Metric:
    """Returns a metric as `get` does, and resolves "accuracy" and "acc" as Keras does.

    Args:
        identifier: as in `get`, or "accuracy", "acc".
        loss: the model's loss.
        output_shape: shape of one output sample; only the last entry matters.

    Returns:
        For "accuracy": binary accuracy if the output's last axis is 1, else sparse categorical
        accuracy with the sparse loss, else categorical accuracy. Its name is the identifier.
    """
    if _names_accuracy(identifier):
        return _accuracy(loss, output_shape)(name=identifier)
    return get(identifier)


def serialize(metric: Metric) -> dict[str, Any]:
    """Returns the metric as a dictionary of plain values."""
    return _REGISTRY.serialize(metric)


def deserialize(config: Any) -> Metric:
    """Makes the metric from the result of `serialize`."""
    return get(config) if isinstance(config, str) else _REGISTRY.deserialize(config)
