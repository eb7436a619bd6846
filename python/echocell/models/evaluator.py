"""Predictions and tests, for whole sequences or one time step at a time.

Legend of shapes: N samples, B batch, T time steps, F features, H outputs.
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
    """The methods of a model that compute outputs without training."""

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
        """Returns the model's outputs. A stateful model carries its states to the next call.

        Args:
            x: [N, T, F] or the input of the first layer; sequences of different lengths as for
                fit().
            batch_size: as for fit().
            verbose: accepted; nothing is shown.
            steps: not supported.
            callbacks: their on_predict_begin, on_predict_batch_begin, on_predict_batch_end (with
                the batch's "outputs" in the logs) and on_predict_end are called.
            **others: further arguments of Keras that have no effect, such as workers.

        Returns:
            [N, H] or [N, T, H], of the model's dtype. For sequences of different lengths, a list of
            arrays [T, H] if there is an output at every time step of the input, else an array.

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

    # Separate from predict(), whose fast path would pay for creating the closures.
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
        """Same as predict() with all of x as one batch.

        Raises:
            ValueError: for training=True, because dropout is applied in fit() only.
        """
        if training:
            raise ValueError("model(x, training=True) is not supported; call a layer, or fit")
        return self.predict_on_batch(x)

    def predict_on_batch(self, x: ArrayLike) -> Any:
        """Same as predict() with all of x as one batch."""
        return self.predict(x, batch_size=specs.rows(self.graph, x))

    def step(self, x: ArrayLike) -> Array:
        """Runs one time step through all layers; recurrent layers carry their states to the next
        call.

        States are carried whether the layers are stateful or not. Outputs and states equal those of
        predict() for the sequences so far. At a masked step (Masking, Embedding with mask_zero),
        the states are unchanged, and a recurrent layer outputs its state h again.

        Args:
            x: [B, F], one step of each of B sequences; for a model that begins with an Embedding
                the ids of one step, [B] or [B, 1]. B stays the same until reset_states().

        Returns:
            [B, H].

        Raises:
            ValueError: a layer needs the whole sequence (go_backwards, Bidirectional), B differs
                from the previous call, or x does not fit; the states are unchanged then.
        """
        graph = self.graph
        network = graph.network
        if network is not None:
            output = network.quick_step(x)
            if output is not None:
                return output
        return self._step(x)

    # Separate from step(), whose quick calls would pay for the closures.
    def _step(self, x: ArrayLike) -> Array:
        graph = self.graph
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
        """Returns every gate and state of one layer over time, for inputs of the model.

        The preceding layers run first, including their masks. All states start at zero, also those
        of stateful layers, and dropout is off. The model is not changed.

        Args:
            x: [B, T, F] or the input of the first layer; sequences of different lengths as for
                fit().
            layer: number or name of the layer. Default None: the first recurrent layer.

        Returns:
            The result of layer.trace() for the layer's own input: a dict from names to [B, T, H],
            in the order of the computation (LSTM: i, f, g, o, c, h). For sequences of different
            lengths, the values are lists of [T, H].

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
        """Returns the number of the layer; for None, that of the first recurrent layer."""
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
        """Returns loss and metrics on data. A stateful model carries its states to the next call.

        Args:
            x: as for fit().
            y: as for fit().
            batch_size: as for fit().
            verbose: as for fit().
            sample_weight: as for fit().
            steps: not supported.
            callbacks: their on_test_begin, on_test_batch_begin, on_test_batch_end and on_test_end
                are called.
            return_dict: whether to return the numbers by name. Default False.
            **others: further arguments of Keras that have no effect, such as workers.

        Returns:
            The loss, or a list of the loss and the metrics.

        Raises:
            TypeError, ValueError: the data do not fit, or the model is compiled without a loss.
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
        # stop_training has no effect on a test.
        reporting = Hooks(graph.log_names, listening, shown, lambda: False)
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
        """Same as evaluate() with all of the data as one batch; reset_metrics as for
        train_on_batch().
        """
        fitting.refuse_running_metrics("test_on_batch", reset_metrics)
        rows = specs.rows(self.graph, x)
        return self.evaluate(x, y, rows, 0, sample_weight=sample_weight, return_dict=return_dict)


def _as_sequence(x: Any) -> Array:
    """Returns one time step [B, F] as sequences of one step, [B, 1, F]."""
    array = arrays.as_array(x, "x")
    return array[:, None] if array.ndim else array
