"""Training settings as a value: loss, metrics, optimizer; and a network that is given them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from echocell import _core, losses, metrics, optimizers
from echocell._common.typing import Identifier
from echocell.losses import Loss
from echocell.metrics import Metric
from echocell.optimizers import Optimizer

#: One metric, or any number of them in lists or under the names of outputs.
Metrics: TypeAlias = Identifier | Sequence[Identifier | Sequence[Identifier]]


class Compiled(NamedTuple):
    """The settings of compile().

    Attributes:
        optimizer: the optimizer.
        loss: the loss; None: the model can predict, not train.
        metrics: the metrics as they were asked for. What "accuracy" is depends on the output.
        given_loss: the loss as it was given.
    """

    optimizer: Optimizer
    loss: Loss | None
    metrics: list[Any]
    given_loss: Any


def compiled(
    optimizer: Optimizer | Identifier, loss: Any, metrics_asked_for: Metrics | None
) -> Compiled:
    """Returns the settings from what compile() takes.

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
    """Returns the settings; ValueError, which names verb and model, where there are none."""
    if settings is None:
        raise ValueError(
            f"{verb}: model {model!r} is not compiled: call compile(optimizer=..., loss=...) first"
        )
    return settings


def require_loss(settings: Compiled | None, verb: str, model: str) -> Loss:
    """Returns the loss; ValueError, which names the verb and the model, where there is none."""
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
    """Gives a network its loss, metrics and optimizer; a new optimizer starts without memory.

    Args:
        network: the network.
        settings: how it is to be trained.
        resolved: the metrics, for the outputs of the network.
        before: the settings that it has had so far; None for a new network.

    Raises:
        TypeError, ValueError: the core refuses; the network is as before then.
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
    """Leaves a network without loss and optimizer, which it shared with `old`."""
    if old is not None:
        old.detach(network)
    try:
        network.uncompile()
    except ValueError:  # it is at work
        if old is not None:
            old.attach(network)
        raise


def _single(loss: Any) -> Any:
    """Keras takes a list or dict of losses, one per output."""
    if isinstance(loss, Mapping) and "class_name" not in loss and len(loss) == 1:
        return next(iter(loss.values()))
    return loss[0] if isinstance(loss, (list, tuple)) and len(loss) == 1 else loss


def _as_list(items: Any) -> list[Any]:
    """Metrics as Keras takes them: none, one, a list, or a dict of outputs."""
    if items is None:
        return []
    if isinstance(items, Mapping) and "class_name" not in items:
        items = list(items.values())
    if isinstance(items, (list, tuple)):
        return [inner for item in items for inner in _as_list(item)]
    return [items]
