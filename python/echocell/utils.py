"""Helpers under Keras's names: one-hot targets, padding, seeding, a picture of a model."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from echocell._common import seeds
from echocell._common.keras_arguments import PLOT_MODEL
from echocell._common.missing_names import module_getattr
from echocell._common.suggest import suggest
from echocell.backend import clear_session
from echocell.preprocessing.sequence import pad_sequences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "clear_session",
    "normalize",
    "np_utils",
    "pad_sequences",
    "plot_model",
    "serialize_keras_object",
    "set_random_seed",
    "suggest",
    "to_categorical",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


def _class_indices(x: ArrayLike) -> NDArray[np.int64]:
    """Returns x as integers. Raises ValueError for fractions, NaN and strings."""
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"to_categorical: expected an array of class indices: {error}") from None
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"to_categorical: expected integer class indices, received dtype {values.dtype}"
        )
    indices = values.astype(np.int64) if np.all(np.isfinite(values)) else None
    if indices is None or np.any(indices != values):
        bad = values[~np.isfinite(values)] if indices is None else values[indices != values]
        raise ValueError(
            f"to_categorical: expected integer class indices, received {bad.flat[0]!s} among them"
        )
    return indices


def to_categorical(
    x: ArrayLike,
    num_classes: int | None = None,
    dtype: DTypeLike = "float32",
    *,
    nb_classes: int | None = None,
) -> NDArray[Any]:
    """Returns one-hot rows for class indices.

    Args:
        x: class indices 0..num_classes-1, any shape; a last axis of length 1 is dropped.
        num_classes: width of a row. Default None: the largest index + 1.
        dtype: dtype of the result. Default "float32".
        nb_classes: Keras 1's name for `num_classes`.

    Returns:
        Array of shape [*x.shape, num_classes] with a single 1 in each row.

    Raises:
        ValueError: an index is negative, fractional, or not below num_classes.
    """
    indices = _class_indices(x)
    if indices.ndim > 1 and indices.shape[-1] == 1:
        indices = indices[..., 0]
    width = num_classes if num_classes is not None else nb_classes
    if width is None:
        if indices.size == 0:
            raise ValueError("to_categorical: num_classes is needed where x is empty")
        width = int(indices.max()) + 1
    if indices.size and (indices.min() < 0 or indices.max() >= width):
        bad = indices.min() if indices.min() < 0 else indices.max()
        raise ValueError(
            f"to_categorical: expected class indices from 0 to {width - 1}, received {bad}"
        )
    one_hot = np.zeros((indices.size, width), dtype=dtype)
    one_hot[np.arange(indices.size), indices.ravel()] = 1
    return one_hot.reshape(*indices.shape, width)


def normalize(x: ArrayLike, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """Returns x divided by its norm along one axis; where the norm is 0, x is unchanged.

    Args:
        x: array of numbers, any shape.
        axis: the axis of the norm. Default -1.
        order: order of the norm. Default 2.

    Returns:
        Array of x's shape.
    """
    values = np.asarray(x)
    norm = np.linalg.norm(values, order, axis, keepdims=True)
    return np.asarray(values / np.where(norm == 0, 1, norm))


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    *,
    dpi: float = 120,
    **others: Any,
) -> Figure:
    """Draws the layers of a model from top to bottom.

    Args:
        model: a Sequential.
        to_file: path of the picture, whose suffix (png, svg, pdf) gives the format. None writes no
            file. Default "model.png".
        show_shapes: whether to write the shapes of input and output. Default False.
        show_layer_names: whether to write the names of the layers. Default True.
        dpi: dots per inch. Default 120.
        **others: further arguments of Keras, accepted at the values that request nothing.

    Returns:
        The figure. A notebook displays it; in a script call its `show()`.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError, ValueError: an argument does not exist or is not supported.
    """
    PLOT_MODEL.check("plot_model", others, plot_model)
    from echocell.plotting.model import draw_model  # imported here: loads all of plotting

    return draw_model(model, to_file, show_shapes, show_layer_names, dpi)


def serialize_keras_object(instance: Any) -> Any:
    """Returns a layer, loss, optimizer, ... as plain values.

    Args:
        instance: an object with `get_config()`, a function, or None.

    Returns:
        {"class_name": ..., "config": ...}; the name of a function; None for None.

    Raises:
        TypeError: anything else.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not isinstance(instance, type):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise TypeError(
        f"serialize_keras_object: expected an object with get_config(), received {instance!r}"
    )


def set_random_seed(seed: int) -> None:
    """Seeds Python's and NumPy's global generators, from which echocell draws its seeds.

    It also takes effect after `tf.random.set_seed`, which makes echocell use a separate generator.

    Args:
        seed: 0..2**32-1. The same seed gives the same weights, shuffles and dropout masks.

    Raises:
        TypeError: the seed is not an integer.
        ValueError: the seed is out of range.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(
            f"set_random_seed: expected an integer, received {seed!r} of {type(seed).__name__}"
        )
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: expected 0 <= seed < 2**32, received {seed}")
    import random  # slow to import

    random.seed(int(seed))
    np.random.seed(int(seed))
    seeds.follow_numpy()


#: The module of these functions in Keras 1 and 2.
np_utils = SimpleNamespace(to_categorical=to_categorical, normalize=normalize)
