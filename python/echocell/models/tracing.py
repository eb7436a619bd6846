"""Gates and states over time, of a layer by itself or inside its model.

B batch, T time steps, H units. Sequences of different lengths are traced one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from echocell._common import scalars
from echocell._data import arrays, sequences, shapes
from echocell.models import training

if TYPE_CHECKING:
    from echocell.layers.layer import Layer
    from echocell.models.predictor import Predictor

Array = NDArray[Any]
Trace = dict[str, Any]  # name -> [B, T, H], or a list of [T, H]


def of_layer(layer: Layer, x: Any, mask: Any, initial_state: Any) -> Trace:
    """What `Layer.trace` returns."""
    lengths = sequences.lengths_of(x)
    if (
        mask is None
        and initial_state is None
        and _is_for_model(layer, x if lengths is None else x[0])
    ):
        return of_model(cast("Predictor", layer._owner), x, layer.name)
    if lengths is None:
        return layer._trace_batch(x, mask, initial_state)
    rows = [arrays.as_array(row, f"x[{k}]")[np.newaxis] for k, row in enumerate(x)]
    layer._build_for(rows[0])
    states = layer._checked_states(initial_state, len(rows))
    masks = None if mask is None else sequences.rows_of(mask, lengths, "mask")
    traces = [
        layer._trace_batch(
            row,
            None if masks is None else [masks[k]],
            None if states is None else [state[k : k + 1] for state in states],
        )
        for k, row in enumerate(rows)
    ]
    return _joined(traces)


def _is_for_model(layer: Layer, x: Any) -> bool:
    """Whether a batch, or one of the sequences in a list, fits the layer's model and not the layer
    itself, which stands further behind.
    """
    model = cast("Predictor | None", layer._owner)
    if model is None or layer._sample is None or model._sample is None:
        return False
    shape = np.shape(x)
    own, given = layer._sample, model._sample
    if len(shape) > len(given):
        shape = shape[1:]
    fits = [len(shape) == len(sample) and shapes.fits(shape, sample) for sample in (own, given)]
    return fits == [False, True]


def of_model(model: Predictor, x: Any, layer: int | str | None) -> Trace:
    """What `Sequential.trace` returns."""
    number = _number(model, layer)
    network, (data, lengths) = model._network_for(x, lambda: training.check_input(model, x))
    batches = [data]
    if lengths is not None:
        batches = [row[np.newaxis] for row in sequences.pieces(data, lengths)]
    try:
        traces = [network.trace_layer(number, batch, from_input=True) for batch in batches]
    except ValueError as error:
        training.explain(model._with_names(error), training.named_rows("x", data, lengths))
    return traces[0] if lengths is None else _joined(traces)


def _number(model: Predictor, given: int | str | None) -> int:
    """The layer's place in the model; the first recurrent layer's if None."""
    if given is None:
        recurrent = model._state_layers()
        if not recurrent:
            raise ValueError("trace: expected a model with a recurrent layer, this one has none")
        found: Layer = recurrent[0]
    elif isinstance(given, str):
        found = model.get_layer(given)
    else:
        index = scalars.whole(given, "trace: layer", least=-len(model.layers))
        found = model.get_layer(index=index)
    return model.layers.index(found)


def _joined(traces: Sequence[dict[str, Array]]) -> dict[str, list[Array]]:
    """Traces of single sequences, each name -> [1, T, H], as name -> list of [T, H]."""
    return {name: [trace[name][0] for trace in traces] for name in traces[0]}
