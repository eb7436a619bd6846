"""The base class of all layers, which can also run a single layer.

B batch, T time steps, F features, H units. A sample shape has no batch axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell import backend
from echocell._data import arrays, sequences, shapes
from echocell._data.sequences import Lengths
from echocell._data.shapes import Sample
from echocell._data.states import mask_bytes, state_arrays
from echocell.layers.built_layer import BuiltLayer
from echocell.layers.location import WeightLocation, undo_building_on_error
from echocell.layers.weight import Weight

Array = NDArray[Any]


def candidate_shapes(sample: Sequence[int], ids: bool) -> list[Sample]:
    """Returns the sample shapes to try when a layer is built for data of this shape.

    First with an open time axis, so that other lengths can follow; then as it is, for layers that
    need a fixed length (Flatten).
    """
    candidates: list[Sample] = [tuple(sample)]
    if len(sample) >= 2 or (ids and sample):
        candidates.insert(0, (None, *sample[1:]))
    return candidates


class Layer(BuiltLayer):
    """The base class of all layers.

    Args (of every layer):
        name: default lstm, lstm_1, ..., counted per process.
        trainable: whether training changes the weights. Default True.
        dtype: 'float32' or 'float64', for a layer that is run by itself; in a model all layers have
            the dtype of the model.
        weights: list of initial weights, in the order of get_weights().
        input_shape: shape of one sample, for the first layer of a model: (T, F); None for an open
            axis.
        batch_input_shape, batch_shape: the same with the batch size first: (B, T, F).
        batch_size: B; with input_shape equivalent to batch_input_shape.
        input_dim, input_length: F and T (recurrent layers), F (others), T (Embedding).

    Raises:
        TypeError: an unknown argument (the message suggests a similar name) or one of a wrong type.
        ValueError: a wrong value, or an argument of Keras that echocell does not support.
    """

    def __call__(self, x: Any, mask: Any = None, training: bool = False) -> Any:
        """Returns the layer's output for a batch of inputs.

        Args:
            x: numbers [B, T, F] or [B, F]; ids [B, T] for an Embedding. A layer that is not built
                yet is built for this shape.
            mask: [B, T], True where a step counts. Default None: all steps count.
            training: whether dropout is applied. Default False.

        Returns:
            An array whose first axis is the batch.

        Raises:
            TypeError, ValueError: x or mask do not fit the layer.
        """
        with undo_building_on_error([self]):
            return self._run(x, mask, None, training)[0]

    def _run(
        self, x: Any, mask: Any, initial_state: list[Array] | None, training: bool
    ) -> tuple[Array, list[Array]]:
        location, data, steps = self._prepared(x, mask)
        network = location.network
        try:
            return network.run_layer(location.number, data, steps, initial_state, bool(training))
        except ValueError as error:
            arrays.explain(error, {"x": data}, network.dtype)

    def _prepared(
        self, x: Any, mask: Any
    ) -> tuple[WeightLocation, Array, NDArray[np.uint8] | None]:
        """Returns a layer that is built for x, and x and mask in the form that the core takes."""
        if isinstance(x, Layer):
            raise TypeError(
                f"layer {self.name!r}: expected an array, received the layer {x.name!r}. Models "
                "are made with Sequential; the functional API does not exist yet"
            )
        array = arrays.as_array(x, "x")
        self.build_for_data(array)
        location = self.built_location()
        self._refuse_inner(location)
        data = self._checked_input(array, np.dtype(location.network.dtype))
        if mask is None:
            return location, data, None
        if data.ndim < (2 if self.takes_ids else 3):
            raise ValueError(f"mask: x of shape {data.shape} has no time steps to mask")
        return location, data, mask_bytes(mask, data)

    def _refuse_inner(self, location: WeightLocation) -> None:
        if location.inner:
            raise ValueError(
                f"layer {self.name!r} is part of another layer and cannot be run by itself; "
                "call the outer one"
            )

    def _checked_input(self, array: Array, dtype: np.dtype[Any]) -> Array:
        return arrays.inputs(array, self.input_sample or (), dtype)

    def build_for_data(self, array: Array) -> None:
        """Builds the layer for a batch, unless it is built for such data already.

        Args:
            array: [B, ...], the input.

        Raises:
            ValueError: the batch is empty or has no axis beside that of the samples, or the layer
                does not fit its shape.
        """
        sample = array.shape[1:]
        if self.location is not None and (
            self.owner is not None or shapes.fits(sample, self.input_sample or ())
        ):
            return
        if array.ndim < 2 or array.size == 0:
            raise ValueError(
                f"x: expected an array of shape (samples, ...) for layer {self.name!r}, received "
                f"{array.shape}"
            )
        self._build_first([*candidate_shapes(sample, self.takes_ids)])

    def _build_first(self, samples: list[Sample]) -> None:
        for sample in samples[:-1]:
            try:
                self.build_sample(sample, self.dtype or backend.floatx())
                return
            except ValueError:
                continue
        self.build_sample(samples[-1], self.dtype or backend.floatx())

    def trace(self, x: Any, mask: Any = None, initial_state: Any = None) -> dict[str, Any]:
        """Returns every gate and state of a recurrent layer over time.

        Args:
            x: [B, T, F], the input of this layer; B sequences of different lengths as a list of
                arrays [T, F]. Data that do not fit the layer but fit its model are taken as the
                model's input; model.trace(x, layer) always does that.
            mask: [B, T], True where a step counts; for a list, a list of [T]. Default None.
            initial_state: one array [B, H] per state. Default None: zeros.

        Returns:
            A dict from names to arrays [B, T, H] (gates of MemoryBlocks: one number per block): the
            gates and the candidate, named as in the equations, then the states (LSTM: i, f, g, o,
            c, h). Gates that are switched off are left out; Bidirectional adds the prefixes
            forward_ and backward_. For a list of sequences, the values are lists of [T, H]. Empty
            for layers that are not recurrent.

        Raises:
            TypeError, ValueError: an argument does not fit the layer.
        """
        lengths = sequences.lengths_of(x)
        with undo_building_on_error([self]):
            if mask is None and initial_state is None:
                model = self._model_for(x if lengths is None else x[0])
                if model is not None:
                    traced: dict[str, Any] = model.trace(x, self.name)
                    return traced
            if lengths is None:
                return self._trace_batch(x, mask, initial_state)
            return self._trace_sequences(x, lengths, mask, initial_state)

    def _model_for(self, x: Any) -> Any:
        """Returns the layer's model if x fits the input of the model but not that of the layer,
        else None.

        For a list of sequences its first entry decides.
        """
        model: Any = self.owner
        if self.location is None or self.location.inner or model is None:
            return None
        given: Sample = model.input_shape[1:]
        own, shape = self.input_sample or (), np.shape(x)
        if len(shape) > len(given):
            shape = shape[1:]
        fits = [len(shape) == len(sample) and shapes.fits(shape, sample) for sample in (own, given)]
        return model if fits == [False, True] else None

    def _trace_sequences(
        self, x: Any, lengths: Lengths, mask: Any, initial_state: Any
    ) -> dict[str, list[Array]]:
        """Returns the traces of sequences of different lengths, computed one by one."""
        rows = [arrays.as_array(row, f"x[{k}]")[np.newaxis] for k, row in enumerate(x)]
        self.build_for_data(rows[0])
        states = self.checked_states(initial_state, len(rows))
        masks = None if mask is None else sequences.rows_of(mask, lengths, "mask")
        traces = [
            self._trace_batch(
                row,
                None if masks is None else [masks[k]],
                None if states is None else [state[k : k + 1] for state in states],
            )
            for k, row in enumerate(rows)
        ]
        return joined_traces(traces)

    def _trace_batch(self, x: Any, mask: Any, initial_state: Any) -> dict[str, Array]:
        location, data, steps = self._prepared(x, mask)
        states = self.checked_states(initial_state, len(data))
        network = location.network
        try:
            return network.trace_layer(location.number, data, steps, states)
        except ValueError as error:
            arrays.explain(error, {"x": data}, network.dtype)

    def checked_states(
        self, states: Any, rows: int | None, *, finite: bool = True
    ) -> list[Array] | None:
        """Returns given states as arrays [B, H] of the layer's dtype; None for None.

        Args:
            states: one array or a list of arrays, in the order of the layer's states.
            rows: B; None accepts any.
            finite: whether NaN and infinity are refused. Default True.

        Raises:
            TypeError: the states do not hold numbers.
            ValueError: their number or a shape differs, or a number is not finite.
        """
        if states is None:
            return None
        location = self.built_location()
        return state_arrays(
            states,
            location.network.state_widths(location.number),
            rows,
            np.dtype(location.network.dtype),
            f"layer {self.name!r}: states",
            finite=finite,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Supports copy and pickle: the layer alone, with its weights and carried states."""
        from echocell.layers.pickling import layer_from_bytes, layer_to_bytes  # rarely needed

        return layer_from_bytes, (layer_to_bytes(self),)


def joined_traces(traces: Sequence[dict[str, Array]]) -> dict[str, list[Array]]:
    """Converts traces of single sequences, name -> [1, T, H], to name -> list of [T, H]."""
    return {name: [trace[name][0] for trace in traces] for name in traces[0]}


def weight_view(name: str, shape: str) -> property:
    """Returns a read-only property for one weight of a layer."""

    def getter(self: Layer) -> Weight | None:
        return self._weight_named(name)

    doc = f"The {name}, {shape}, as a read-only array; None before the layer is built."
    return property(getter, doc=doc)
