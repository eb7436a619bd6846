"""Training and testing: the verbs of a model that need targets.

Letters of the shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from numpy.typing import ArrayLike, NDArray

from echocell import _core
from echocell._common import scalars
from echocell._common.keras_arguments import EVALUATE, FIT, FitArguments, PredictArguments
from echocell._common.progress import display
from echocell._common.typing import Callbacks, Verbose
from echocell._common.warning import warn
from echocell._data import arrays
from echocell.callbacks import CallbackList, History
from echocell.layers.layer import Layer
from echocell.models import training
from echocell.models.compiling import Compilable
from echocell.models.hooks import Hooks
from echocell.models.training import Data

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class Trainer(Compilable):
    """A stack of layers that can be compiled, trained, tested and asked."""

    def __init__(
        self,
        layers: Iterable[Layer] | Layer | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._warned_of_shuffle = False
        self._warned_of_nan = False
        self._warned_of_sums = False
        self.history: History | None = None
        self.stop_training = False
        super().__init__(layers, name, dtype, trainable)

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

        Rows that are padded and masked by the first layer are walked without their masked steps, as
        a list of sequences of different lengths is: all begin in the first segment, or, where only
        the end is trained, all end in the last.

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
        step of its input, y is a list of [T, ...], too; else, as with an encoder and a decoder, an
        array.

        Args:
            x: [N, T, F] or what the first layer takes; sequences of different lengths as a list of
                N arrays [T, F], each with its own T.
            y: targets in the shape of the output; [N] for [N, 1]; class numbers for the sparse
                loss.
            batch_size: default: the model's, else that of the carried states, else 32.
            epochs: the number of the last epoch; 0 trains nothing.
            verbose: 0 nothing, 1 or "auto" a bar, 2 Keras's lines.
            callbacks: one or a list.
            validation_split: the last share of the samples is kept to validate with.
            validation_data: (x, y) or (x, y, sample_weight).
            shuffle: draw the order anew in every epoch; "batch" draws the order of the batches,
                whose samples follow each other in x. On a stateful model it warns, once, where
                there are several batches; with one batch the rows stay with their states.
            class_weight: {class: weight}; classes that are not named weigh 1.
            sample_weight: [N] or, for outputs at every step, [N, T] or a list of [T].
            initial_epoch: the number of the first epoch, from 0.
            validation_batch_size: default: batch_size.
            validation_freq: validate after every so many epochs, or after those of a list, counted
                from 1.
            bptt_steps: k, the steps that gradients go back at most. Default None: all.
            **others: nb_epoch, the older name of epochs; Keras's further arguments that change
                nothing, such as workers.

        Returns:
            History: `.history` maps "loss", metrics, "val_loss", ... to one number per epoch.

        Raises:
            TypeError, ValueError: the data do not fit; says what was expected and what came.
                Weights and states are as before. So where bptt_steps is given and a layer needs
                the whole sequence (Bidirectional, go_backwards, Flatten, ...).
            KeyboardInterrupt: after Ctrl-C, between batches or within one (with bptt_steps: a
                segment), whose update is then left out; the model is usable.
        """
        if (
            verbose == 0
            and self._network is not None
            and not (callbacks or others or validation_split or initial_epoch)
            and validation_data is None
            and class_weight is None
            and sample_weight is None
            and bptt_steps is None
        ):
            batch = self._small_batch(batch_size)
            logs = self._network.small_fit(x, y, batch, epochs, shuffle)
            if logs is not None:
                steps = -(-len(x) // batch)  # type: ignore[arg-type]  # the core takes arrays
                history = self._new_history(verbose, epochs, steps)
                self._record(history, self._log_names, logs, 0)
                return history
        self._require_loss("fit")
        arrays.refuse_streams(x, "fit: x")
        if others:
            epochs = others.pop("nb_epoch", epochs)
            FIT.check("fit", others, self.fit)
        network, data = self._prepared(x, y, sample_weight, class_weight)
        last, first = training.epochs_of(epochs, initial_epoch)
        validation = None
        if validation_data is not None:
            validation = training.check_validation(self, validation_data)
        elif validation_split:
            whole_batches = (batch_size or self._batch) if self._stateful else None
            data, validation = training.split(data, validation_split, whole_batches)
        rows = data.rows
        size = training.batch_size(self, batch_size, rows)
        settings: dict[str, Any] = {
            "batch_size": size,
            "epochs": last,
            "initial_epoch": first,
            "shuffle": training.check_shuffle(self, shuffle, rows, size),
        }
        if data.lengths is not None:
            settings["lengths"] = data.lengths
        if bptt_steps is not None:
            settings["bptt_steps"] = scalars.whole(bptt_steps, "bptt_steps")
        if validation is not None:
            self._add_validation(settings, validation, validation_batch_size, validation_freq)
        history = self._new_history(verbose, last, -(-rows // size))
        outer, self._fitting = self._fitting, True  # a callback may train, too
        try:
            if verbose == 0 and not callbacks:
                logs = self._run_fit(network, data, settings)
                self._record(history, self._names_with(validation), logs, first)
            else:
                self._fit_with_listeners(network, data, settings, callbacks, verbose)
        finally:
            self._fitting = outer
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
        """Writes what fit gave where nobody listened to its epochs."""
        training.fill(history, names, logs, first)
        self._look_for_nan(logs[-1] if logs else ())

    def _prepared(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any = None
    ) -> tuple[_core.Network, Data]:
        """The network and the data as it takes them."""

        def checked() -> Data:
            self._ready().require_open()
            return training.check_data(self, x, y, sample_weight, class_weight)

        return self._network_for(x, checked)

    def _add_validation(
        self, settings: dict[str, Any], validation: Data, batch_size: Any, freq: Any
    ) -> None:
        rows = validation.rows
        size = settings["batch_size"] if batch_size is None else batch_size
        settings["validation"] = validation[:3]
        if validation.lengths is not None:
            settings["validation_lengths"] = validation.lengths
        settings["validation_batch_size"] = training.validation_size(self, size, rows)
        settings["validation_freq"] = training.validation_epochs(freq)

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
            training.explain(self._with_names(error), named)
        return logs

    def _look_for_nan(self, logs: Sequence[float]) -> None:
        if logs and logs[0] != logs[0] and not self._warned_of_nan:
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
        listeners = hooks.of_fit()
        try:
            listening.on_train_begin({})
            logs = self._run_fit(network, data, {**settings, "hooks": listeners})
            if "epoch_end" not in listeners:
                self._record(history, names, logs, first)
            else:
                self._look_for_nan(logs[-1] if logs else ())
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
        """One update with all of the data as one batch; with bptt_steps one per segment.

        Args:
            x: as for fit().
            y: as for fit().
            sample_weight: as for fit().
            class_weight: as for fit().
            reset_metrics: True alone: the numbers are those of this batch.
            return_dict: True gives them by name.
            bptt_steps: as for fit().

        Returns:
            The loss before the update (of each segment: the mean), or a list of the loss and the
            metrics.
        """
        if (
            self._network is not None
            and sample_weight is None
            and class_weight is None
            and bptt_steps is None
            and reset_metrics
            and (not self._stateful or self._batch in (None, self._rows(x)))
        ):
            small = self._network.small_train(x, y)
            if small is not None:
                return self._trained(small, return_dict)
        _refuse_running_metrics("train_on_batch", reset_metrics)
        self._require_loss("train_on_batch")
        network, data = self._prepared(x, y, sample_weight, class_weight)
        if self._stateful:
            training.batch_size(self, data.rows, data.rows, "the batch")
        settings = data.options()
        if bptt_steps is not None:
            settings["bptt_steps"] = scalars.whole(bptt_steps, "bptt_steps")
        try:
            logs = network.train_on_batch(data.x, data.y, data.weights, **settings)
        except ValueError as error:
            training.explain(self._with_names(error), data.named())
        return self._trained(logs, return_dict)

    def _trained(self, logs: list[float], as_dict: bool) -> Any:
        self._look_for_nan(logs)
        return self._returned(logs, as_dict)

    def _returned(self, logs: list[float], as_dict: bool) -> Any:
        if as_dict:
            return dict(zip(self._log_names, logs, strict=True))
        return logs if len(logs) > 1 else logs[0]

    def gradients(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, list[Array], Array]:
        """The loss of all of the data as one batch, and its gradients. Nothing is trained, dropout
        is off, and the states of a stateful model stay what they are.

        Args:
            x: [B, T, F] or what the first layer takes.
            y: as for fit().
            sample_weight: as for fit().

        Returns:
            The loss, penalties included; its gradients by the weights, in the order and the shapes
            of get_weights() and before any clipping; its gradients by x, in the shape of x. Weights
            that are not trained have theirs, too; the ids of an Embedding have none: 0.

        Raises:
            ValueError: the model is not built or not compiled, the data do not fit, or the
                sequences differ in length.
        """
        self._require_loss("gradients")
        network, data = self._prepared(x, y, sample_weight)
        if data.lengths is not None:
            raise ValueError(
                "gradients: expected one array, received sequences of different lengths; pad them "
                "and begin the model with Masking"
            )
        if self._stateful:
            training.batch_size(self, data.rows, data.rows, "the batch")
        try:
            loss, layers, dx = network.gradients(data.x, data.y, data.weights)
        except ValueError as error:
            training.explain(self._with_names(error), data.named())
        self._look_for_nan([loss])
        return loss, [gradient for layer in layers for gradient in layer], dx

    # ---- testing -------------------------------------------------------------------------------

    @overload
    def evaluate(
        self,
        x: ArrayLike | None = ...,
        y: ArrayLike | None = ...,
        batch_size: int | None = ...,
        verbose: Verbose = ...,
        sample_weight: ArrayLike | None = ...,
        steps: None = ...,
        callbacks: Callbacks | None = ...,
        *,
        return_dict: Literal[True],
        **others: Unpack[PredictArguments],
    ) -> dict[str, float]: ...

    @overload
    def evaluate(
        self,
        x: ArrayLike | None = ...,
        y: ArrayLike | None = ...,
        batch_size: int | None = ...,
        verbose: Verbose = ...,
        sample_weight: ArrayLike | None = ...,
        steps: None = ...,
        callbacks: Callbacks | None = ...,
        return_dict: bool = ...,
        **others: Unpack[PredictArguments],
    ) -> Any: ...

    def evaluate(
        self,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: ArrayLike | None = None,
        steps: None = None,
        callbacks: Callbacks | None = None,
        return_dict: bool = False,
        **others: Unpack[PredictArguments],
    ) -> Any:
        """Loss and metrics on data, nothing trained. A stateful model carries its states on.

        Args:
            x: as for fit().
            y: as for fit().
            batch_size: as for fit().
            verbose: as for fit().
            sample_weight: as for fit().
            steps: not supported.
            callbacks: their on_test_begin, on_test_batch_begin, on_test_batch_end and on_test_end
                are called.
            return_dict: True gives the numbers by name.
            **others: Keras's further arguments that change nothing, such as workers.

        Returns:
            The loss, or a list of the loss and the metrics.
        """
        arrays.refuse_streams(x, "evaluate: x")
        EVALUATE.check("evaluate", {**others, "steps": steps}, self.evaluate)
        self._require_loss("evaluate")
        network, data = self._prepared(x, y, sample_weight)
        size = training.batch_size(self, batch_size, data.rows)
        batches = -(-data.rows // size)
        listening = CallbackList(callbacks, self, {"verbose": verbose, "steps": batches})
        shown = display(verbose, batches)
        hooks = Hooks(self, self._log_names, listening, shown)
        try:
            listening.on_test_begin({})
            shown.epoch_begin(0)
            logs = self._run_evaluate(network, data, size, hooks.of_evaluate())
            hooks.evaluated(logs)
        finally:
            shown.close()
        return self._returned(logs, return_dict)

    def _run_evaluate(
        self, network: _core.Network, data: Data, size: int, hooks: dict[str, Any]
    ) -> list[float]:
        try:
            settings = {**data.options(), "batch_size": size, "hooks": hooks}
            return network.evaluate(data.x, data.y, data.weights, **settings)
        except ValueError as error:
            training.explain(error, data.named())

    def test_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """evaluate() with all of the data as one batch; reset_metrics as for train_on_batch()."""
        _refuse_running_metrics("test_on_batch", reset_metrics)
        rows = self._rows(x)
        return self.evaluate(x, y, rows, 0, sample_weight=sample_weight, return_dict=return_dict)


def _refuse_running_metrics(verb: str, reset_metrics: bool) -> None:
    if not reset_metrics:
        raise ValueError(
            f"{verb}: reset_metrics={reset_metrics!r} is not supported: the numbers are always "
            "those of this batch alone"
        )
