"""Arguments of Keras that mean nothing here, or that echocell does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from echocell.utils import suggest

# They change nothing here, or are refused unless they are off.
IGNORED_BY_COMPILE = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")
REFUSED_BY_COMPILE = ("loss_weights", "weighted_metrics", "target_tensors")
IGNORED_BY_FIT = ("max_queue_size", "workers", "use_multiprocessing")
REFUSED_BY_FIT = ("steps_per_epoch", "validation_steps")


class CompileArguments(TypedDict, total=False):
    """The types of what compile() takes besides its own arguments."""

    run_eagerly: bool | None
    steps_per_execution: int | str | None
    jit_compile: bool | str | None
    auto_scale_loss: bool
    loss_weights: None
    weighted_metrics: None
    target_tensors: None


class PredictArguments(TypedDict, total=False):
    """The types of what predict() and evaluate() take besides their own arguments."""

    max_queue_size: int
    workers: int
    use_multiprocessing: bool


class FitArguments(PredictArguments, total=False):
    """The types of what fit() takes besides its own arguments."""

    nb_epoch: int
    steps_per_epoch: None
    validation_steps: None


def refuse_legacy(
    verb: str,
    given: Mapping[str, Any],
    ignored: Sequence[str],
    refused: Sequence[str],
    known: Sequence[str] = (),
) -> None:
    """Raises TypeError for what Keras does not know either, ValueError for what it does."""
    for name, value in given.items():
        if name in ignored:
            continue
        if name not in refused:
            near = suggest(name, [*known, *ignored, *refused])
            raise TypeError(f"{verb}: unknown argument {name!r}.{near}")
        if value is not None and value != []:
            raise ValueError(f"{verb}: {name}={value!r} is not supported")
