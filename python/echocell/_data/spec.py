"""Specifications of a model's inputs and outputs, against which data are checked.

A sample shape has no batch axis; None in it is an open axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from echocell._data.shapes import Sample


class InputSpec(NamedTuple):
    """The inputs of a model.

    Attributes:
        sample: shape of one sample.
        dtype: dtype of the model.
        classes: number of ids that an Embedding takes, 0 to classes - 1; None for numeric inputs.
        batch: the batch size, if it is fixed.
        stateful: whether states are carried from batch to batch.
        timed: whether samples have time steps.
        misled: description of a layer that would process padding as steps; None if there is none.
    """

    sample: Sample
    dtype: np.dtype[Any]
    classes: int | None = None
    batch: int | None = None
    stateful: bool = False
    timed: bool = False
    misled: str | None = None


class OutputSpec(NamedTuple):
    """The outputs of a model that is trained or tested.

    Attributes:
        sample: shape of one output.
        dtype: dtype of the model.
        loss: kind of the loss.
        timed: whether there is an output at every time step of the input.
        sample_for: maps the shape of an input to that of its output, without open axes.
    """

    sample: Sample
    dtype: np.dtype[Any]
    loss: str
    timed: bool
    sample_for: Callable[[Sequence[int]], Sample]

    def of_inputs(self, shape: Sequence[int]) -> Sample:
        """Returns the shape of one output for inputs [N, *sample] of this shape."""
        return self.sample if None not in self.sample else self.sample_for(shape[1:])
