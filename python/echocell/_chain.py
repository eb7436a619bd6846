"""The layers of a model and the core network that is made of them.

B batch, T time steps, F features. A sample shape leaves the batch axis out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, _core, _layer_classes, _ragged, _training, backend
from echocell._checks import Sample
from echocell._input import InputLayer
from echocell._layer import Layer, candidate_shapes
from echocell._layer_arguments import float_type
from echocell._layer_classes import MOST_LAYERS
from echocell._naming import checked_name, valid_name
from echocell._recurrent import StateKeeper
from echocell._seeds import fresh_seed
from echocell._standing import as_before
from echocell._warning import warn

Array = NDArray[Any]
T = TypeVar("T")

_NOT_BUILT = (
    "it does not know the shape of its input. Give the first layer an input_shape, begin with "
    "Input(shape), call build((None, ...)), or give it data"
)


class Chain:
    """A chain of layers. The core network is made when it is needed, from the weights that the
    layers have then; adding or removing a layer makes a new one.

    Args:
        layers: the layers, the first of which may be an Input; or one layer.
        name: default sequential, sequential_1, ...
        dtype: 'float32' or 'float64'; default: what the first layer says, else
            backend.floatx().
        trainable: False keeps all weights as they are in training.
    """

    def __init__(
        self,
        layers: Iterable[Layer] | Layer | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._name = checked_name(name, type(self).__name__)
        self._layers: list[Layer] = []
        self._input: InputLayer | None = None
        self._stated_dtype = None if dtype is None else float_type(dtype, "dtype")
        self._sample: Sample | None = None  # of the input, once it is known
        self._assumed = False  # the sample shape is a guess that data may correct
        self._batch: int | None = None
        self._network: _core.Network | None = None
        self._random_state: tuple[int, int] | None = None  # that the next network begins with
        # Of the network, once there is one: here too, for they are asked at every call of fit.
        self._array_dtype = np.dtype("float32")
        self._output: Sample = ()
        self._stateful = False
        self._fitting = False
        self.trainable = trainable
        for layer in [layers] if isinstance(layers, Layer) else layers or ():
            self.add(layer)

    # ---- structure -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name; not empty, without "/"."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = valid_name(value, type(self).__name__)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input: a new list, so changing it does not change the model."""
        return [*self._layers]

    def add(self, layer: Layer) -> None:
        """Puts a layer at the end. What is there keeps its weights; the optimizer starts anew.

        Args:
            layer: any layer; the first may be an Input, or say its input_shape. Without that the
                model is built when data comes.

        Raises:
            TypeError: it is no layer.
            ValueError: its name is taken, its input does not fit, it has several outputs, or the
                model is being trained.
        """
        self._refuse_while_fitting("add")
        if isinstance(layer, InputLayer):
            self._add_input(layer)
            return
        self._refuse_unfit(layer)
        automatic = layer._name_is_automatic
        if layer._owner is not None:
            layer = self._copied(layer)
        if automatic:
            layer._take_automatic_name([known.name for known in self._layers])
        before = self._sample, self._assumed, self._batch
        try:
            if not self._layers:
                self._take_input_from(layer)
            if self._sample is not None:
                self._build_last(layer)
        except BaseException:
            self._sample, self._assumed, self._batch = before
            raise
        layer._owner = self
        layer._batch = self._batch
        self._layers.append(layer)
        if not self._all_trainable:
            layer.trainable = False
        self._changed()

    def pop(self) -> Layer:
        """Takes the last layer out and returns it, with its weights.

        Raises ValueError where there is none, or the model is being trained.
        """
        self._refuse_while_fitting("pop")
        if not self._layers:
            raise ValueError("pop: the model has no layers")
        layer = self._layers.pop()
        layer._owner = None
        if not self._layers and self._input is None:
            self._sample = self._batch = None
        self._changed()
        return layer

    def _refuse_while_fitting(self, verb: str) -> None:
        # The network that is being trained would go on without the model.
        if self._fitting:
            raise ValueError(
                f"{verb}: model {self.name!r} is being trained; its layers stay as they are until "
                "fit() has returned"
            )

    def _changed(self) -> None:
        self._network = None
        self._stateful = any(getattr(layer, "stateful", False) for layer in self._layers)

    def _add_input(self, layer: InputLayer) -> None:
        if self._input is not None or self._layers:
            raise ValueError(
                f"model {self.name!r}: an Input comes first, and once; received {layer.name!r} "
                f"after {len(self._layers)} layers"
            )
        self._input = layer
        self._sample, self._batch = layer._given_sample, layer._given_batch

    def _take_input_from(self, layer: Layer) -> None:
        if self._sample is None:
            self._sample, self._batch = layer._given_sample, layer._given_batch
        elif layer._given_sample not in (None, self._sample):
            raise ValueError(
                f"layer {layer.name!r}: expected the input_shape of the model's Input, "
                f"{self._sample}, received {layer._given_sample}"
            )
        if self._sample is None and layer._assumed_sample is not None:
            self._sample, self._assumed = layer._assumed_sample, True

    def _refuse_unfit(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = " (the class, not a layer made from it)" if isinstance(layer, type) else ""
            raise TypeError(f"add: expected a layer, received {layer!r}{hint}")
        if len(self._layers) >= MOST_LAYERS:
            raise ValueError(f"model {self.name!r}: expected at most {MOST_LAYERS} layers")
        named = not layer._name_is_automatic
        if named and any(layer.name == known.name for known in self._layers):
            raise ValueError(
                f"model {self.name!r}: all layers should have unique names, received a second "
                f"{layer.name!r}. Give it another name"
            )
        if getattr(layer, "return_state", False):
            raise ValueError(
                "All layers in a Sequential model should have a single output tensor; layer "
                f"{layer.name!r} has return_state=True. Leave it out: states are read with "
                "get_states()"
            )

    def _copied(self, layer: Layer) -> Layer:
        warn(
            f"layer {layer.name!r} already stands in a model or another layer: a copy of it, with "
            "its weights, is added. From now on the two are trained apart"
        )
        copy = _layer_classes.alike(layer)
        if layer._place is not None:
            copy._kept_weights = layer.get_weights()
            copy._build(layer._sample or (), layer._place.network.dtype)
        return copy

    def _build_last(self, layer: Layer) -> None:
        """Builds a layer that is about to be added."""
        try:
            self._build_layer(layer, self._last_sample(), self._layers[-1:])
        except ValueError:
            if not self._assumed:
                raise
            self._sample, self._assumed = None, False  # wait for data, which says more

    def _build_layer(self, layer: Layer, sample: Sample, before: Sequence[Layer]) -> Sample:
        try:
            return layer._build(sample, self.dtype)
        except ValueError as error:
            hint = _sequence_hint(layer, before[0] if before else None)
            if not hint:
                raise
            raise ValueError(f"{error}. {hint}") from None

    def _last_sample(self) -> Sample:
        if self._layers:
            return self._layers[-1]._output_sample()
        assert self._sample is not None
        return self._sample

    @property
    def trainable(self) -> bool:
        """Does training change the weights? Setting it sets every layer's."""
        return self._all_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = bool(value)
        self._all_trainable = bool(value)

    # ---- building ------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """'float32' or 'float64': of weights, data and results."""
        if self._stated_dtype is not None:
            return self._stated_dtype
        stated = [layer.dtype for layer in (self._input, *self._layers[:1]) if layer is not None]
        return next((dtype for dtype in stated if dtype is not None), backend.floatx())

    @property
    def built(self) -> bool:
        """Does the model have its weights?"""
        return bool(self._layers) and self._sample is not None

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Makes the weights for batches of this shape.

        Args:
            input_shape: with the batch axis in front: (None, T, F). Default: the shape that the
                first layer gave.

        Raises:
            ValueError: no shape is known, a layer cannot take it, the model has another, or is
                being trained; nothing is built then.
        """
        self._refuse_while_fitting("build")
        if input_shape is None:
            self._ready()
            return
        full = _checks.shape(input_shape, "build: input_shape")
        if self._sample is not None and not self._assumed and full[1:] != self._sample:
            raise ValueError(
                f"build: the model is built for input shape {self.input_shape}, received {full}"
            )
        self._build_all([full[1:]])
        self._batch = full[0] if full else None
        for layer in self._layers:
            layer._batch = self._batch

    def _build_all(self, samples: Sequence[Sample]) -> None:
        """Builds for the first of these input shapes that all layers take."""
        self._require_layers()
        with as_before(self._layers):
            for k, sample in enumerate(samples):
                try:
                    self._build_chain(sample)
                except ValueError:
                    if k == len(samples) - 1:
                        raise
                    continue
                self._sample, self._assumed = sample, False
                self._network = None
                return

    def _build_chain(self, sample: Sample) -> None:
        for k, layer in enumerate(self._layers):
            before = self._layers[max(0, k - 1) : k]
            sample = self._build_layer(layer, sample, before)

    def _network_for(self, x: Any, check: Callable[[], T]) -> tuple[_core.Network, T]:
        """The network, and what check() makes of the data. A model that waits for data is built for
        x before, and waits on where something does not fit.
        """
        if self._sample is not None:
            return self._network or self._ready(), check()
        self._require_layers()
        with as_before(self._layers):
            try:
                self._build_for(x)
                network, data = self._ready(), check()
                # The core would refuse these after the model was built.
                for name, array in _training.named_arrays(data).items():
                    _checks.refuse_nonfinite_as(array, self._array_dtype, name)
                return network, data
            except BaseException:
                self._sample = self._network = None
                raise

    def _build_for(self, x: Any) -> None:
        """Builds a model that was waiting for data."""
        if _ragged.lengths_of(x) is not None:
            self._build_all([(None, *_checks.as_array(x[0], "x[0]").shape[1:])])
            return
        array = _checks.as_array(x, "x")
        if array.ndim < 2 or array.size == 0:
            array = _checks.fitted(array, (1,), "x")
        self._build_all(candidate_shapes(array.shape[1:], self._layers[0]._takes_ids))

    def _ready(self) -> _core.Network:
        """The network of all layers; made now if need be."""
        if self._network is not None:
            return self._network
        network = self._assembled(self._built_for())
        self._on_network(network)
        self._array_dtype = np.dtype(network.dtype)
        self._output = self._last_sample()
        self._network, self._random_state = network, None
        return network

    def _require_layers(self) -> None:
        if not self._layers:
            raise ValueError(f"model {self.name!r} has no layers: add some first")

    def _built_for(self) -> Sample:
        """The shape of an input sample. Raises ValueError before the model is built."""
        self._require_layers()
        if self._sample is None:
            raise ValueError(f"model {self.name!r} is not built yet: {_NOT_BUILT}")
        return self._sample

    def _assembled(self, sample: Sample) -> _core.Network:
        options = [layer._options() for layer in self._layers]
        random_state = self._random_state or (self._seed(), 0)
        seed, shape = random_state[0], _checks.core_shape(sample)
        network = _core.make_network(options, shape, self.dtype, seed)
        network.random_state = random_state
        network.name_layers([f"layer {k.name!r} ({type(k).__name__})" for k in self._layers])
        for k, layer in enumerate(self._layers):
            layer._move(network, k, sample)
            sample = layer._output_sample()
        return network

    def _seed(self) -> int:
        """Of dropout and shuffling: from the layers' seeds where they have any."""
        seeds = [getattr(layer, "seed", None) for layer in self._layers]
        given = [seed for seed in seeds if isinstance(seed, (int, np.integer))]
        if not given:
            return fresh_seed()
        return int(np.random.SeedSequence([abs(int(seed)) for seed in given]).generate_state(1)[0])

    def _on_network(self, network: _core.Network) -> None:
        """Called with every new network, before it is used."""

    # ---- shapes --------------------------------------------------------------------------------

    @property
    def input_shape(self) -> Sample:
        """Of a batch: (None, T, F). Raises AttributeError before the model is built."""
        if self._sample is None:
            raise AttributeError(f"model {self.name!r} has no input shape yet: {_NOT_BUILT}")
        return (self._batch, *self._sample)

    @property
    def output_shape(self) -> Sample:
        """Of a batch: (None, H). Raises AttributeError before the model is built."""
        if not self.built:
            raise AttributeError(f"model {self.name!r} has no output shape yet: {_NOT_BUILT}")
        return (self._batch, *self._last_sample())

    @property
    def stateful(self) -> bool:
        """Does a layer carry its state from batch to batch?"""
        return self._stateful


def _sequence_hint(layer: Layer, before: Layer | None) -> str:
    if layer._reads_steps and isinstance(before, StateKeeper) and not before.return_sequences:
        return (
            f"Layer {before.name!r} gives its last output alone: with return_sequences=True it "
            "gives one at every time step"
        )
    return ""
