"""Training settings as a value: loss, metrics, optimizer; and their transfer to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from echocell import _core, losses, metrics, optimizers
from echocell._common.typing import Identifier
from echocell.losses import Loss
from echocell.metrics import Metric
from echocell.optimizers import Optimizer

#: One metric, or any number of them in lists or dicts keyed by output names.
Metrics: TypeAlias = Identifier | Sequence[Identifier | Sequence[Identifier]]


class Compiled(NamedTuple):
    """The settings of compile().

    Attributes:
        loss: the loss; None for a model that can predict but not train.
        metrics: the metrics as given. The meaning of "accuracy" depends on the output.
        given_loss: the loss as given.
    """

    optimizer: Optimizer
    loss: Loss | None
    metrics: list[Any]
    given_loss: Any


def compiled(
    optimizer: Optimizer | Identifier, loss: Any, metrics_asked_for: Metrics | None
) -> Compiled:
    """Returns the settings for the arguments of compile().

    Raises:
        TypeError, ValueError: an unknown name or object.
    """
    single = _single(loss)
    return Compiled(
        optimizers.get(optimizer),
        None if single is None else losses.get(single),
        _as_list(metrics_asked_for),
        loss,
    )


def require_compiled(settings: Compiled | None, verb: str, model: str) -> Compiled:
    """Returns the settings. Raises ValueError, naming verb and model, if there are none."""
    if settings is None:
        raise ValueError(
            f"{verb}: model {model!r} is not compiled: call compile(optimizer=..., loss=...) first"
        )
    return settings


def require_loss(settings: Compiled | None, verb: str, model: str) -> Loss:
    """Returns the loss. Raises ValueError, naming verb and model, if there is none."""
    loss = require_compiled(settings, verb, model).loss
    if loss is None:
        raise ValueError(
            f"{verb}: model {model!r} is compiled without a loss: call "
            "compile(optimizer=..., loss=...) first"
        )
    return loss


def resolved_metrics(settings: Compiled, output: Sequence[int | None]) -> list[Metric]:
    """Returns the metrics as objects, for outputs of this shape."""
    return [metrics.resolve(item, settings.loss, output) for item in settings.metrics]


def compile_network(
    network: _core.Network,
    settings: Compiled,
    resolved: Sequence[Metric],
    before: Compiled | None,
) -> None:
    """Sets loss, metrics and optimizer of a network; a new optimizer starts with empty slots.

    Args:
        network: the network.
        settings: the new training settings.
        resolved: the metrics, for the outputs of the network.
        before: the previous settings; None for a new network.

    Raises:
        TypeError, ValueError: the core refuses the settings; the network is unchanged then.
    """
    old = None if before is None or before.loss is None else before.optimizer
    if settings.loss is None:
        _uncompile(network, old)
        return
    arguments = settings.loss.options(), [metric.options() for metric in resolved]
    optimizer = settings.optimizer
    options = optimizer.options()
    replaced = None if old is optimizer else old
    if replaced is not None:
        replaced.detach(network)
    try:
        network.compile(*arguments, options, keep_slots=replaced is None)
    except (TypeError, ValueError):
        if replaced is not None:
            replaced.attach(network)
        raise
    optimizer.attach(network)


def _uncompile(network: _core.Network, old: Optimizer | None) -> None:
    """Removes loss and optimizer from a network that shared them with `old`."""
    if old is not None:
        old.detach(network)
    try:
        network.uncompile()
    except ValueError:  # a call is running
        if old is not None:
            old.attach(network)
        raise


def _single(loss: Any) -> Any:
    """Returns the loss; Keras also takes a list or a dict with one loss per output."""
    if isinstance(loss, Mapping) and "class_name" not in loss and len(loss) == 1:
        return next(iter(loss.values()))
    return loss[0] if isinstance(loss, (list, tuple)) and len(loss) == 1 else loss


def _as_list(items: Any) -> list[Any]:
    """Returns metrics as a list; Keras takes none, one, a list, or a dict keyed by outputs."""
    if items is None:
        return []
    if isinstance(items, Mapping) and "class_name" not in items:
        items = list(items.values())
    if isinstance(items, (list, tuple)):
        return [inner for item in items for inner in _as_list(item)]
    return [items]
