"""Checks batch sizes, numbers of epochs and shuffling.

N samples, B batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from echocell._common import scalars
from echocell._data.spec import InputSpec

DEFAULT_BATCH = 32


def batch_size(
    spec: InputSpec, carried: int, given: Any, rows: int, name: str = "batch_size"
) -> int:
    """Returns the number of samples in a batch, at most the number of samples.

    It is the given one, else the model's batch size, else that of the states it carries, else 32. A
    stateful model takes whole batches of one size until its states are reset.
    """
    if given is None:
        size = spec.batch or carried or DEFAULT_BATCH
    elif type(given) is int and given > 0:
        size = given
    else:
        size = scalars.whole(given, name)
    if not spec.stateful:
        return size if size < rows else rows
    return _stateful_batch(spec, size, rows, carried, name)


def _stateful_batch(spec: InputSpec, size: int, rows: int, carried: int, name: str) -> int:
    fixed = spec.batch
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


def validation_size(spec: InputSpec, given: Any, rows: int) -> int:
    """Returns the batch size of a validation that follows training batches."""
    name = "validation_batch_size"
    size = min(scalars.whole(given, name), rows)
    if spec.stateful and rows % size:
        raise ValueError(
            f"a stateful model takes whole batches: expected a number of validation samples that "
            f"is a multiple of {name}={size}, received {rows} samples"
        )
    return size


def validation_epochs(given: Any) -> int | list[int]:
    """Returns the number of epochs between validations, or their numbers, counted from 1."""
    if isinstance(given, (list, tuple, set, frozenset, range, np.ndarray)):
        return [scalars.whole(epoch, f"validation_freq[{k}]") for k, epoch in enumerate(given)]
    return scalars.whole(given, "validation_freq")


def check_shuffle(
    spec: InputSpec, shuffle: Any, rows: int, size: int, warn: Callable[[str], None] | None
) -> bool | str:
    """Returns whether the samples are shuffled in every epoch, or "batch" for whole batches.

    A stateful model with one batch is not shuffled: the order would only change which state a
    sample meets. With several batches it is shuffled as requested, with a warning.

    Raises:
        ValueError: `shuffle` is a string other than "batch".
    """
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ValueError(f"shuffle: expected True, False or 'batch', received {shuffle!r}")
    wanted: bool | str = shuffle if isinstance(shuffle, str) else bool(shuffle)
    if not wanted or not spec.stateful:
        return wanted
    if rows <= size:
        return False
    if warn is not None:
        warn(
            f"a stateful model is trained with shuffle={wanted!r}: samples meet the states of "
            "samples that did not come before them. Give fit shuffle=False"
        )
    return wanted


def epochs_of(epochs: Any, initial_epoch: Any) -> tuple[int, int]:
    """Returns the checked numbers of the last and of the first epoch."""
    if type(epochs) is int and type(initial_epoch) is int and epochs > 0 <= initial_epoch:
        return epochs, initial_epoch
    return (
        scalars.whole(epochs, "epochs", least=0),
        scalars.whole(initial_epoch, "initial_epoch", least=0),
    )
