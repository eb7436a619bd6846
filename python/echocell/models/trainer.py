"""Training: compile, fit, single updates and gradients.

Legend of shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike, NDArray

from echocell import _core
from echocell._common import scalars
from echocell._common.keras_arguments import (
    COMPILE,
    FIT,
    CompileArguments,
    FitArguments,
)
from echocell._common.progress import display
from echocell._common.typing import Identifier, Verbose
from echocell._data import arrays, batches, samples
from echocell._data.samples import Data
from echocell.callbacks import CallbackList, History
from echocell.callbacks.callback import Callbacks
from echocell.metrics import Metric
from echocell.models import compiling, fitting, specs
from echocell.models.compiling import Metrics
from echocell.models.fitting import Loops
from echocell.models.graph import Graph
from echocell.models.hooks import Hooks
from echocell.optimizers import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class Trainer:
    """The methods of a model that train it."""

    graph: Graph
    history: History | None = None
    stop_training = False

    # ---- compiling -----------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Optimizer | Identifier = "rmsprop",
        loss: Identifier | Sequence[Identifier] | None = None,
        metrics: Metrics | None = None,
        loss_weights: None = None,
        **others: Unpack[CompileArguments],
    ) -> None:
        """Sets how the model is trained. A new optimizer starts with empty slots.

        Args:
            optimizer: name or object. Default "rmsprop".
            loss: name or object. Default None: the model can predict, but not train.
            metrics: list of names or objects, for the history and evaluate.
            loss_weights: only None is accepted, since there is one loss.
            **others: further arguments of Keras that have no effect, such as run_eagerly.

        Raises:
            TypeError, ValueError: an unknown argument, name or object; the settings are unchanged
                then.
        """
        COMPILE.check("compile", {**others, "loss_weights": loss_weights}, self.compile)
        self.graph.compile(compiling.compiled(optimizer, loss, metrics))

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer. Its learning_rate can be set at any time; during fit only by callbacks."""
        return None if self.graph.compiled is None else self.graph.compiled.optimizer

    @property
    def loss(self) -> Any:
        """The loss as given to compile()."""
        return None if self.graph.compiled is None else self.graph.compiled.given_loss

    @property
    def metrics(self) -> list[Metric]:
        """The metrics as objects."""
        return list(self.graph.metrics)

    @property
    def metrics_names(self) -> list[str]:
        """Names of the results of evaluate(): "loss", then the metrics."""
        return list(self.graph.log_names)

    # ---- training ------------------------------------------------------------------------------

    def fit(
        self,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Callbacks | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[ArrayLike | None] | None = None,
        shuffle: bool | Literal["batch"] = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
        bptt_steps: int | None = None,
        **others: Unpack[FitArguments],
    ) -> History:
        """Trains the model.

        Truncated backpropagation through time: with bptt_steps=k every batch is processed in
        segments of k time steps. The states of all recurrent layers are carried from segment to
        segment, gradients are not, so that memory and the reach of the gradients depend on k
        instead of T. A batch starts with zero states (a stateful layer with its carried states) and
        discards its states at the end (a stateful layer keeps them).

        - Output at every step: one update per segment, with the targets, weights and masks of its
          steps. The loss of a batch is the mean over its steps.
        - Output at the end only: the last k steps are trained, in one update; the preceding
          segments only compute the states.

        Rows that the first layer masks are processed without their masked steps, like a list of
        sequences of different lengths: all start in the first segment, or, if only the end is
        trained, all end in the last one. If k does not divide T, one segment is shorter: the last,
        or, if only the end is trained, the first. Dropout draws new masks for every segment. k >= T
        is the same as None. Validation is processed likewise. Sources: Williams and Peng, An
        efficient gradient-based algorithm for on-line training of recurrent network trajectories,
        Neural Computation 2(4), 1990, BPTT(h; h') with h = h' = k; Sutskever, Training recurrent
        neural networks, thesis, 2013, truncated BPTT with k1 = k2 = k.

        Sequences of different lengths give the same results as sequences padded at the end with a
        mask: the padding affects no result, loss or metric. A batch is padded to its longest
        sequence, so batches of similar lengths (shuffle=False on sorted data) are the fastest. A
        list of sequences of equal lengths is the same as an array. If the model has an output at
        every step of its input, y is a list of [T, ...] as well; otherwise, as for an encoder and a
        decoder, y is an array.

        Args:
            x: [N, T, F] or the input of the first layer; sequences of different lengths as a list
                of N arrays [T, F], each with its own T.
            y: targets in the shape of the output; [N] for [N, 1]; class numbers for the sparse
                loss.
            batch_size: default: that of the model, else that of the carried states, else 32.
            epochs: the number of the last epoch; 0 trains nothing. Default 1.
            verbose: 0 shows nothing, 1 or "auto" a bar, 2 Keras's lines.
            callbacks: one or a list.
            validation_split: fraction of the samples, taken from the end, that is used for
                validation. Default 0.
            validation_data: (x, y) or (x, y, sample_weight). Default None.
            shuffle: True shuffles the samples in every epoch; "batch" shuffles whole batches of
                consecutive samples. With a stateful model and several batches it warns, once; with
                one batch the rows stay with their states. Default True.
            class_weight: {class: weight}; other classes have weight 1.
            sample_weight: [N] or, for outputs at every step, [N, T] or a list of [T].
            initial_epoch: the number of the first epoch, counted from 0.
            validation_batch_size: default: batch_size.
            validation_freq: number of epochs between validations, or a list of epochs, counted from
                1.
            bptt_steps: k, the maximum number of steps that gradients flow back. Default None: all.
            **others: nb_epoch, the older name of epochs; further arguments of Keras that have no
                effect, such as workers.

        Returns:
            History: `.history` maps "loss", metrics, "val_loss", ... to one number per epoch.

        Raises:
            TypeError, ValueError: the data do not fit, or bptt_steps is given and a layer needs the
                whole sequence (Bidirectional, go_backwards, Flatten, ...). The message says what
                was expected and received; weights and states are unchanged.
            KeyboardInterrupt: after Ctrl-C, between or within batches. The interrupted batch (with
                bptt_steps: segment) has no effect; the model remains usable.
        """
        graph = self.graph
        if (
            verbose == 0
            and graph.network is not None
            and not (callbacks or others or validation_split or initial_epoch)
            and validation_data is None
            and class_weight is None
            and sample_weight is None
            and bptt_steps is None
        ):
            batch = specs.quick_batch(graph, batch_size)
            logs = graph.network.quick_fit(x, y, batch, epochs, shuffle)
            if logs is not None:
                steps = -(-len(x) // batch)  # type: ignore[arg-type]  # the core takes arrays
                history = self._new_history(verbose, epochs, steps)
                self._record(history, graph.log_names, logs, 0)
                return history
        graph.require_loss("fit")
        arrays.refuse_streams(x, "fit: x")
        if others:
            epochs = others.pop("nb_epoch", epochs)
            FIT.check("fit", others, self.fit)
        network, data = fitting.prepared(graph, x, y, sample_weight, class_weight)
        last, first = batches.epochs_of(epochs, initial_epoch)
        validation = None
        if validation_data is not None:
            validation = fitting.validation(graph, validation_data)
        elif validation_split:
            whole_batches = (batch_size or graph.batch) if graph.stateful else None
            data, validation = samples.split(data, validation_split, whole_batches)
        rows = data.rows
        size = specs.batch_size(graph, batch_size, rows)
        order = batches.check_shuffle(
            specs.input_spec(graph), shuffle, rows, size, graph.warn_once.about("shuffle")
        )
        loops = (size, last, order)
        settings = data.options()
        if first:
            settings["initial_epoch"] = first
        if bptt_steps is not None:
            settings["bptt_steps"] = scalars.whole(bptt_steps, "bptt_steps")
        if validation is not None:
            settings |= fitting.validation_settings(
                graph, validation, size, validation_batch_size, validation_freq
            )
        history = self._new_history(verbose, last, -(-rows // size))
        outer, graph.fitting = graph.fitting, True  # a callback may call fit too
        try:
            if verbose == 0 and not callbacks:
                logs = fitting.run(network, data, loops, settings)
                self._record(history, fitting.log_names(graph, validation is not None), logs, first)
            else:
                self._fit_with_listeners(network, data, loops, settings, callbacks, verbose)
        finally:
            graph.fitting = outer
        return history

    def _new_history(self, verbose: Any, epochs: int, steps: int) -> History:
        self.stop_training = False
        self.history = history = History()
        history.model = self
        history.params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        return history

    def _record(
        self, history: History, names: Sequence[str], logs: list[list[float]], first: int
    ) -> None:
        """Records the logs of a fit in which no hook was used."""
        history.fill(names, logs, first)
        fitting.warn_of_nan(self.graph, logs[-1] if logs else ())

    def _is_stopped(self) -> bool:
        return bool(self.stop_training)

    def _fit_with_listeners(
        self,
        network: _core.Network,
        data: Data,
        loops: Loops,
        settings: dict[str, Any],
        callbacks: Any,
        verbose: Any,
    ) -> None:
        history = self.history
        assert history is not None
        size, last, _ = loops
        first = settings.get("initial_epoch", 0)
        batches = -(-data.rows // size)
        listening = CallbackList([callbacks, history], self, history.params)
        names = fitting.log_names(self.graph, "validation" in settings)
        shown = display(verbose, batches, last, first)
        hooks = Hooks(names, listening, shown, self._is_stopped)
        listeners = hooks.of_fit()
        try:
            listening.on_train_begin({})
            logs = fitting.run(network, data, loops, {**settings, "hooks": listeners})
            if "epoch_end" not in listeners:
                self._record(history, names, logs, first)
            else:
                fitting.warn_of_nan(self.graph, logs[-1] if logs else ())
            shown.complete()
            listening.on_train_end(hooks.last)
        finally:
            shown.close()

    def train_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
        bptt_steps: int | None = None,
    ) -> Any:
        """Runs one update with all of the data as one batch; with bptt_steps one update per
        segment.

        Args:
            x: as for fit().
            y: as for fit().
            sample_weight: as for fit().
            class_weight: as for fit().
            reset_metrics: only True is accepted: the numbers are those of this batch.
            return_dict: whether to return the numbers by name. Default False.
            bptt_steps: as for fit().

        Returns:
            The loss before the update (with segments: the mean), or a list of the loss and the
            metrics.

        Raises:
            TypeError, ValueError: the data do not fit.
        """
        graph = self.graph
        if (
            graph.network is not None
            and sample_weight is None
            and class_weight is None
            and bptt_steps is None
            and reset_metrics
            and (not graph.stateful or graph.batch in (None, specs.rows(graph, x)))
        ):
            quick = graph.network.quick_train(x, y)
            if quick is not None:
                fitting.warn_of_nan(graph, quick)
                return fitting.returned(graph, quick, return_dict)
        fitting.refuse_running_metrics("train_on_batch", reset_metrics)
        graph.require_loss("train_on_batch")
        network, data = fitting.prepared(graph, x, y, sample_weight, class_weight)
        if graph.stateful:
            specs.batch_size(graph, data.rows, data.rows, "the batch")
        settings = data.options()
        if bptt_steps is not None:
            settings["bptt_steps"] = scalars.whole(bptt_steps, "bptt_steps")
        try:
            logs = network.train_on_batch(data.x, data.y, data.weights, **settings)
        except ValueError as error:
            arrays.explain(error, data.named(), network.dtype)
        fitting.warn_of_nan(graph, logs)
        return fitting.returned(graph, logs, return_dict)

    def gradients(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, list[Array], Array]:
        """Returns the loss of all of the data as one batch, and its gradients.

        Nothing is updated, dropout is off, and the states of a stateful model are unchanged.

        Args:
            x: [B, T, F] or the input of the first layer.
            y: as for fit().
            sample_weight: as for fit().

        Returns:
            The loss, including penalties; its gradients with respect to the weights, in the order
            and the shapes of get_weights() and before clipping, also of weights that are not
            trainable; and its gradient with respect to x, in the shape of x, 0 for the ids of an
            Embedding.

        Raises:
            ValueError: the model is not built or not compiled, the data do not fit, or the
                sequences differ in length.
        """
        graph = self.graph
        graph.require_loss("gradients")
        network, data = fitting.prepared(graph, x, y, sample_weight)
        if data.lengths is not None:
            raise ValueError(
                "gradients: expected one array, received sequences of different lengths; pad them "
                "and begin the model with Masking"
            )
        if graph.stateful:
            specs.batch_size(graph, data.rows, data.rows, "the batch")
        try:
            loss, layers, dx = network.gradients(data.x, data.y, data.weights)
        except ValueError as error:
            arrays.explain(error, data.named(), network.dtype)
        fitting.warn_of_nan(graph, [loss])
        return loss, [gradient for layer in layers for gradient in layer], dx
