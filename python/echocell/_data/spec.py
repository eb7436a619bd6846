"""Specifications of inputs and outputs, which the checks of data take.

A sample shape leaves the batch axis out; None in it is an open axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from echocell._data.shapes import Sample


class InputSpec(NamedTuple):
    """The inputs of a model.

    Attributes:
        sample: the shape of one sample.
        dtype: of the model's numbers.
        classes: ids from 0 to classes - 1 are taken, for an Embedding; None: numbers are.
        batch: the batch size, where it is fixed.
        stateful: whether states are carried from batch to batch.
        timed: whether samples have time steps.
        misled: the layer that would take padding for steps, in words; None where there is none.
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
        sample: the shape of one output.
        dtype: of the model's numbers.
        loss: the kind of the loss.
        timed: whether there is an output at every time step of the input.
        sample_for: gives the shape of one output for an input of this shape, without open axes.
    """

    sample: Sample
    dtype: np.dtype[Any]
    loss: str
    timed: bool
    sample_for: Callable[[Sequence[int]], Sample]

    def of_inputs(self, shape: Sequence[int]) -> Sample:
        """Returns the shape of one output for inputs [N, *sample] of this shape."""
        return self.sample if None not in self.sample else self.sample_for(shape[1:])
