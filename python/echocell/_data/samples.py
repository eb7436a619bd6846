"""Checks the data of a training or an evaluation.

N samples, T time steps. Arrays of inputs, targets and weights in the form that the core takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echocell._data import arrays, sequences, shapes, targets
from echocell._data.sequences import Lengths
from echocell._data.spec import InputSpec, OutputSpec

Array = NDArray[Any]
NAMES = ("x", "y", "sample_weight")


def named_rows(name: str, array: Array, lengths: Lengths | None) -> dict[str, Array]:
    """Returns {name: array}; for sequences of different lengths {"name[0]": the first one, ...}."""
    if lengths is None or len(array) == len(lengths):
        return {name: array}
    return {f"{name}[{k}]": row for k, row in enumerate(sequences.pieces(array, lengths))}


class Data(NamedTuple):
    """Checked data: x [N, ...], y [N, ...], weights None, [N] or [N, T].

    If lengths are given, sequences of different lengths are concatenated: x [sum of lengths, ...],
    and likewise y and weights if there is an output at every step.
    """

    x: Array
    y: Array
    weights: Array | None
    lengths: Lengths | None = None

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.x) if self.lengths is None else len(self.lengths)

    def options(self) -> dict[str, Any]:
        """Returns further arguments for the core: the lengths, if there are any."""
        return {} if self.lengths is None else {"lengths": self.lengths}

    def named(self, names: Sequence[str] = NAMES) -> dict[str, Array]:
        """Returns the arrays by name; sequences of different lengths separately."""
        arrays = zip(names, (self.x, self.y, self.weights), strict=False)
        return {
            place: rows
            for name, array in arrays
            if array is not None
            for place, rows in named_rows(name, array, self.lengths).items()
        }

    def part(self, first: int, last: int) -> Data:
        """Returns the samples first .. last - 1."""

        def rows_of(array: Array) -> Array:
            if self.lengths is None or len(array) == self.rows:
                return array[first:last]
            ends = np.cumsum([0, *self.lengths])
            return array[ends[first] : ends[last]]

        weights = None if self.weights is None else rows_of(self.weights)
        lengths = None if self.lengths is None else self.lengths[first:last]
        return Data(rows_of(self.x), rows_of(self.y), weights, lengths)


# ---- inputs ------------------------------------------------------------------------------------

Inputs: TypeAlias = tuple[Array, Lengths | None]


def named_inputs(inputs: Inputs) -> dict[str, Array]:
    """Returns the inputs of check_input() by name."""
    return named_rows("x", *inputs)


def check_input(spec: InputSpec, x: Any, name: str = "x") -> Inputs:
    """Returns the inputs in the form that the core takes, and their lengths if they differ."""
    many_axes = type(x) is np.ndarray and x.ndim > 1
    lengths = None if many_axes or not spec.timed else sequences.lengths_of(x)
    if lengths is not None:
        sequences.refuse_unequal(spec, lengths, name)
        return sequences.inputs(spec, x, name), lengths
    if spec.classes is None:
        return arrays.inputs(x, spec.sample, spec.dtype, name), None
    return arrays.ids(x, spec.sample, spec.classes, spec.dtype, name), None


def check_step(spec: InputSpec, x: Any) -> Array:
    """Returns one time step of every sequence, [B, F], or [B, 1] for ids."""
    sample, classes, dtype = spec.sample, spec.classes, spec.dtype
    if classes is not None and len(sample) == 1:
        return arrays.ids(arrays.step_ids(x), (1,), classes, dtype)
    if len(sample) != 2:
        raise ValueError(
            f"step: expected a model with input (samples, time steps, features), or of ids "
            f"(samples, time steps), this one takes {shapes.text(sample)}"
        )
    if classes is not None:
        return arrays.ids(x, sample[1:], classes, dtype)
    return arrays.step_inputs(x, sample[1], dtype)


# ---- inputs with targets -----------------------------------------------------------------------


def check_data(
    given: InputSpec,
    wanted: OutputSpec,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
    names: Sequence[str] = NAMES,
    *,
    warn: Callable[[str], None] | None,
) -> Data:
    """Returns the data of a training or an evaluation in the form that the core takes.

    Args:
        given: specification of the model's inputs.
        wanted: specification of the model's outputs.
        x: inputs.
        y: targets.
        sample_weight: [N], [N, T], or None.
        class_weight: {class: weight}, or None.
        names: of x, y and sample_weight in errors.
        warn: called with a message if targets should be probabilities and are not; None: no check.
    """
    if y is None:
        raise TypeError(f"{names[1]}: expected an array of targets, received None")
    data, lengths = check_input(given, x, names[0])
    if lengths is not None and wanted.timed:
        return _check_timed(wanted, data, lengths, y, sample_weight, class_weight, names, warn)
    rows = len(data if lengths is None else lengths)
    output = wanted.of_inputs(data.shape) if lengths is None else wanted.sample
    target = targets.targets(y, wanted.loss, output, rows, wanted.dtype, names[1])
    _look_at_sums(wanted, {names[1]: target}, warn)
    weights = None
    if sample_weight is not None:
        weights = targets.sample_weights(sample_weight, rows, output, wanted.dtype, names[2])
    if class_weight is not None:
        by_class = targets.class_weights(class_weight, target, wanted.loss, output, wanted.dtype)
        weights = by_class if weights is None else _product(by_class, weights)
    return Data(data, target, weights, lengths)


def _check_timed(
    wanted: OutputSpec,
    x: Array,
    lengths: Lengths,
    y: Any,
    sample_weight: Any,
    class_weight: Any,
    names: Sequence[str],
    warn: Callable[[str], None] | None,
) -> Data:
    """Checks sequences of different lengths with a target at every step."""
    loss, output, dtype = wanted.loss, wanted.sample[1:], wanted.dtype
    target = sequences.targets(y, loss, output, lengths, dtype, names[1])
    _look_at_sums(wanted, named_rows(names[1], target, lengths), warn)
    weights = None
    if sample_weight is not None:
        weights = sequences.sample_weights(sample_weight, lengths, dtype, names[2])
    if class_weight is not None:
        by_class = targets.class_weights(class_weight, target, loss, output, dtype)
        weights = by_class if weights is None else sequences.product(by_class, weights, lengths)
    return Data(x, np.ascontiguousarray(target), weights, lengths)


def _look_at_sums(
    wanted: OutputSpec, named: Mapping[str, Array], warn: Callable[[str], None] | None
) -> None:
    """Warns about targets of categorical_crossentropy that are not probabilities."""
    if wanted.loss != "categorical_crossentropy" or warn is None:
        return
    for name, target in named.items():
        row = targets.first_of_other_sum(target, name)
        if row is not None:
            warn(
                f"categorical_crossentropy expects probabilities that sum to 1, received {row}. "
                "The loss of such a row is -sum(y log p), as in Keras. For class numbers use "
                "utils.to_categorical; where several classes can be right at once, "
                "loss='binary_crossentropy' with activation='sigmoid'"
            )
            return


def _product(a: Array, b: Array) -> Array:
    wide, narrow = (a, b) if a.ndim >= b.ndim else (b, a)
    return np.ascontiguousarray(wide * (narrow[:, None] if narrow.ndim < wide.ndim else narrow))


def check_validation(
    given: InputSpec, wanted: OutputSpec, data: Any, warn: Callable[[str], None] | None
) -> Data:
    """Returns the data of (x, y) or (x, y, sample_weight) in the form that the core takes."""
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise TypeError(
            "validation_data: expected a tuple (x, y) or (x, y, sample_weight), received "
            f"{type(data).__name__}"
            + (f" of {len(data)}" if isinstance(data, (tuple, list)) else "")
        )
    names = [f"validation_data[{k}]" for k in range(3)]
    weights = data[2] if len(data) == 3 else None
    return check_data(given, wanted, data[0], data[1], weights, names=names, warn=warn)


def split(data: Data, share: Any, batch: int | None) -> tuple[Data, Data]:
    """Splits off the last `share` of the samples for validation."""
    if isinstance(share, bool) or not isinstance(share, (int, float, np.number)):
        raise TypeError(f"validation_split: expected a number, received {share!r}")
    if not 0.0 < share < 1.0:
        raise ValueError(f"validation_split: expected a number in [0, 1), received {share!r}")
    rows = data.rows
    at = math.floor(rows * (1.0 - share))
    if batch:
        at -= at % batch  # a stateful model takes whole batches
    if not 0 < at < rows:
        raise ValueError(
            f"validation_split={share} leaves {at} of {rows} samples to train on and {rows - at} "
            "to validate with; expected at least one of each"
        )
    return data.part(0, at), data.part(at, rows)
