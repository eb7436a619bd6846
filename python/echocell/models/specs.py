"""Specifications of a graph's inputs and outputs for the checks of data; batch sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from echocell._data import arrays, batches
from echocell._data.batches import DEFAULT_BATCH
from echocell._data.spec import InputSpec, OutputSpec
from echocell.layers import Embedding
from echocell.models.graph import Graph
from echocell.models.hints import described


def input_spec(graph: Graph) -> InputSpec:
    """Returns the input specification of the network, which is made if needed."""
    network = graph.ready()
    if graph.spec is None:
        first, misled = graph.nodes[0].layer, network.layer_misled_by_padding
        graph.spec = InputSpec(
            sample=graph.require_built(),
            dtype=np.dtype(network.dtype),
            classes=first.input_dim if isinstance(first, Embedding) else None,
            batch=graph.batch,
            stateful=graph.stateful,
            timed=network.timed_input,
            misled=None if misled is None else described(graph.nodes[misled].layer),
        )
    return graph.spec


def output_spec(graph: Graph, verb: str) -> OutputSpec:
    """Returns the output specification. Raises ValueError, naming the verb, without a loss."""
    network = graph.ready()
    return OutputSpec(
        graph.output,
        np.dtype(network.dtype),
        graph.require_loss(verb).kind,
        network.timed_output,
        network.output_shape_for,
    )


def rows(graph: Graph, x: Any) -> int | None:
    """Returns the number of samples; None if it cannot be determined yet."""
    x = arrays.unwrapped(x, graph.sample or ())
    return (len(x) or None) if hasattr(x, "__len__") else None


def quick_batch(graph: Graph, given: Any) -> Any:
    """Returns the batch size for the core's fast path; 0 if the fast path does not apply."""
    if given is None:
        return graph.batch or DEFAULT_BATCH
    return 0 if graph.stateful and graph.batch not in (None, given) else given


def batch_size(graph: Graph, given: Any, count: int, name: str = "batch_size") -> int:
    """Returns the number of samples in a batch, of `count` in all; see `batches.batch_size`."""
    return batches.batch_size(input_spec(graph), graph.carried_batch, given, count, name)
