"""The base of all layers: building, weights, and running one layer by itself.

A layer object holds options; its weights live in a `_core.Network`. Before the layer is put in a
model that is a network of this layer alone; the model then makes one network of all its layers and
the weights move along.

B batch, T time steps, F features, H units. A sample shape leaves the batch axis out.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, _core, backend
from echocell._checks import Sample
from echocell._layer_arguments import Arguments
from echocell._overrides import LAYER, Guarded, abstract
from echocell._seeds import fresh_seed
from echocell._standing import Place, Standing, as_before, no_owner
from echocell._warning import warn
from echocell._weight import Origin, Weight
from echocell.initializers import Initializer
from echocell.regularizers import Regularizer

Array = NDArray[Any]
Parameters = Sequence[tuple[str, tuple[int, ...]]]

NOT_BUILT = (
    "it does not know the shape of its input. Put it in a model with an input_shape, call it on "
    "data, or call build()"
)


def candidate_shapes(sample: Sequence[int], ids: bool) -> list[Sample]:
    """Sample shapes to build for when data of this shape comes: the time axis open, so that other
    lengths can follow; and as it is, for layers that need to know it (Flatten).
    """
    shapes: list[Sample] = [tuple(sample)]
    if len(sample) >= 2 or (ids and sample):
        shapes.insert(0, (None, *sample[1:]))
    return shapes


class Layer(Arguments, Guarded):
    """The base of all layers.

    Args (all layers take these):
        name: default lstm, lstm_1, ..., counted per process.
        trainable: False keeps the weights as they are in training. Default True.
        dtype: 'float32' or 'float64', of the layer run by itself; a model has one for all layers.
        weights: list of initial weights, in the order of get_weights().
        input_shape: of one sample, for the first layer of a model: (T, F); None where open.
        batch_input_shape, batch_shape: the same with the batch size in front: (B, T, F).
        batch_size: together with input_shape the same as batch_input_shape.
        input_dim, input_length: F and T (recurrent layers), F (others), T (Embedding).

    Raises:
        TypeError: an argument that does not exist (the nearest name is suggested) or of a wrong
            type.
        ValueError: a wrong value, or an argument of Keras that echocell does not have.
    """

    _never_called = LAYER
    _assumed_sample: Sample | None = None  # the input where none is given
    _place: Place | None = None

    def __init__(self, **shared: Any) -> None:
        if type(self)._options is Layer._options:
            raise abstract(self, "Layer", "layers that exist, such as Dense or LSTM")
        super().__init__(**shared)
        self._place = None
        self._sample: Sample | None = None
        self._owner = None
        self._batch = self._given_batch  # the model's, once it stands in one

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute.

        Raises AttributeError for an option of a layer that is built: it has gone into the core.
        """
        if self._place is not None and name in self._options_of_core():
            raise AttributeError(
                f"layer {self.name!r}: {name} cannot be changed any more, for the layer is built. "
                f"Make a new {type(self).__name__} with {name}={value!r}, and hand over "
                "get_weights() where they fit"
            )
        super().__setattr__(name, value)

    @property
    def _owner(self) -> object | None:
        """The model or the wrapper that the layer stands in. It holds the layer: a reference in
        both directions would keep the weights until the cyclic garbage collector runs.
        """
        return self._owner_reference()

    @_owner.setter
    def _owner(self, owner: object | None) -> None:
        self._owner_reference: Callable[[], object | None] = (
            no_owner if owner is None else weakref.ref(owner)
        )

    def _inner_layers(self) -> Sequence[Layer]:
        """The layers inside this one."""
        return ()

    @property
    def _standing(self) -> Standing:
        """What building changes; set again, it undoes the building."""
        inner = [layer._standing for layer in self._inner_layers()]
        return Standing(self._place, self._sample, self._batch, self._kept_weights, inner)

    @_standing.setter
    def _standing(self, before: Standing) -> None:
        self._place, self._sample, self._batch, self._kept_weights, inner = before
        for layer, standing in zip(self._inner_layers(), inner, strict=True):
            layer._standing = standing

    def _taken_names(self) -> Sequence[str]:
        siblings: Sequence[Layer] = getattr(self._owner, "layers", ())
        return [layer.name for layer in siblings if layer is not self]

    def _options_of_core(self) -> Sequence[str]:
        """The attributes that are fixed once the layer is built."""
        return self._option_names

    # ---- building ------------------------------------------------------------------------------

    def _options(self) -> _core.LayerOptions:
        """The layer as the core knows it."""
        raise NotImplementedError  # unreachable: the constructor refuses a Layer by itself

    @property
    def built(self) -> bool:
        """Has the layer its weights?"""
        return self._place is not None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for inputs of this shape, batch axis included: (None, T, F).

        Raises ValueError if the layer cannot take such input, or has weights of another shape.
        """
        full = _checks.shape(input_shape, f"{self.name}: input_shape")
        if self._owner is not None and self._place is not None and self._sample != full[1:]:
            raise ValueError(
                f"layer {self.name!r} stands in a model, built for {self.input_shape}; received "
                f"{full}"
            )
        self._build(full[1:], self.dtype or backend.floatx())
        if self._owner is None and full[:1] != (None,):
            self._batch = full[0]

    def _build(self, sample: Sample, dtype: str) -> Sample:
        """Makes the weights, or takes along those that it has; returns the output's shape."""
        place = self._place
        if place is not None and self._sample == sample and place.network.dtype == dtype:
            return self._output_sample()
        try:
            # A copy draws nothing, but for the random numbers of its own use.
            seed = fresh_seed() if self._kept_weights is None else 0
            network = _core.Network([self._options()], _checks.core_shape(sample), dtype, seed)
        except ValueError as error:
            raise ValueError(f"layer {self.name!r}: {error}") from None
        self._move(network, 0, sample)
        return self._output_sample()

    def _move(self, network: _core.Network, index: int, sample: Sample) -> None:
        """Puts the weights, new ones if there are none yet, into layer `index` of a network."""
        parameters = network.parameters(index)
        values = self._weights_for(parameters, np.dtype(network.dtype), sample)
        for k, value in enumerate(values):
            network.set_parameter(index, k, value)
        for k, regularizer in enumerate(self._regularizers(parameters)):
            if regularizer is not None:
                network.set_regularizer(index, k, regularizer.l1, regularizer.l2)
        if not self._trainable:
            network.set_trainable(index, False)
        self._sample = sample
        self._kept_weights = None
        self._settle(Place(network, index, 0, len(parameters)))

    def _settle(self, place: Place) -> None:
        is_new, self._place = self._place is None, place
        if is_new and getattr(self, "activation", None) == "softmax":
            self._warn_of_certainty()

    def _warn_of_certainty(self) -> None:
        if self._output_sample()[-1:] == (1,):
            warn(
                f"layer {self.name!r}: softmax over one unit is always 1, whatever the weights. "
                "For one probability take 'sigmoid', for two classes two units"
            )

    def _weights_for(
        self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample
    ) -> list[Array]:
        """The weights that the layer has, those it was given, or new ones for such input."""
        kept = self.get_weights() if self._place is not None else self._kept_weights
        if kept is not None:
            return self._fitting_weights(kept, parameters, dtype)
        if self._given_weights is not None:
            return self._checked_weights(self._given_weights, parameters, dtype)
        return self._draw(parameters, dtype, sample)

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample) -> list[Array]:
        """Initial values, in the order of the parameters."""
        return [self._draw_one(name, shape, dtype, sample) for name, shape in parameters]

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        initializer: Initializer = getattr(self, _role(name, "initializer"))
        value = np.asarray(initializer(shape, dtype=dtype.name))
        if value.shape != shape:
            raise ValueError(
                f"layer {self.name!r}: {_role(name, 'initializer')}: expected an array of shape "
                f"{shape}, received {value.shape}"
            )
        values = _checks.numbers(value, dtype, _role(name, "initializer"))
        _checks.refuse_nonfinite(values, f"layer {self.name!r}: {_role(name, 'initializer')}")
        return values

    def _regularizers(self, parameters: Parameters) -> list[Regularizer | None]:
        return [getattr(self, _role(name, "regularizer"), None) for name, _ in parameters]

    def _output_sample(self) -> Sample:
        place = self._built_place()
        return _checks.sample_shape(place.network.output_shape(place.number))

    def _built_place(self) -> Place:
        if self._place is None:
            raise ValueError(f"layer {self.name!r} has no weights yet: {NOT_BUILT}")
        return self._place

    # ---- weights -------------------------------------------------------------------------------

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in Keras's order and layout; [] before the layer is built."""
        if self._place is None:
            return []
        network, number, first, size, _ = self._place
        return [network.get_parameter(number, k) for k in range(first, first + size)]

    def _read_weight(self, k: int) -> Array:
        """A copy of weight number k."""
        network, number, first, _, _ = self._built_place()
        return network.get_parameter(number, first + k)

    def _write_weight(self, k: int, value: Any) -> None:
        """Sets weight number k, checked as in set_weights()."""
        network, number, first, _, _ = self._built_place()
        parameters = self._parameters()[k : k + 1]
        (array,) = self._checked_weights([value], parameters, np.dtype(network.dtype))
        network.set_parameter(number, first + k, array)

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Sets all weights at once.

        Args:
            weights: arrays in the order and the shapes of get_weights(): none before the layer is
                built.

        Raises:
            ValueError: the number of arrays or a shape is another, or a number is not finite where
                the layer's own is; nothing is set then.
        """
        values = self._listed(weights)
        if values or self._place is not None:
            self._write_weights(self._own_weights(values))

    def _own_weights(self, weights: Iterable[Any], *, finite: bool = True) -> list[Array]:
        """Weights for the layer as it is built, checked; finite=False takes NaN and infinity."""
        check = self._checked_weights if finite else self._fitting_weights
        return check(weights, self._parameters(), np.dtype(self._built_place().network.dtype))

    def _write_weights(self, checked: Sequence[Array]) -> None:
        network, number, first, _, _ = self._built_place()
        for k, value in enumerate(checked):
            network.set_parameter(number, first + k, value)

    def _listed(self, weights: Any) -> list[Any]:
        if isinstance(weights, (str, bytes)) or not isinstance(weights, Iterable):
            raise TypeError(f"layer {self.name!r}: expected a list of arrays, received {weights!r}")
        return _checks.entries(weights)

    def _parameters(self) -> Parameters:
        network, number, first, size, _ = self._built_place()
        return network.parameters(number)[first : first + size]

    def _checked_weights(
        self, weights: Iterable[Any], parameters: Parameters, dtype: np.dtype[Any]
    ) -> list[Array]:
        """Weights that the user gave. NaN and infinity pass only where the layer holds such a
        number already: what get_weights() gives can be set again, even after training diverged.
        """
        checked = self._fitting_weights(weights, parameters, dtype)
        for k, (array, (name, _)) in enumerate(zip(checked, parameters, strict=True)):
            if not np.isfinite(array).all():
                held = self.get_weights()[k] if self._place is not None else np.zeros_like(array)
                new = np.where(np.isfinite(held), array, dtype.type(0))
                _checks.refuse_nonfinite(new, f"layer {self.name!r}: {name}")
        return checked

    def _fitting_weights(
        self, weights: Iterable[Any], parameters: Parameters, dtype: np.dtype[Any]
    ) -> list[Array]:
        """The weights as arrays of these shapes, finite or not."""
        values = self._listed(weights)
        if len(values) != len(parameters):
            raise ValueError(
                f"layer {self.name!r}: expected {len(parameters)} weight arrays "
                f"({', '.join(name for name, _ in parameters) or 'it has none'}), received "
                f"{len(values)}"
            )
        fitting = []
        for value, (name, shape) in zip(values, parameters, strict=True):
            array = _checks.kept_numbers(value, dtype, f"layer {self.name!r}: {name}")
            if array.shape != tuple(shape):
                raise ValueError(
                    f"layer {self.name!r}: {name}: expected shape {tuple(shape)}, received "
                    f"{array.shape}"
                )
            fitting.append(array)
        return fitting

    def _weight(self, k: int) -> Weight:
        """Weight number k of a built layer, read-only."""
        name = self._parameters()[k][0]
        read, write = partial(self._read_weight, k), partial(self._write_weight, k)
        return Weight(read(), Origin(name, f"{self.name}/{name}", read, write))

    def _weight_named(self, name: str) -> Weight | None:
        """The weight of that name; None where the layer is not built or has no such weight."""
        for k, (known, _) in enumerate(self._parameters() if self._place else ()):
            if known.endswith(name) and known.removesuffix(name) in ("", "forward_", "backward_"):
                return self._weight(k)
        return None

    @property
    def weights(self) -> list[Weight]:
        """The weights in the order of get_weights(), read-only, each with its name."""
        return [self._weight(k) for k in range(0 if self._place is None else self._place.size)]

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes, as in `weights`."""
        return self.weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training leaves as they are, as in `weights`."""
        return [] if self.trainable else self.weights

    def count_params(self) -> int:
        """How many numbers the weights are.

        Raises ValueError before the layer is built.
        """
        return sum(int(np.prod(shape, dtype=np.int64)) for _, shape in self._parameters())

    @property
    def trainable(self) -> bool:
        """Does training change the weights? Takes effect at once, also on a compiled model; in a
        fit that runs, when its next epoch begins.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if self._place is not None and not self._place.inner:
            self._place.network.set_trainable(self._place.number, bool(value))
        self._trainable = bool(value)

    # ---- shapes --------------------------------------------------------------------------------

    @property
    def input_shape(self) -> Sample:
        """Of a batch: (None, T, F). Raises AttributeError before the layer is built."""
        self._require_shapes()
        return (self._batch, *(self._sample or ()))

    @property
    def output_shape(self) -> Sample:
        """Of a batch: (None, H). Raises AttributeError before the layer is built."""
        self._require_shapes()
        return (self._batch, *self._output_sample())

    def _require_shapes(self) -> None:
        if self._place is None:
            raise AttributeError(f"layer {self.name!r} has no shapes yet: {NOT_BUILT}")

    # ---- one layer by itself -------------------------------------------------------------------

    def __call__(self, x: Any, mask: Any = None, training: bool = False) -> Any:
        """The layer's output for a batch of inputs.

        Args:
            x: [B, T, F] or [B, F], any array of numbers; ids [B, T] for an Embedding. A layer that
                is not built yet is built for this shape.
            mask: [B, T], True where a step counts. Default None: all do.
            training: True turns dropout on. Default False.

        Returns:
            An array, batch first.

        Raises:
            TypeError, ValueError: x or mask do not fit the layer.
        """
        with as_before([self]):
            return self._run(x, mask, None, training)[0]

    def _run(
        self, x: Any, mask: Any, initial_state: list[Array] | None, training: bool
    ) -> tuple[Array, list[Array]]:
        place, data, steps = self._prepared(x, mask)
        return place.network.run_layer(place.number, data, steps, initial_state, bool(training))

    def _prepared(self, x: Any, mask: Any) -> tuple[Place, Array, NDArray[np.uint8] | None]:
        """A layer that is built for x, and x and mask as the core takes them."""
        if isinstance(x, Layer):
            raise TypeError(
                f"layer {self.name!r}: expected an array, received the layer {x.name!r}. Models "
                "are made with Sequential; the functional API does not exist yet"
            )
        array = _checks.as_array(x, "x")
        self._build_for(array)
        place = self._built_place()
        self._refuse_inner(place)
        data = self._checked_input(array, np.dtype(place.network.dtype))
        if mask is None:
            return place, data, None
        if data.ndim < (2 if self._takes_ids else 3):
            raise ValueError(f"mask: x of shape {data.shape} has no time steps to mask")
        return place, data, _checks.mask_bytes(mask, data)

    def _refuse_inner(self, place: Place) -> None:
        if place.inner:
            raise ValueError(
                f"layer {self.name!r} stands inside another layer and cannot be run by itself; "
                "call the outer one"
            )

    def _checked_input(self, array: Array, dtype: np.dtype[Any]) -> Array:
        return _checks.inputs(array, self._sample or (), dtype)

    def _build_for(self, array: Array) -> None:
        sample = array.shape[1:]
        if self._place is not None and (
            self._owner is not None or _checks.fits(sample, self._sample or ())
        ):
            return
        if array.ndim < 2 or array.size == 0:
            raise ValueError(
                f"x: expected an array of shape (samples, ...) for layer {self.name!r}, received "
                f"{array.shape}"
            )
        self._build_first([*candidate_shapes(sample, self._takes_ids)])

    def _build_first(self, samples: list[Sample]) -> None:
        for sample in samples[:-1]:
            try:
                self._build(sample, self.dtype or backend.floatx())
                return
            except ValueError:
                continue
        self._build(samples[-1], self.dtype or backend.floatx())

    def trace(self, x: Any, mask: Any = None, initial_state: Any = None) -> dict[str, Any]:
        """Every gate and state over time: what a recurrent layer does inside.

        Args:
            x: [B, T, F], the input of this layer; B sequences of different lengths as a list of
                arrays [T, F]. model.trace(x, layer) takes the input of the model instead.
            mask: [B, T], True where a step counts; for a list a list of [T]. Default None.
            initial_state: one array [B, H] per state. Default None: zeros.

        Returns:
            Name to [B, T, H] (gates of MemoryBlocks: a number for each block): the gates and the
            candidate by their letters in the equations, then the states (LSTM: i, f, g, o, c, h).
            A gate that is switched off is left out; Bidirectional puts forward_ and backward_ in
            front. For a list of sequences name to a list of [T, H]. Empty for layers that are not
            recurrent.

        Raises:
            TypeError, ValueError: an argument does not fit the layer.
        """
        from echocell import _tracing  # which knows models

        with as_before([self]):
            return _tracing.of_layer(self, x, mask, initial_state)

    def _trace_batch(self, x: Any, mask: Any, initial_state: Any) -> dict[str, Array]:
        place, data, steps = self._prepared(x, mask)
        states = self._checked_states(initial_state, len(data))
        return place.network.trace_layer(place.number, data, steps, states)

    def _checked_states(
        self, states: Any, rows: int | None, *, finite: bool = True
    ) -> list[Array] | None:
        if states is None:
            return None
        place = self._built_place()
        return _checks.states(
            states,
            place.network.state_widths(place.number),
            rows,
            np.dtype(place.network.dtype),
            f"layer {self.name!r}: states",
            finite=finite,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """For copy and pickle: the layer alone, with its weights and the states it carries."""
        from echocell import _copying  # which knows all layers

        return _copying.layer_from_bytes, (_copying.layer_to_bytes(self),)


def _role(parameter: str, what: str) -> str:
    """recurrent_kernel, 'initializer' -> recurrent_initializer."""
    return f"{parameter.removesuffix('_kernel')}_{what}"


def weight_view(name: str, shape: str) -> property:
    """A read-only attribute for one weight of a layer."""

    def getter(self: Layer) -> Weight | None:
        return self._weight_named(name)

    doc = f"The {name}, {shape}, as a read-only array; None before the layer is built."
    return property(getter, doc=doc)
