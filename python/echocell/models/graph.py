"""The layers of a model, the tensors between them, and the core's network of them.

B batch, T time steps, F features. A sample shape has no batch axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from echocell import _core, backend
from echocell._common.seeds import fresh_seed
from echocell._common.warning import WarnOnce
from echocell._data import arrays, sequences, shapes
from echocell._data.shapes import Sample
from echocell._data.spec import InputSpec
from echocell.layers import InputLayer, Layer
from echocell.layers.layer import candidate_shapes
from echocell.layers.location import undo_building_on_error
from echocell.layers.rnn.state_keeper import StateKeeper
from echocell.losses import Loss
from echocell.metrics import Metric
from echocell.models import compiling
from echocell.models.compiling import Compiled
from echocell.models.hints import described, sequence_hint

T = TypeVar("T")
Array = NDArray[Any]

NOT_BUILT = (
    "it does not know the shape of its input. Give the first layer an input_shape, begin with "
    "Input(shape), call build((None, ...)), or give it data"
)
#: The number of the model's input tensor.
INPUT = 0


class Node(NamedTuple):
    """A layer with the numbers of its input tensors and of its output tensor."""

    layer: Layer
    inputs: tuple[int, ...]
    output: int


class Graph:
    """Layers and the tensors between them.

    In a chain, the only graph that the core supports so far, node k reads tensor k and writes
    tensor k + 1. The network is made on demand from the current weights of the layers; adding or
    removing a layer discards it.

    Attributes:
        name: name of the model, for messages.
        stated_dtype: the dtype given to the model; None: that of the first layer.
        nodes: in the order of computation.
        input: the Input, if there is one.
        sample: the shape of an input sample, once it is known.
        assumed: whether that shape is an assumption that data may correct.
        batch: the batch size, if it is fixed.
        network: the core's network; None until it is needed.
        spec: cache of `specs.input_spec`; None if not computed yet.
        output: the shape of an output sample of the network.
        stateful: whether a layer carries its states from batch to batch.
        random_state: seed and draws that the next network starts with; None: new ones.
        compiled: the training settings; None before compile().
        metrics: the metrics as objects, for the output of the network.
        log_names: names of the logs: "loss", then the metrics.
        fitting: whether the model is being trained.
        warn_once: issues warnings that are given once per model.
    """

    def __init__(self, name: str, dtype: str | None) -> None:
        self.name = name
        self.stated_dtype = dtype
        self.nodes: list[Node] = []
        self.input: InputLayer | None = None
        self.sample: Sample | None = None
        self.assumed = False
        self.batch: int | None = None
        self.network: _core.Network | None = None
        self.spec: InputSpec | None = None
        self.output: Sample = ()
        self.stateful = False
        self.random_state: tuple[int, int] | None = None
        self.compiled: Compiled | None = None
        self.metrics: list[Metric] = []
        self.log_names = ["loss"]
        self.fitting = False
        self.warn_once = WarnOnce()

    # ---- structure -----------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of computation."""
        return [node.layer for node in self.nodes]

    @property
    def last_tensor(self) -> int:
        """The number of the model's output tensor."""
        return self.nodes[-1].output if self.nodes else INPUT

    def set_input(self, layer: InputLayer) -> None:
        """Takes the shape of the input from an Input.

        Raises:
            ValueError: there already is an Input or a layer.
        """
        if self.input is not None or self.nodes:
            raise ValueError(
                f"model {self.name!r}: an Input comes first, and once; received {layer.name!r} "
                f"after {len(self.nodes)} layers"
            )
        self.input = layer
        self.sample, self.batch = layer.stated_sample, layer.stated_batch

    def append(self, layer: Layer) -> None:
        """Appends a layer that is in no model, and builds it if its input is known.

        Raises:
            ValueError: its input does not fit; the graph is unchanged then.
        """
        before = self.sample, self.assumed, self.batch
        try:
            if not self.nodes:
                self._take_input_from(layer)
            if self.sample is not None:
                self._build_last(layer)
        except BaseException:
            self.sample, self.assumed, self.batch = before
            raise
        layer.fixed_batch = self.batch
        last = self.last_tensor
        self.nodes.append(Node(layer, (last,), last + 1))
        self.changed()

    def remove_last(self) -> Layer:
        """Removes and returns the last layer, with its weights."""
        layer = self.nodes.pop().layer
        if not self.nodes and self.input is None:
            self.sample = self.batch = None
        self.changed()
        return layer

    def changed(self) -> None:
        """Discards the network, since the layers or the input have changed."""
        self.network = None
        self.stateful = any(getattr(layer, "stateful", False) for layer in self.layers)

    def refuse_while_fitting(self, verb: str) -> None:
        """Raises ValueError while the model is being trained, since training would ignore the
        change.
        """
        if self.fitting:
            raise ValueError(
                f"{verb}: model {self.name!r} is being trained; its layers stay as they are until "
                "fit() has returned"
            )

    def layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Returns the layer of this name or number; see `LayerStack.get_layer`."""
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer: expected below {len(layers)}, received {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in layers)
        raise ValueError(f"get_layer: no layer is named {name!r}; there are {known or 'none'}")

    def state_layers(self) -> list[StateKeeper]:
        """Returns the layers with states, in order."""
        keepers = [layer for layer in self.layers if isinstance(layer, StateKeeper)]
        return [layer for layer in keepers if layer.keeps_states()]

    # ---- shapes --------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """'float32' or 'float64': dtype of weights, data and results."""
        if self.stated_dtype is not None:
            return self.stated_dtype
        stated = [layer.dtype for layer in (self.input, *self.layers[:1]) if layer is not None]
        return next((dtype for dtype in stated if dtype is not None), backend.floatx())

    @property
    def built(self) -> bool:
        """Whether the layers have their weights."""
        return bool(self.nodes) and self.sample is not None

    def require_built(self) -> Sample:
        """Returns the shape of an input sample. Raises ValueError before the model is built."""
        self._require_layers()
        if self.sample is None:
            raise ValueError(f"model {self.name!r} is not built yet: {NOT_BUILT}")
        return self.sample

    def last_sample(self) -> Sample:
        """Returns the shape of the last layer's output sample, or of the input if there are no
        layers.
        """
        if self.nodes:
            return self.nodes[-1].layer.output_sample()
        assert self.sample is not None
        return self.sample

    def _require_layers(self) -> None:
        if not self.nodes:
            raise ValueError(f"model {self.name!r} has no layers: add some first")

    def _take_input_from(self, layer: Layer) -> None:
        if self.sample is None:
            self.sample, self.batch = layer.stated_sample, layer.stated_batch
        elif layer.stated_sample not in (None, self.sample):
            raise ValueError(
                f"layer {layer.name!r}: expected the input_shape of the model's Input, "
                f"{self.sample}, received {layer.stated_sample}"
            )
        if self.sample is None and layer.assumed_sample is not None:
            self.sample, self.assumed = layer.assumed_sample, True

    # ---- building ------------------------------------------------------------------------------

    def build(self, samples: Sequence[Sample]) -> None:
        """Builds all layers for the first of these input shapes that they accept.

        Raises:
            ValueError: they accept none of them; nothing is built then.
        """
        self._require_layers()
        with undo_building_on_error(self.layers):
            for k, sample in enumerate(samples):
                try:
                    self._build_for(sample)
                except ValueError:
                    if k == len(samples) - 1:
                        raise
                    continue
                self.sample, self.assumed = sample, False
                self.network = None
                return

    def _build_for(self, sample: Sample) -> None:
        tensors = {INPUT: sample}
        before: Layer | None = None
        for layer, (source,), output in self.nodes:
            tensors[output] = self._build_layer(layer, tensors[source], before)
            before = layer

    def _build_last(self, layer: Layer) -> None:
        """Builds a layer that is about to be added."""
        try:
            self._build_layer(
                layer, self.last_sample(), self.nodes[-1].layer if self.nodes else None
            )
        except ValueError:
            if not self.assumed:
                raise
            self.sample, self.assumed = None, False  # wait for data, which determine more

    def _build_layer(self, layer: Layer, sample: Sample, before: Layer | None) -> Sample:
        try:
            return layer.build_sample(sample, self.dtype)
        except ValueError as error:
            hint = sequence_hint(layer, before)
            if not hint:
                raise
            raise ValueError(f"{error}. {hint}") from None

    def build_for_data(self, x: Any) -> None:
        """Builds for the shape of these inputs."""
        if sequences.lengths_of(x) is not None:
            self.build([(None, *arrays.as_array(x[0], "x[0]").shape[1:])])
            return
        array = arrays.as_array(x, "x")
        if array.ndim < 2 or array.size == 0:
            array = arrays.fitted(array, (1,), "x")
        self.build(candidate_shapes(array.shape[1:], self.nodes[0].layer.takes_ids))

    # ---- the network ---------------------------------------------------------------------------

    def ready(self) -> _core.Network:
        """Returns the network of all layers; makes it on the first call.

        Raises:
            ValueError: the model is not built.
        """
        if self.network is not None:
            return self.network
        network = self._assembled(self.require_built())
        if self.compiled is not None:
            self._compile(network, self.compiled, None)
        self.output = self.last_sample()
        self.network, self.random_state = network, None
        self.spec = None
        return network

    def prepared(
        self, x: Any, check: Callable[[], T], named: Callable[[T], Mapping[str, Array]]
    ) -> tuple[_core.Network, T]:
        """Returns the network and the checked data.

        A model that waits for data is built for x first; if something does not fit, it is not
        built.

        Args:
            x: the inputs.
            check: checks the data, except that numbers are finite, which the core does.
            named: returns the arrays in the result of check(), by name.
        """
        if self.sample is not None:
            return self.network or self.ready(), check()
        self._require_layers()
        with undo_building_on_error(self.layers):
            try:
                self.build_for_data(x)
                network, data = self.ready(), check()
                arrays.refuse_nonfinite_as(named(data), network.dtype)
                return network, data
            except BaseException:
                self.sample = self.network = None
                raise

    def fix_batch(self, batch: int | None) -> None:
        """Sets the batch size of the model and its layers; None accepts any."""
        self.batch = batch
        for layer in self.layers:
            layer.fixed_batch = batch
        self.spec = None

    def _assembled(self, sample: Sample) -> _core.Network:
        options = [layer.core_options() for layer in self.layers]
        random_state = self.random_state or (self._seed(), 0)
        shape = shapes.core_shape(sample)
        network = _core.make_network(options, shape, self.dtype, random_state[0])
        network.random_state = random_state
        network.name_layers([described(layer) for layer in self.layers])
        tensors = {INPUT: sample}
        for number, (layer, (source,), output) in enumerate(self.nodes):
            layer.move_weights(network, number, tensors[source])
            tensors[output] = layer.output_sample()
        return network

    def _seed(self) -> int:
        """Returns the seed of dropout and shuffling, derived from the layers' seeds if there are
        any.
        """
        seeds = [getattr(layer, "seed", None) for layer in self.layers]
        given = [seed for seed in seeds if isinstance(seed, (int, np.integer))]
        if not given:
            return fresh_seed()
        return int(np.random.SeedSequence([abs(int(seed)) for seed in given]).generate_state(1)[0])

    @property
    def carried_batch(self) -> int:
        """The batch size of the carried states; 0 if there are none."""
        return self.network.state_batch if self.network is not None and self.stateful else 0

    # ---- training settings ---------------------------------------------------------------------

    def compile(self, compiled: Compiled) -> None:
        """Sets the training settings; if an error is raised, the previous ones stay."""
        before, self.compiled = self.compiled, compiled
        try:
            if self.network is not None:
                self._compile(self.network, compiled, before)
            elif self.built:
                self.ready()
            else:
                compiling.resolved_metrics(compiled, (1,))  # checked again when the network is made
        except (TypeError, ValueError):
            self.compiled = before
            raise

    def _compile(self, network: _core.Network, compiled: Compiled, before: Compiled | None) -> None:
        metrics = compiling.resolved_metrics(compiled, self.last_sample())
        compiling.compile_network(network, compiled, metrics, before)
        self.metrics = metrics
        self.log_names = ["loss", *(metric.name for metric in metrics)]

    def require_compiled(self, verb: str) -> Compiled:
        """Returns the settings. Raises ValueError, naming the verb, before compile()."""
        return compiling.require_compiled(self.compiled, verb, self.name)

    def require_loss(self, verb: str) -> Loss:
        """Returns the loss. Raises ValueError, naming the verb, if there is none."""
        return compiling.require_loss(self.compiled, verb, self.name)
