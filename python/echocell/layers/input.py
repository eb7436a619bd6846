"""The input of a model: Input and InputLayer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
from numpy.typing import DTypeLike

from echocell import _core
from echocell._common.keras_arguments import INPUT
from echocell._common.typing import Shape
from echocell.layers.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class InputArguments(TypedDict, total=False):
    """Types of the arguments of Input and InputLayer in addition to their own."""

    input_shape: Shape | None
    batch_input_shape: Shape | None
    batch_shape: Shape | None
    # Keras's arguments, accepted at these values only.
    sparse: Literal[False]
    ragged: Literal[False]
    optional: Literal[False]
    input_tensor: None
    tensor: None


class InputLayer(Layer):
    """The shape of a model's input; it has no weights and is not listed in `model.layers`.

    Args:
        shape: of one sample, (T, F); None for an open axis. input_shape, and with the batch size
            first batch_shape and batch_input_shape, are alternatives.
        batch_size: B, if it is fixed.
        dtype: 'float32' or 'float64' sets the dtype of the model; integer types (ids) do not.
        name: default input_layer, input_layer_1, ...
        **shared: the alternative names of the shape.
    """

    _not_options = frozenset({"shape"})

    is_input = True
    _keras_arguments = INPUT

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: DTypeLike | None = None,
        *,
        name: str | None = None,
        **shared: Unpack[InputArguments],
    ) -> None:
        if shape is not None:
            shared["input_shape"] = shape
        super().__init__(name=name, batch_size=batch_size, dtype=dtype, **shared)
        if self.stated_sample is None:
            raise ValueError("Input: expected a shape, such as Input(shape=(5, 10)), received none")

    def core_options(self) -> _core.LayerOptions:
        """Refuses, since the core has no layer for an input.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"layer {self.name!r}: an Input says what a model takes and computes nothing: call the "
            "model"
        )

    def _stated_dtype(self, value: Any) -> str | None:
        if value is not None and np.dtype(value).kind in "biu":
            return None
        return super()._stated_dtype(value)


def Input(  # noqa: N802 (Keras's name)
    shape: Shape | None = None,
    batch_size: int | None = None,
    name: str | None = None,
    dtype: DTypeLike | None = None,
    **shared: Unpack[InputArguments],
) -> InputLayer:
    """Returns `InputLayer(shape, batch_size, dtype, name=name, ...)`, the first entry of a
    Sequential model.
    """
    return InputLayer(shape, batch_size, dtype, name=name, **shared)
