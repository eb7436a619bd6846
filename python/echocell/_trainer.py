"""Compiling, training, testing and predicting: the verbs of a model.

Letters of the shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from echocell import _checks, _core, _ragged, _training, losses, metrics, optimizers
from echocell._display import display
from echocell._layer import Layer
from echocell._network import Stack
from echocell._training import Data, Hooks
from echocell._warning import warn
from echocell.callbacks import CallbackList, History
from echocell.losses import Loss
from echocell.metrics import Metric
from echocell.optimizers import Optimizer
from echocell.utils import suggest

Array = NDArray[Any]

# Arguments of compile and fit that change nothing here, or that are refused unless they are off.
_IGNORED_BY_COMPILE = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")
_REFUSED_BY_COMPILE = ("loss_weights", "weighted_metrics", "target_tensors")
_IGNORED_BY_FIT = ("max_queue_size", "workers", "use_multiprocessing")
_REFUSED_BY_FIT = ("steps_per_epoch", "validation_steps")


class Compiled(NamedTuple):
    optimizer: Optimizer
    loss: Loss
    metrics: list[Any]  # as they were asked for
    given_loss: Any


class Trainer(Stack):
    """A stack of layers that can be compiled, trained, tested and asked."""

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._compiled: Compiled | None = None
        self._metrics: list[Metric] = []
        self._log_names: list[str] = ["loss"]
        self._warned_of_shuffle = False
        self._warned_of_nan = False
        self.history: History | None = None
        self.stop_training = False
        super().__init__(layers, name, dtype, trainable)

    # ---- compiling -----------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        sample_weight_mode: Any = None,
        **legacy: Any,
    ) -> None:
        """Says how to train. A new optimizer starts without memory of earlier updates.

        Args:
            optimizer: name or object. Default "rmsprop".
            loss: name or object.
            metrics: list of names or objects, for the history and evaluate.
            sample_weight_mode: Keras 2's; weights of [N, T] need no announcement.
            **legacy: arguments of Keras that change nothing here, such as run_eagerly.

        Raises:
            TypeError, ValueError: an unknown argument, name or object; nothing changes then.
        """
        _refuse_legacy("compile", legacy, _IGNORED_BY_COMPILE, _REFUSED_BY_COMPILE)
        if loss is None:
            raise ValueError("compile: missing argument 'loss', for example loss='mse'")
        compiled = Compiled(
            optimizers.get(optimizer), losses.get(_single(loss)), _as_list(metrics), loss
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
        loss, options = compiled.loss.options(), compiled.optimizer.options()
        chosen = [metric.options() for metric in resolved]
        if before is not None and before.optimizer is not compiled.optimizer:
            before.optimizer._detach(network)
            # The core keeps the slots of an optimizer of the same kind; a new one has none.
            other = "adam" if compiled.optimizer.kind == "sgd" else "sgd"
            network.compile(loss, [], _core.OptimizerOptions(kind=other, learning_rate=0.0))
        network.compile(loss, chosen, options)
        compiled.optimizer._attach(network)
        self._metrics = resolved
        self._log_names = ["loss", *(metric.name for metric in resolved)]

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

    def _compiled_loss(self) -> Loss:
        return self._require_compiled("fit").loss

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer object; its learning_rate can be set at any time."""
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

    # ---- training ------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        bptt_steps: int | None = None,
        **legacy: Any,
    ) -> History:
        """Trains.

        With bptt_steps=k it is truncated backpropagation through time, for long sequences: every
        batch is walked in segments of k time steps. The states of all recurrent layers go on from
        segment to segment, no gradient does, so memory and the reach of the gradients depend on k,
        not on T. A batch begins with zeros (a stateful layer with what it carries) and forgets its
        states at the end (a stateful layer keeps them).

        - Output at every step: one update per segment, with the targets, weights and masks of its
          steps. The loss of a batch is the mean over its steps.
        - Output at the end alone: the last k steps are trained, in one update; the segments before
          them only bring the states there.

        If k does not divide T, one segment is shorter: the last, or, where only the end is trained,
        the first. Dropout draws new masks for every segment. k >= T is the same as None.
        Validation is walked likewise. Source: Williams and Peng, An efficient gradient-based
        algorithm for on-line training of recurrent network trajectories, Neural Computation 2(4),
        1990, BPTT(h; h') with h = h' = k; Sutskever, Training recurrent neural networks, thesis,
        2013, truncated BPTT with k1 = k2 = k.

        Sequences of different lengths mean what they mean padded behind, with a mask: the padding
        counts in no result, no loss and no metric. A batch is padded to its longest sequence, so
        batches of similar lengths (shuffle=False on sorted data) are the fastest. A list whose
        sequences are equally long is the same as an array. Where the model gives an output at every
        step, y is a list of [T, ...], too.

        Args:
            x: [N, T, F] or what the first layer takes; sequences of different lengths as a list of
                N arrays [T, F], each with its own T.
            y: targets in the shape of the output; [N] for [N, 1]; class numbers for the sparse
                loss.
            batch_size: default: the model's, else that of the carried states, else 32.
            epochs: the number of the last epoch.
            verbose: 0 nothing, 1 or "auto" a bar, 2 Keras's lines.
            callbacks: one or a list.
            validation_split: the last share of the samples is kept to validate with.
            validation_data: (x, y) or (x, y, sample_weight).
            shuffle: draw the order anew in every epoch. On a stateful model it warns, once, where
                there are several batches; with one batch the rows stay with their states.
            class_weight: {class: weight}; classes that are not named weigh 1.
            sample_weight: [N] or, for outputs at every step, [N, T] or a list of [T].
            initial_epoch: the number of the first epoch, from 0.
            validation_batch_size: default: batch_size.
            validation_freq: validate after every so many epochs.
            bptt_steps: k, the steps that gradients go back at most. Default None: all.
            **legacy: nb_epoch for epochs.

        Returns:
            History: `.history` maps "loss", metrics, "val_loss", ... to one number per epoch.

        Raises:
            TypeError, ValueError: the data do not fit; says what was expected and what came.
                Weights and states are as before. So where bptt_steps is given and a layer needs
                the whole sequence (Bidirectional, go_backwards, Flatten, ...).
            KeyboardInterrupt: after the batch (with bptt_steps: the segment) that was being
                trained; the model is usable.
        """
        self._require_compiled("fit")
        if legacy:
            epochs = self._take_legacy_fit(legacy, epochs)
        network, data = self._prepared(x, y, sample_weight, class_weight)
        last, first = _training.epochs_of(epochs, initial_epoch)
        validation = None
        if validation_data is not None:
            validation = _training.check_validation(self, validation_data)
        elif validation_split:
            whole_batches = (batch_size or self._batch) if self._stateful else None
            data, validation = _training.split(data, validation_split, whole_batches)
        rows = data.rows
        size = _training.batch_size(self, batch_size, rows)
        settings: dict[str, Any] = {
            "batch_size": size,
            "epochs": last,
            "initial_epoch": first,
            "shuffle": _training.check_shuffle(self, shuffle, rows, size),
        }
        if data.lengths is not None:
            settings["lengths"] = data.lengths
        if bptt_steps is not None:
            settings["bptt_steps"] = _checks.whole(bptt_steps, "bptt_steps")
        if validation is not None:
            self._add_validation(settings, validation, validation_batch_size, validation_freq)
        self.history = history = History()
        history.model = self
        history.params = {"verbose": verbose, "epochs": last, "steps": -(-rows // size)}
        self.stop_training = False
        outer, self._fitting = self._fitting, True  # a callback may train, too
        try:
            if verbose == 0 and not callbacks:
                logs = self._run_fit(network, data, settings)
                _training.fill(history, self._names_with(validation), logs, first)
            else:
                self._fit_with_listeners(network, data, settings, callbacks, verbose)
        finally:
            self._fitting = outer
        return history

    def _prepared(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any = None
    ) -> tuple[_core.Network, Data]:
        """The network and the data as it takes them. A model that waits for data is built for
        these, and waits on where they do not fit.
        """
        waiting = None
        if self._sample is None:
            waiting = [layer for layer in self.layers if not layer.built]
        try:
            if waiting is not None:
                self._build_for(x)
            network = self._network or self._ready()
            return network, _training.check_data(self, x, y, sample_weight, class_weight)
        except (TypeError, ValueError):
            if waiting is not None:
                self._unbuild(waiting)
            raise

    def _take_legacy_fit(self, legacy: dict[str, Any], epochs: int) -> int:
        known = ("nb_epoch", "batch_size", "epochs", "validation_data", "validation_split")
        epochs = legacy.pop("nb_epoch", epochs)
        _refuse_legacy("fit", legacy, _IGNORED_BY_FIT, _REFUSED_BY_FIT, (*known, "bptt_steps"))
        return epochs

    def _add_validation(
        self, settings: dict[str, Any], validation: Data, batch_size: Any, freq: Any
    ) -> None:
        rows = validation.rows
        size = settings["batch_size"] if batch_size is None else batch_size
        settings["validation"] = validation[:3]
        if validation.lengths is not None:
            settings["validation_lengths"] = validation.lengths
        settings["validation_batch_size"] = _training.validation_size(self, size, rows)
        settings["validation_freq"] = _checks.whole(freq, "validation_freq")

    def _names_with(self, validation: Data | None) -> list[str]:
        if validation is None:
            return self._log_names
        return [*self._log_names, *(f"val_{name}" for name in self._log_names)]

    def _run_fit(
        self, network: _core.Network, data: Data, settings: dict[str, Any]
    ) -> list[list[float]]:
        try:
            logs = network.fit(data.x, data.y, data.weights, **settings)
        except ValueError as error:
            named = data.named()
            if "validation" in settings:
                lengths = settings.get("validation_lengths")
                held_out = Data._make((*settings["validation"], lengths))
                named |= held_out.named([f"validation_data[{k}]" for k in range(3)])
            _training.explain(self._with_names(error), named)
        if logs and logs[-1][0] != logs[-1][0]:
            self._warn_of_nan()
        return logs

    def _warn_of_nan(self) -> None:
        if not self._warned_of_nan:
            self._warned_of_nan = True
            warn(
                "the loss has become NaN: the weights are useless now. Try a smaller learning "
                "rate, clipnorm=1.0 in the optimizer, or scaled data",
                RuntimeWarning,
            )

    def _fit_with_listeners(
        self,
        network: _core.Network,
        data: Data,
        settings: dict[str, Any],
        callbacks: Any,
        verbose: Any,
    ) -> None:
        history = self.history
        assert history is not None
        last, first = settings["epochs"], settings["initial_epoch"]
        batches = -(-data.rows // settings["batch_size"])
        listening = CallbackList([callbacks, history], self, history.params)
        names = self._names_with(settings.get("validation"))
        shown = display(verbose, batches, last, first)
        hooks = Hooks(self, names, listening, shown)
        arguments = hooks.arguments()
        try:
            listening.on_train_begin({})
            logs = self._run_fit(network, data, {**settings, **arguments})
            if "on_epoch_end" not in arguments:
                _training.fill(history, names, logs, first)
            listening.on_train_end(hooks.last)
        finally:
            shown.close()

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
        bptt_steps: int | None = None,
    ) -> Any:
        """One update with all of the data as one batch; with bptt_steps one per segment.

        Args:
            x: as for fit().
            y: as for fit().
            sample_weight: as for fit().
            class_weight: as for fit().
            reset_metrics: accepted; the numbers are those of this batch.
            return_dict: True gives them by name.
            bptt_steps: as for fit().

        Returns:
            The loss before the update (of each segment: the mean), or a list of the loss and the
            metrics.
        """
        self._require_compiled("train_on_batch")
        network, data = self._prepared(x, y, sample_weight, class_weight)
        if self._stateful:
            _training.batch_size(self, data.rows, data.rows, "the batch")
        settings = data.options()
        if bptt_steps is not None:
            settings["bptt_steps"] = _checks.whole(bptt_steps, "bptt_steps")
        try:
            logs = network.train_on_batch(data.x, data.y, data.weights, **settings)
        except ValueError as error:
            _training.explain(self._with_names(error), data.named())
        if logs[0] != logs[0]:
            self._warn_of_nan()
        return self._returned(logs, return_dict)

    def _returned(self, logs: list[float], as_dict: bool) -> Any:
        if as_dict:
            return dict(zip(self._log_names, logs, strict=True))
        return logs if len(logs) > 1 else logs[0]

    # ---- testing -------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **legacy: Any,
    ) -> Any:
        """Loss and metrics on data, nothing trained. A stateful model carries its states on.

        Args:
            x: as for fit().
            y: as for fit().
            batch_size: as for fit().
            verbose: as for fit().
            sample_weight: as for fit().
            steps: not supported.
            callbacks: their on_test hooks are called.
            return_dict: True gives the numbers by name.
            **legacy: arguments of Keras that change nothing here, such as workers.

        Returns:
            The loss, or a list of the loss and the metrics.
        """
        _refuse_legacy("evaluate", {**legacy, "steps": steps}, _IGNORED_BY_FIT, ("steps",))
        self._require_compiled("evaluate")
        network, data = self._prepared(x, y, sample_weight)
        size = _training.batch_size(self, batch_size, data.rows)
        batches = -(-data.rows // size)
        listening = CallbackList(callbacks, self, {"verbose": verbose, "steps": batches})
        shown = display(verbose, batches)
        hooks = Hooks(self, self._log_names, listening, shown)
        try:
            listening.on_test_begin({})
            shown.epoch_begin(0)
            logs = self._run_evaluate(network, data, size, hooks.test_arguments())
            hooks.test_end(logs)
        finally:
            shown.close()
        return self._returned(logs, return_dict)

    def _run_evaluate(
        self, network: _core.Network, data: Data, size: int, hooks: dict[str, Any]
    ) -> list[float]:
        try:
            settings = {**data.options(), **hooks}
            return network.evaluate(data.x, data.y, data.weights, batch_size=size, **settings)
        except ValueError as error:
            _training.explain(error, data.named())

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """evaluate() with all of the data as one batch."""
        rows = self._rows(x)
        return self.evaluate(x, y, rows, 0, sample_weight=sample_weight, return_dict=return_dict)

    def _rows(self, x: Any) -> int | None:
        """How many samples there are; None where that is not to be seen yet."""
        x = _checks.unwrapped(x, self._sample or ())
        return (len(x) or None) if hasattr(x, "__len__") else None

    # ---- predicting ----------------------------------------------------------------------------

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: None = None,
        callbacks: Any = None,
        **legacy: Any,
    ) -> Any:
        """The model's outputs. A stateful model carries its states on.

        Args:
            x: [N, T, F] or what the first layer takes; sequences of different lengths as for fit().
            batch_size: as for fit().
            verbose: accepted; nothing is shown.
            steps: not supported.
            callbacks: their on_predict_begin and on_predict_end are called.
            **legacy: arguments of Keras that change nothing here, such as workers.

        Returns:
            [N, H] or [N, T, H], of the model's dtype. For sequences of different lengths [N, H] or
            a list of arrays [T, H], each with its own T.

        Raises:
            ValueError: the model is not built, or the data do not fit.
        """
        if steps is not None or legacy:
            _refuse_legacy("predict", {**legacy, "steps": steps}, _IGNORED_BY_FIT, ("steps",))
        network = self._network or self._ready()
        data, lengths = _training.check_input(self, x)
        size = _training.batch_size(self, batch_size, len(data if lengths is None else lengths))
        listening = CallbackList(callbacks, self, {"verbose": verbose}) if callbacks else None
        if listening is not None:
            listening.on_predict_begin({})
        try:
            if lengths is None:
                output = network.predict(data, batch_size=size)
            else:
                output = network.predict(data, batch_size=size, lengths=lengths)
        except ValueError as error:
            _training.explain(error, _training.named_rows("x", data, lengths))
        if listening is not None:
            listening.on_predict_end({})
        if lengths is not None and len(self._output) > 1:
            return _ragged.pieces(output, lengths)
        return output

    def __call__(self, x: Any, training: bool = False) -> Any:
        """predict() with all of x as one batch.

        Raises ValueError for training=True: dropout is on in fit() only.
        """
        if training:
            raise ValueError("model(x, training=True) is not supported; call a layer, or fit")
        return self.predict_on_batch(x)

    def predict_on_batch(self, x: Any) -> Any:
        """predict() with all of x as one batch."""
        return self.predict(x, batch_size=self._rows(x))

    def step(self, x: Any) -> Array:
        """One time step through all layers; every recurrent layer carries its state to the next
        call, stateful or not.

        Args:
            x: [B, F], one step of each of B sequences. B stays the same until reset_states().

        Returns:
            [B, H].

        Raises:
            ValueError: a layer needs the whole sequence (go_backwards, Bidirectional), the model
                takes ids, B differs from the call before, or x does not fit.
        """
        network = self._network or self._ready()
        sample = self._sample or ()
        if len(sample) != 2:
            raise ValueError(
                f"step: expected a model with input (samples, time steps, features), this one "
                f"takes {_checks.text(sample)}"
            )
        data = _checks.step_inputs(x, sample[1], self._array_dtype)
        try:
            return network.step(data)
        except ValueError as error:
            _training.explain(self._with_names(error), {"x": data})

    def _with_names(self, error: ValueError) -> ValueError:
        """The core numbers the layers."""

        def name(match: re.Match[str]) -> str:
            layer = self.layers[int(match[1])]
            return f"layer {layer.name!r} ({type(layer).__name__})"

        return ValueError(re.sub(r"\blayer (\d+)", name, str(error)))


# ---- arguments ---------------------------------------------------------------------------------


def _refuse_legacy(
    verb: str,
    given: Mapping[str, Any],
    ignored: Sequence[str],
    refused: Sequence[str],
    known: Sequence[str] = (),
) -> None:
    for name, value in given.items():
        if name in ignored:
            continue
        if name not in refused:
            near = suggest(name, [*known, *ignored, *refused])
            raise TypeError(f"{verb}: unknown argument {name!r}.{near}")
        if value is not None and value != []:
            raise ValueError(f"{verb}: {name}={value!r} is not supported")


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
