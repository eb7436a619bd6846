"""A layer with its weights: whose it is, how it is built, what it holds.

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

from echocell import _core, backend
from echocell._common.overrides import LAYER, Guarded, abstract
from echocell._common.seeds import fresh_seed
from echocell._common.warning import warn
from echocell._data import arrays, shapes
from echocell._data.shapes import Sample
from echocell.initializers import Initializer
from echocell.layers.arguments import Arguments
from echocell.layers.location import Place, Standing, no_owner
from echocell.layers.weight import Origin, Weight
from echocell.regularizers import Regularizer

Array = NDArray[Any]
Parameters = Sequence[tuple[str, tuple[int, ...]]]

NOT_BUILT = (
    "it does not know the shape of its input. Put it in a model with an input_shape, call it on "
    "data, or call build()"
)


class BuiltLayer(Arguments, Guarded):
    """What Layer knows of its weights."""

    _never_called = LAYER
    _place: Place | None = None

    def __init__(self, **shared: Any) -> None:
        if type(self)._options is BuiltLayer._options:
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

    def _inner_layers(self) -> Sequence[BuiltLayer]:
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
        siblings: Sequence[BuiltLayer] = getattr(self._owner, "layers", ())
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
        full = shapes.shape(input_shape, f"{self.name}: input_shape")
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
            network = _core.Network([self._options()], shapes.core_shape(sample), dtype, seed)
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
        values = arrays.numbers(value, dtype, _role(name, "initializer"))
        arrays.refuse_nonfinite(values, f"layer {self.name!r}: {_role(name, 'initializer')}")
        return values

    def _regularizers(self, parameters: Parameters) -> list[Regularizer | None]:
        return [getattr(self, _role(name, "regularizer"), None) for name, _ in parameters]

    def _output_sample(self) -> Sample:
        place = self._built_place()
        return shapes.sample_shape(place.network.output_shape(place.number))

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
        return arrays.entries(weights)

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
                arrays.refuse_nonfinite(new, f"layer {self.name!r}: {name}")
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
            array = arrays.kept_numbers(value, dtype, f"layer {self.name!r}: {name}")
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


def _role(parameter: str, what: str) -> str:
    """recurrent_kernel, 'initializer' -> recurrent_initializer."""
    return f"{parameter.removesuffix('_kernel')}_{what}"
