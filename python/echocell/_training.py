"""Between fit and the core: data made ready, batch sizes, what fit gave.

N samples, B batch, T time steps. Arrays of targets and weights as the core takes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, _ragged, _targets
from echocell._checks import Sample
from echocell._ragged import Lengths
from echocell._warning import warn
from echocell.callbacks import History
from echocell.layers import Embedding

if TYPE_CHECKING:
    from echocell._predictor import Predictor
    from echocell._trainer import Trainer

Array = NDArray[Any]
DEFAULT_BATCH = 32
NAMES = ("x", "y", "sample_weight")


def named_rows(name: str, array: Array, lengths: Lengths | None) -> dict[str, Array]:
    """{name: array}, or {name[0]: the first sequence, ...}."""
    if lengths is None or len(array) == len(lengths):
        return {name: array}
    return {f"{name}[{k}]": row for k, row in enumerate(_ragged.pieces(array, lengths))}


class Data(NamedTuple):
    """x [N, ...], y [N, ...], weights None, [N] or [N, T]. With lengths, sequences of different
    lengths follow each other: x [sum of lengths, ...], and so do y and weights where there is an
    output at every step of the sequences.
    """

    x: Array
    y: Array
    weights: Array | None
    lengths: Lengths | None = None

    @property
    def rows(self) -> int:
        """N."""
        return len(self.x) if self.lengths is None else len(self.lengths)

    def options(self) -> dict[str, Any]:
        """What the core is told besides x, y and weights."""
        return {} if self.lengths is None else {"lengths": self.lengths}

    def named(self, names: Sequence[str] = NAMES) -> dict[str, Array]:
        """The arrays by name; sequences of different lengths one by one."""
        arrays = zip(names, (self.x, self.y, self.weights), strict=False)
        return {
            place: rows
            for name, array in arrays
            if array is not None
            for place, rows in named_rows(name, array, self.lengths).items()
        }

    def part(self, first: int, last: int) -> Data:
        """The samples first .. last - 1."""

        def rows_of(array: Array) -> Array:
            if self.lengths is None or len(array) == self.rows:
                return array[first:last]
            ends = np.cumsum([0, *self.lengths])
            return array[ends[first] : ends[last]]

        weights = None if self.weights is None else rows_of(self.weights)
        lengths = None if self.lengths is None else self.lengths[first:last]
        return Data(rows_of(self.x), rows_of(self.y), weights, lengths)


def named_arrays(data: Any) -> dict[str, Array]:
    """The arrays by name of what a check gives: Data, x alone, or x with its lengths."""
    if isinstance(data, Data):
        return data.named()
    return named_rows("x", *data) if isinstance(data, tuple) else {"x": data}


# ---- data --------------------------------------------------------------------------------------


def check_x(model: Predictor, x: Any, name: str = "x") -> Array:
    """The inputs as the model takes them."""
    sample, dtype = model._sample or (), model._array_dtype
    first = model._layers[0]
    if isinstance(first, Embedding):
        return _checks.ids(x, sample, first.input_dim, dtype, name)
    return _checks.inputs(x, sample, dtype, name)


def check_input(model: Predictor, x: Any, name: str = "x") -> tuple[Array, Lengths | None]:
    """The inputs as the core takes them; their lengths where they differ."""
    lengths = None if type(x) is np.ndarray and x.ndim > 1 else _ragged.lengths_of(x)
    if lengths is None:
        return check_x(model, x, name), None
    network = model._ready()
    if not network.timed_input:
        return check_x(model, x, name), None
    _ragged.require_open(model, network, lengths, name)
    return _ragged.inputs(model, x, name), lengths


def check_step(model: Predictor, x: Any) -> Array:
    """One time step of every sequence as the core takes it, [B, F]; of ids [B, 1]."""
    sample, dtype = model._sample or (), model._array_dtype
    first = model._layers[0]
    if isinstance(first, Embedding) and len(sample) == 1:
        return _checks.ids(_checks.step_ids(x), (1,), first.input_dim, dtype)
    if len(sample) != 2:
        raise ValueError(
            f"step: expected a model with input (samples, time steps, features), or of ids "
            f"(samples, time steps), this one takes {_checks.text(sample)}"
        )
    if isinstance(first, Embedding):
        return _checks.ids(x, sample[1:], first.input_dim, dtype)
    return _checks.step_inputs(x, sample[1], dtype)


def output_sample(model: Predictor, x: Array) -> Sample:
    """The shape of one output for inputs like these."""
    if None not in model._output:
        return model._output
    return model._ready().output_shape_for(x.shape[1:])


def check_data(
    model: Trainer,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
    names: Sequence[str] = NAMES,
) -> Data:
    """Everything for a training or an evaluation."""
    model._require_loss("fit")
    if y is None:
        raise TypeError(f"{names[1]}: expected an array of targets, received None")
    data, lengths = check_input(model, x, names[0])
    if lengths is not None:
        return _check_ragged(model, data, lengths, y, sample_weight, class_weight, names)
    output = output_sample(model, data)
    return Data(
        data, *_check_targets(model, output, len(data), y, sample_weight, class_weight, names)
    )


def _check_targets(
    model: Trainer,
    output: Sample,
    rows: int,
    y: Any,
    sample_weight: Any,
    class_weight: Any,
    names: Sequence[str],
) -> tuple[Array, Array | None]:
    """Targets and weights of whole samples; output: the shape of one output."""
    loss, dtype = model._require_loss("fit").kind, model._array_dtype
    target = _targets.targets(y, loss, output, rows, dtype, names[1])
    _warn_of_other_sums(model, loss, {names[1]: target})
    weights = None
    if sample_weight is not None:
        weights = _targets.sample_weights(sample_weight, rows, output, dtype, names[2])
    if class_weight is not None:
        by_class = _targets.class_weights(class_weight, target, loss, output, dtype)
        weights = by_class if weights is None else _product(by_class, weights)
    return target, weights


def _check_ragged(
    model: Trainer,
    x: Array,
    lengths: Lengths,
    y: Any,
    sample_weight: Any,
    class_weight: Any,
    names: Sequence[str],
) -> Data:
    """Targets and weights for sequences of different lengths."""
    if not model._ready().timed_output:
        return Data(
            x,
            *_check_targets(
                model, model._output, len(lengths), y, sample_weight, class_weight, names
            ),
            lengths,
        )
    loss, output, dtype = model._require_loss("fit").kind, model._output[1:], model._array_dtype
    target = _ragged.targets(y, loss, output, lengths, dtype, names[1])
    _warn_of_other_sums(model, loss, named_rows(names[1], target, lengths))
    weights = None
    if sample_weight is not None:
        weights = _ragged.sample_weights(sample_weight, lengths, dtype, names[2])
    if class_weight is not None:
        by_class = _targets.class_weights(class_weight, target, loss, output, dtype)
        weights = by_class if weights is None else _ragged.product(by_class, weights, lengths)
    return Data(x, np.ascontiguousarray(target), weights, lengths)


def _warn_of_other_sums(model: Trainer, loss: str, named: Mapping[str, Array]) -> None:
    """Warns, once per model, of targets of categorical_crossentropy that are no probabilities."""
    if loss != "categorical_crossentropy" or model._warned_of_sums:
        return
    for name, target in named.items():
        row = _targets.first_of_other_sum(target, name)
        if row is not None:
            model._warned_of_sums = True
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


def split(data: Data, share: Any, batch: int | None) -> tuple[Data, Data]:
    """The last `share` of the samples apart, for validation."""
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


def check_validation(model: Trainer, given: Any) -> Data:
    """(x, y) or (x, y, sample_weight)."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise TypeError(
            "validation_data: expected a tuple (x, y) or (x, y, sample_weight), received "
            f"{type(given).__name__}"
            + (f" of {len(given)}" if isinstance(given, (tuple, list)) else "")
        )
    names = [f"validation_data[{k}]" for k in range(3)]
    weights = given[2] if len(given) == 3 else None
    return check_data(model, given[0], given[1], weights, names=names)


# ---- batches -----------------------------------------------------------------------------------


def batch_size(model: Predictor, given: Any, rows: int, name: str = "batch_size") -> int:
    """How many samples to a batch.

    What was given, else the model's batch size, else that of the states it carries, else 32; never
    more than there are samples. A stateful model takes whole batches of one size until its states
    are reset.
    """
    carried = _carried(model)
    if given is None:
        size = model._batch or carried or DEFAULT_BATCH
    elif type(given) is int and given > 0:
        size = given
    else:
        size = _checks.whole(given, name)
    if not model._stateful:
        return size if size < rows else rows
    return _stateful_batch(model, size, rows, carried, name)


def _carried(model: Predictor) -> int:
    network = model._network
    return network.state_batch if network is not None and model._stateful else 0


def _stateful_batch(model: Predictor, size: int, rows: int, carried: int, name: str) -> int:
    fixed = model._batch
    if fixed is not None and size != fixed:
        raise ValueError(
            f"{name}: the model is made for batches of {fixed} samples (batch_input_shape): "
            f"expected {fixed}, received {size}"
        )
    if fixed is None:
        size = min(size, rows)
    if rows % size:
        raise ValueError(
            f"a stateful model takes whole batches: expected a number of samples that is a "
            f"multiple of {name}={size}, received {rows} samples"
        )
    if carried and carried != size:
        raise ValueError(
            f"{name}: the model carries the states of {carried} samples: expected {carried}, "
            f"received {size}. Call reset_states() before another batch size"
        )
    return size


def validation_size(model: Trainer, given: Any, rows: int) -> int:
    """The batch size of a validation, which follows on batches of the training."""
    name = "validation_batch_size"
    size = min(_checks.whole(given, name), rows)
    if model._stateful and rows % size:
        raise ValueError(
            f"a stateful model takes whole batches: expected a number of validation samples that "
            f"is a multiple of {name}={size}, received {rows} samples"
        )
    return size


def validation_epochs(given: Any) -> int | list[int]:
    """After how many epochs a validation follows, or after which, counted from 1."""
    if isinstance(given, (list, tuple, set, frozenset, range, np.ndarray)):
        return [_checks.whole(epoch, f"validation_freq[{k}]") for k, epoch in enumerate(given)]
    return _checks.whole(given, "validation_freq")


def check_shuffle(model: Trainer, shuffle: Any, rows: int, size: int) -> bool | str:
    """Whether the order is drawn anew in every epoch, and "batch" where batches stay together. A
    stateful model with one batch keeps its rows: their order changes nothing but which state a
    sample meets. With several batches it shuffles as asked, and warns once per model.

    Raises ValueError for another word than "batch".
    """
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ValueError(f"shuffle: expected True, False or 'batch', received {shuffle!r}")
    wanted: bool | str = shuffle if isinstance(shuffle, str) else bool(shuffle)
    if not wanted or not model._stateful:
        return wanted
    if rows <= size:
        return False
    if not model._warned_of_shuffle:
        model._warned_of_shuffle = True
        warn(
            f"a stateful model is trained with shuffle={wanted!r}: samples meet the states of "
            "samples that did not come before them. Give fit shuffle=False"
        )
    return wanted


# ---- epochs ----------------------------------------------------------------------------------


def fill(
    history: History, names: Sequence[str], rows: Sequence[Sequence[float]], first: int
) -> None:
    """Writes the rows of logs that the core gave into the history."""
    history.epoch = list(range(first, first + len(rows)))
    table = history.history
    for row in rows:
        for name, value in zip(names, row, strict=False):
            table.setdefault(name, []).append(value)


def epochs_of(epochs: Any, initial_epoch: Any) -> tuple[int, int]:
    """Both as integers."""
    if type(epochs) is int and type(initial_epoch) is int and epochs > 0 <= initial_epoch:
        return epochs, initial_epoch
    return (
        _checks.whole(epochs, "epochs", least=0),
        _checks.whole(initial_epoch, "initial_epoch", least=0),
    )
