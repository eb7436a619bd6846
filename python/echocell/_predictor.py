"""Asking a model: whole sequences at a time, or one time step after the other.

Letters of the shapes: N samples, B batch, T time steps, F features, H outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from numpy.typing import ArrayLike, NDArray

from echocell import _checks, _hooks, _ragged, _training
from echocell._keras_arguments import PREDICT, PredictArguments
from echocell._network import Stack
from echocell._typing import Callbacks, Verbose
from echocell.callbacks import CallbackList

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class Predictor(Stack):
    """A stack of layers that can be asked."""

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
        if self._network is not None and steps is None and not callbacks and not others:
            outputs = self._network.quick_predict(x, self._quick_batch(batch_size))
            if outputs is not None:
                return outputs
        _checks.refuse_streams(x, "predict: x")
        if steps is not None or others:
            PREDICT.check("predict", {**others, "steps": steps}, self.predict)
        return self._predict(x, batch_size, verbose, callbacks)

    # Apart from predict(), whose quick calls would pay for the closures.
    def _predict(
        self, x: ArrayLike, batch_size: int | None, verbose: Verbose, callbacks: Callbacks | None
    ) -> Any:
        network, (data, lengths) = self._network_for(x, lambda: _training.check_input(self, x))
        rows = len(data if lengths is None else lengths)
        size = _training.batch_size(self, batch_size, rows)
        settings: dict[str, Any] = {"batch_size": size}
        if lengths is not None:
            settings["lengths"] = lengths

        def arranged(outputs: Array) -> Any:
            if lengths is None or not network.timed_output:
                return outputs
            return _ragged.pieces(outputs, lengths)

        listening = None
        if callbacks:
            network.require_open()
            params = {"verbose": verbose, "steps": -(-rows // size)}
            listening = CallbackList(callbacks, self, params)
            settings["hooks"] = _hooks.of_predict(
                listening, lambda all_of_them, k: arranged(all_of_them)[k * size : (k + 1) * size]
            )
            listening.on_predict_begin({})
        try:
            output = network.predict(data, **settings)
        except ValueError as error:
            _checks.explain(error, _training.named_rows("x", data, lengths), self._array_dtype)
        if listening is not None:
            listening.on_predict_end({})
        return arranged(output)

    def _quick_batch(self, given: Any) -> Any:
        """The batch size as the core's quick_predict() takes it; 0: it is not for it."""
        if given is None:
            return self._batch or _training.DEFAULT_BATCH
        return 0 if self._stateful and self._batch not in (None, given) else given

    def __call__(self, x: ArrayLike, training: bool = False) -> Any:
        """predict() with all of x as one batch.

        Raises ValueError for training=True: dropout is on in fit() only.
        """
        if training:
            raise ValueError("model(x, training=True) is not supported; call a layer, or fit")
        return self.predict_on_batch(x)

    def predict_on_batch(self, x: ArrayLike) -> Any:
        """predict() with all of x as one batch."""
        return self.predict(x, batch_size=self._rows(x))

    def _rows(self, x: Any) -> int | None:
        """How many samples there are; None where that is not to be seen yet."""
        x = _checks.unwrapped(x, self._sample or ())
        return (len(x) or None) if hasattr(x, "__len__") else None

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
        from echocell import _tracing  # most programs trace nothing

        return _tracing.of_model(self, x, layer)

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
        network = self._network
        if network is not None:
            output = network.quick_step(x)
            if output is not None:
                return output
        return self._step(x)

    # Apart from step(), whose quick calls would pay for the closure.
    def _step(self, x: ArrayLike) -> Array:
        network, data = self._network_for(
            x if self._sample is not None else _as_sequence(x),
            lambda: _training.check_step(self, x),
        )
        try:
            return network.step(data)
        except ValueError as error:
            _checks.explain(error, {"x": data}, self._array_dtype)


def _as_sequence(x: Any) -> Array:
    """One time step [B, F] as sequences of one step, [B, 1, F]."""
    array = _checks.as_array(x, "x")
    return array[:, None] if array.ndim else array
