"""Steps shared by fit, train_on_batch, gradients and evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from echocell import _core
from echocell._data import arrays, batches, samples
from echocell._data.samples import Data
from echocell.models import specs
from echocell.models.graph import Graph

#: Batch size, number of the last epoch, and the shuffle mode of `batches.check_shuffle`.
Loops: TypeAlias = tuple[int, int, bool | str]


def prepared(
    graph: Graph, x: Any, y: Any, sample_weight: Any, class_weight: Any = None
) -> tuple[_core.Network, Data]:
    """Returns the network and the data in the form that it takes."""

    def checked() -> Data:
        graph.ready().require_open()
        return samples.check_data(
            specs.input_spec(graph),
            specs.output_spec(graph, "fit"),
            *(x, y, sample_weight, class_weight),
            warn=graph.warn_once.about("sums"),
        )

    return graph.prepared(x, checked, Data.named)


def validation(graph: Graph, given: Any) -> Data:
    """Returns the validation data, given as (x, y) or (x, y, sample_weight)."""
    warn = graph.warn_once.about("sums")
    return samples.check_validation(
        specs.input_spec(graph), specs.output_spec(graph, "fit"), given, warn
    )


def validation_settings(
    graph: Graph, held_out: Data, size: int, given_size: Any, freq: Any
) -> dict[str, Any]:
    """Returns the arguments of the core's fit for a validation.

    Args:
        graph: graph of the model.
        held_out: the validation data.
        size: the batch size of the training.
        given_size: the batch size of the validation; None: the same.
        freq: the number of epochs between validations, or the epochs.
    """
    wanted = size if given_size is None else given_size
    return {
        "validation": held_out,
        "validation_batch_size": batches.validation_size(
            specs.input_spec(graph), wanted, held_out.rows
        ),
        "validation_freq": batches.validation_epochs(freq),
    }


def log_names(graph: Graph, validated: bool) -> list[str]:
    """Returns the names of a row of logs; those of a validation have the prefix val_."""
    names = graph.log_names
    return [*names, *(f"val_{name}" for name in names)] if validated else names


def run(
    network: _core.Network, data: Data, loops: Loops, settings: dict[str, Any]
) -> list[list[float]]:
    """Runs the core's fit. Returns one row of logs per epoch."""
    try:
        return network.fit(data.x, data.y, data.weights, *loops, **settings)
    except ValueError as error:
        named = data.named()
        if "validation" in settings:
            named |= settings["validation"].named([f"validation_data[{k}]" for k in range(3)])
        arrays.explain(error, named, network.dtype)


def warn_of_nan(graph: Graph, logs: Sequence[float]) -> None:
    """Warns, once per model, if the loss is NaN."""
    if logs and logs[0] != logs[0]:
        warn = graph.warn_once.about("nan", RuntimeWarning)
        if warn is not None:
            warn(
                "the loss has become NaN: the weights are useless now. Try a smaller learning "
                "rate, clipnorm=1.0 in the optimizer, or scaled data"
            )


def returned(graph: Graph, logs: list[float], as_dict: bool) -> Any:
    """Returns the logs in the form of the public methods: by name, as a list, or the loss alone."""
    if as_dict:
        return dict(zip(graph.log_names, logs, strict=True))
    return logs if len(logs) > 1 else logs[0]


def refuse_running_metrics(verb: str, reset_metrics: bool) -> None:
    """Raises ValueError for metrics that accumulate from batch to batch."""
    if not reset_metrics:
        raise ValueError(
            f"{verb}: reset_metrics={reset_metrics!r} is not supported: the numbers are always "
            "those of this batch alone"
        )
