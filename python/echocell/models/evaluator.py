"""Predictions and tests: whole sequences at a time, or one time step after the other.

Letters of the shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell._common import scalars
from echocell._common.keras_arguments import EVALUATE, PREDICT, PredictArguments
from echocell._common.progress import display
from echocell._common.typing import Verbose
from echocell._data import arrays, samples, sequences
from echocell.callbacks import CallbackList
from echocell.callbacks.callback import Callbacks
from echocell.layers.layer import joined_traces
from echocell.models import fitting, hooks, specs
from echocell.models.graph import Graph
from echocell.models.hooks import Hooks

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class Evaluator:
    """The methods of a model that compute outputs and train nothing."""

    graph: Graph

    @overload
    def predict(
        self,
        x: NDArray[Any],
        batch_size: int | None = ...,
        verbose: Verbose = ...,
        steps: None = ...,
        callbacks: Callbacks | None = ...,
        **others: Unpack[PredictArguments],
    ) -> Array: ...

    @overload
    def predict(
        self,
        x: ArrayLike,
        batch_size: int | None = ...,
        verbose: Verbose = ...,
        steps: None = ...,
        callbacks: Callbacks | None = ...,
        **others: Unpack[PredictArguments],
    ) -> Any: ...

    def predict(
        self,
        x: ArrayLike,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: None = None,
        callbacks: Callbacks | None = None,
        **others: Unpack[PredictArguments],
    ) -> Any:
        """The model's outputs. A stateful model carries its states on.

        Args:
            x: [N, T, F] or what the first layer takes; sequences of different lengths as for fit().
            batch_size: as for fit().
            verbose: accepted; nothing is shown.
            steps: not supported.
            callbacks: their on_predict_begin, on_predict_batch_begin, on_predict_batch_end (with
                the batch's "outputs" in the logs) and on_predict_end are called.
            **others: Keras's further arguments that change nothing, such as workers.

        Returns:
            [N, H] or [N, T, H], of the model's dtype. For sequences of different lengths an array,
            too, where the output's time steps are not those of the input; else a list of arrays
            [T, H], each with its own T.

        Raises:
            ValueError: the data do not fit.
        """
        graph = self.graph
        if graph.network is not None and steps is None and not callbacks and not others:
            outputs = graph.network.quick_predict(x, specs.quick_batch(graph, batch_size))
            if outputs is not None:
                return outputs
        arrays.refuse_streams(x, "predict: x")
        if steps is not None or others:
            PREDICT.check("predict", {**others, "steps": steps}, self.predict)
        return self._predict(x, batch_size, verbose, callbacks)

    # Apart from predict(), whose quick calls would pay for the closures.
    def _predict(
        self, x: ArrayLike, batch_size: int | None, verbose: Verbose, callbacks: Callbacks | None
    ) -> Any:
        graph = self.graph
        network, inputs = graph.prepared(
            x, lambda: samples.check_input(specs.input_spec(graph), x), samples.named_inputs
        )
        data, lengths = inputs
        rows = len(data if lengths is None else lengths)
        size = specs.batch_size(graph, batch_size, rows)
        settings: dict[str, Any] = {"batch_size": size}
        if lengths is not None:
            settings["lengths"] = lengths

        def arranged(outputs: Array) -> Any:
            if lengths is None or not network.timed_output:
                return outputs
            return sequences.pieces(outputs, lengths)

        listening = None
        if callbacks:
            network.require_open()
            params = {"verbose": verbose, "steps": -(-rows // size)}
            listening = CallbackList(callbacks, self, params)
            settings["hooks"] = hooks.of_predict(
                listening, lambda all_of_them, k: arranged(all_of_them)[k * size : (k + 1) * size]
            )
            listening.on_predict_begin({})
        try:
            output = network.predict(data, **settings)
        except ValueError as error:
            arrays.explain(error, samples.named_inputs(inputs), network.dtype)
        if listening is not None:
            listening.on_predict_end({})
        return arranged(output)

    def __call__(self, x: ArrayLike, training: bool = False) -> Any:
        """predict() with all of x as one batch.

        Raises ValueError for training=True: dropout is on in fit() only.
        """
        if training:
            raise ValueError("model(x, training=True) is not supported; call a layer, or fit")
        return self.predict_on_batch(x)

    def predict_on_batch(self, x: ArrayLike) -> Any:
        """predict() with all of x as one batch."""
        return self.predict(x, batch_size=specs.rows(self.graph, x))

    def step(self, x: ArrayLike) -> Array:
        """One time step through all layers; every recurrent layer carries its state to the next
        call, stateful or not.

        After so many steps the outputs are those of predict() for the sequences so far, and the
        states too. Where a step is masked (Masking, Embedding with mask_zero), the states stand
        still and a recurrent layer puts out its state h again.

        Args:
            x: [B, F], one step of each of B sequences; for a model that begins with an Embedding
                the ids of one step, [B] or [B, 1]. B stays the same until reset_states().

        Returns:
            [B, H].

        Raises:
            ValueError: a layer needs the whole sequence (go_backwards, Bidirectional), B differs
                from the call before, or x does not fit; the states are as before.
        """
        graph = self.graph
        network = graph.network
        if network is not None:
            output = network.quick_step(x)
            if output is not None:
                return output
        network, data = graph.prepared(
            x if graph.sample is not None else _as_sequence(x),
            lambda: samples.check_step(specs.input_spec(graph), x),
            lambda step: {"x": step},
        )
        try:
            return network.step(data)
        except ValueError as error:
            arrays.explain(error, {"x": data}, network.dtype)

    def trace(self, x: ArrayLike, layer: int | str | None = None) -> dict[str, Any]:
        """Every gate and state of one layer over time, for inputs of the model.

        The layers in front of it run first, their masks included. All states begin at zero, also
        those of stateful layers, and dropout is off. Nothing is changed.

        Args:
            x: [B, T, F] or what the first layer takes; sequences of different lengths as for fit().
            layer: number or name of the layer. Default None: the first recurrent layer.

        Returns:
            As layer.trace() gives it for the layer's own input: name to [B, T, H], in the order of
            the computation (LSTM: i, f, g, o, c, h). For sequences of different lengths name to a
            list of [T, H], each with its own T.

        Raises:
            TypeError, ValueError: x does not fit, or there is no such layer or no recurrent one.
        """
        graph, number = self.graph, self._traced_layer(layer)
        network, inputs = graph.prepared(
            x, lambda: samples.check_input(specs.input_spec(graph), x), samples.named_inputs
        )
        data, lengths = inputs
        rows = [data]
        if lengths is not None:
            rows = [row[np.newaxis] for row in sequences.pieces(data, lengths)]
        try:
            traces = [network.trace_layer(number, row, from_input=True) for row in rows]
        except ValueError as error:
            arrays.explain(error, samples.named_inputs(inputs), network.dtype)
        return traces[0] if lengths is None else joined_traces(traces)

    def _traced_layer(self, given: int | str | None) -> int:
        """The number of the layer; None: that of the first recurrent layer."""
        layers = self.graph.layers
        if given is None:
            recurrent = self.graph.state_layers()
            if not recurrent:
                raise ValueError(
                    "trace: expected a model with a recurrent layer, this one has none"
                )
            return layers.index(recurrent[0])
        if isinstance(given, str):
            return layers.index(self.graph.layer(name=given))
        index = scalars.whole(given, "trace: layer", least=-len(layers))
        return layers.index(self.graph.layer(index=index))

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
        graph = self.graph
        arrays.refuse_streams(x, "evaluate: x")
        EVALUATE.check("evaluate", {**others, "steps": steps}, self.evaluate)
        graph.require_loss("evaluate")
        network, data = fitting.prepared(graph, x, y, sample_weight)
        size = specs.batch_size(graph, batch_size, data.rows)
        number = -(-data.rows // size)
        listening = CallbackList(callbacks, self, {"verbose": verbose, "steps": number})
        shown = display(verbose, number)
        reporting = Hooks(
            graph.log_names, listening, shown, lambda: False
        )  # a test goes to its end
        settings = {**data.options(), "batch_size": size, "hooks": reporting.of_evaluate()}
        try:
            listening.on_test_begin({})
            shown.epoch_begin(0)
            try:
                logs = network.evaluate(data.x, data.y, data.weights, **settings)
            except ValueError as error:
                arrays.explain(error, data.named(), network.dtype)
            reporting.evaluated(logs)
        finally:
            shown.close()
        return fitting.returned(graph, logs, return_dict)

    def test_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """evaluate() with all of the data as one batch; reset_metrics as for train_on_batch()."""
        fitting.refuse_running_metrics("test_on_batch", reset_metrics)
        rows = specs.rows(self.graph, x)
        return self.evaluate(x, y, rows, 0, sample_weight=sample_weight, return_dict=return_dict)


def _as_sequence(x: Any) -> Array:
    """One time step [B, F] as sequences of one step, [B, 1, F]."""
    array = arrays.as_array(x, "x")
    return array[:, None] if array.ndim else array
