"""What compile() says of a model: loss, metrics, optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from echocell import _core, losses, metrics, optimizers
from echocell._keras_arguments import COMPILE, CompileArguments
from echocell._layer import Layer
from echocell._predictor import Predictor
from echocell._typing import Identifier
from echocell.losses import Loss
from echocell.metrics import Metric
from echocell.optimizers import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: One metric, or any number of them in lists or under the names of outputs.
Metrics: TypeAlias = Identifier | Sequence[Identifier | Sequence[Identifier]]


class Compiled(NamedTuple):
    optimizer: Optimizer
    loss: Loss | None
    metrics: list[Any]  # as they were asked for
    given_loss: Any


class Compilable(Predictor):
    """A stack of layers that can be compiled."""

    def __init__(
        self,
        layers: Iterable[Layer] | Layer | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._compiled: Compiled | None = None
        self._metrics: list[Metric] = []
        self._log_names: list[str] = ["loss"]
        super().__init__(layers, name, dtype, trainable)

    def compile(
        self,
        optimizer: Optimizer | Identifier = "rmsprop",
        loss: Identifier | Sequence[Identifier] | None = None,
        metrics: Metrics | None = None,
        loss_weights: None = None,
        **others: Unpack[CompileArguments],
    ) -> None:
        """Says how to train. A new optimizer starts without memory of earlier updates.

        Args:
            optimizer: name or object. Default "rmsprop".
            loss: name or object. Default None: the model can predict, not train.
            metrics: list of names or objects, for the history and evaluate.
            loss_weights: None alone: there is one loss.
            **others: Keras's further arguments that change nothing, such as run_eagerly.

        Raises:
            TypeError, ValueError: an unknown argument, name or object; nothing changes then.
        """
        COMPILE.check("compile", {**others, "loss_weights": loss_weights}, self.compile)
        single = _single(loss)
        compiled = Compiled(
            optimizers.get(optimizer),
            None if single is None else losses.get(single),
            _as_list(metrics),
            loss,
        )
        before, self._compiled = self._compiled, compiled
        try:
            if self._network is not None:
                self._compile_network(self._network, before)
            elif self.built:
                self._ready()
            else:
                self._resolve_metrics((1,))  # for errors: the real ones follow with the network
        except (TypeError, ValueError):
            self._compiled = before
            raise

    def _resolve_metrics(self, output: Sequence[int | None]) -> list[Metric]:
        compiled = self._require_compiled("compile")
        return [metrics.resolve(item, compiled.loss, output) for item in compiled.metrics]

    def _compile_network(self, network: _core.Network, before: Compiled | None = None) -> None:
        compiled = self._require_compiled("compile")
        resolved = self._resolve_metrics(self._last_sample())
        old = None if before is None or before.loss is None else before.optimizer
        if compiled.loss is None:
            _uncompile(network, old)
        else:
            self._compile_training(network, compiled.loss, compiled.optimizer, resolved, old)
        self._metrics = resolved
        self._log_names = ["loss", *(metric.name for metric in resolved)]

    def _compile_training(
        self,
        network: _core.Network,
        loss: Loss,
        optimizer: Optimizer,
        metrics: list[Metric],
        old: Optimizer | None,
    ) -> None:
        arguments = loss.options(), [metric.options() for metric in metrics]
        options = optimizer.options()
        replaced = None if old is optimizer else old
        if replaced is not None:
            replaced._detach(network)
        try:
            network.compile(*arguments, options, replaced is None)
        except (TypeError, ValueError):
            if replaced is not None:
                replaced._attach(network)
            raise
        optimizer._attach(network)

    def _on_network(self, network: _core.Network) -> None:
        if self._compiled is not None:
            self._compile_network(network)

    def _require_compiled(self, verb: str) -> Compiled:
        if self._compiled is None:
            raise ValueError(
                f"{verb}: model {self.name!r} is not compiled: call "
                "compile(optimizer=..., loss=...) first"
            )
        return self._compiled

    @property
    def _has_loss(self) -> bool:
        """Can it be trained?"""
        return self._compiled is not None and self._compiled.loss is not None

    def _require_loss(self, verb: str) -> Loss:
        loss = self._require_compiled(verb).loss
        if loss is None:
            raise ValueError(
                f"{verb}: model {self.name!r} is compiled without a loss: call "
                "compile(optimizer=..., loss=...) first"
            )
        return loss

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer object; its learning_rate can be set at any time, while the model trains
        by its callbacks alone.
        """
        return None if self._compiled is None else self._compiled.optimizer

    @property
    def loss(self) -> Any:
        """The loss as it was given to compile()."""
        return None if self._compiled is None else self._compiled.given_loss

    @property
    def metrics(self) -> list[Metric]:
        """The metrics as objects."""
        return list(self._metrics)

    @property
    def metrics_names(self) -> list[str]:
        """Names of what evaluate() returns: "loss", then the metrics."""
        return list(self._log_names)


def _uncompile(network: _core.Network, old: Optimizer | None) -> None:
    """Leaves a network without loss and optimizer, which it shared with `old`."""
    if old is not None:
        old._detach(network)
    try:
        network.uncompile()
    except ValueError:  # it is at work
        if old is not None:
            old._attach(network)
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
