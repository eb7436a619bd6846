"""A layer with its weights: its owner, how it is built, and what it holds.

A layer object holds options; its weights live in a `_core.Network`. Outside of a model that is a
network of this layer alone. A model makes one network of all its layers and moves the weights
there.

B batch, T time steps, F features, H units. A sample shape has no batch axis.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from echocell import _core, backend
from echocell._common.overrides import LAYER, Guarded, abstract
from echocell._common.seeds import fresh_seed
from echocell._common.warning import warn
from echocell._data import arrays, shapes
from echocell._data.shapes import Sample
from echocell.layers.arguments import Arguments
from echocell.layers.location import Placement, WeightLocation, no_owner
from echocell.layers.weight import Origin, Weight
from echocell.layers.weight_arrays import Parameters, drawn, fitting, listed, option_of
from echocell.regularizers import Regularizer

Array = NDArray[Any]

NOT_BUILT = (
    "it does not know the shape of its input. Put it in a model with an input_shape, call it on "
    "data, or call build()"
)


class BuiltLayer(Arguments, Guarded):
    """Builds a layer and holds its weights."""

    _never_called = LAYER
    #: The core's class of options, if its fields have the names of the options here.
    _core_options: ClassVar[type[Any] | None] = None
    location: WeightLocation | None = None

    def __init__(self, **shared: Any) -> None:
        if self._core_options is None and type(self).core_options is BuiltLayer.core_options:
            raise abstract(self, "Layer", "layers that exist, such as Dense or LSTM")
        super().__init__(**shared)
        self.location = None
        self.input_sample: Sample | None = None
        self.owner = None
        self.fixed_batch = self.stated_batch  # of the model, once the layer is part of one

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute.

        Raises:
            AttributeError: it is an option, and the layer is built: the core holds a copy of it.
        """
        if self.location is not None and name in self._options_of_core():
            raise AttributeError(
                f"layer {self.name!r}: {name} cannot be changed after the layer is built. "
                f"Make a new {type(self).__name__} with {name}={value!r}, and hand over "
                "get_weights() where they fit"
            )
        super().__setattr__(name, value)

    @property
    def owner(self) -> object | None:
        """The model or the wrapper that contains the layer, held by a weak reference.

        Strong references in both directions would keep the weights until the cyclic garbage
        collector runs.
        """
        return self._owner_reference()

    @owner.setter
    def owner(self, owner: object | None) -> None:
        self._owner_reference: Callable[[], object | None] = (
            no_owner if owner is None else weakref.ref(owner)
        )

    def inner_layers(self) -> Sequence[BuiltLayer]:
        """Returns the layers inside this one."""
        return ()

    @property
    def placement(self) -> Placement:
        """The attributes that building changes; restoring them undoes the building."""
        inner = [layer.placement for layer in self.inner_layers()]
        return Placement(
            self.location, self.input_sample, self.fixed_batch, self.kept_weights, inner
        )

    @placement.setter
    def placement(self, before: Placement) -> None:
        self.location, self.input_sample, self.fixed_batch, self.kept_weights, inner = before
        for layer, placement in zip(self.inner_layers(), inner, strict=True):
            layer.placement = placement

    def _taken_names(self) -> Sequence[str]:
        siblings: Sequence[BuiltLayer] = getattr(self.owner, "layers", ())
        return [layer.name for layer in siblings if layer is not self]

    def _options_of_core(self) -> Sequence[str]:
        """Returns the attributes that cannot change once the layer is built."""
        return self.option_names

    # ---- building ------------------------------------------------------------------------------

    def core_options(self) -> _core.LayerOptions:
        """Returns the options in the form that the core takes."""
        assert self._core_options is not None
        return cast(_core.LayerOptions, self._core_options(**self.values_for_core()))

    @property
    def built(self) -> bool:
        """Whether the layer has its weights."""
        return self.location is not None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Creates the weights for inputs of this shape, including the batch axis: (None, T, F).

        Raises:
            ValueError: the layer cannot take such input, or has weights of another shape.
        """
        full = shapes.shape(input_shape, f"{self.name}: input_shape")
        if self.owner is not None and self.location is not None and self.input_sample != full[1:]:
            raise ValueError(
                f"layer {self.name!r} stands in a model, built for {self.input_shape}; received "
                f"{full}"
            )
        self.build_sample(full[1:], self.dtype or backend.floatx())
        if self.owner is None and full[:1] != (None,):
            self.fixed_batch = full[0]

    def build_sample(self, sample: Sample, dtype: str) -> Sample:
        """Creates the weights, or keeps existing ones; returns the shape of an output sample."""
        location = self.location
        if location is not None and self.input_sample == sample and location.network.dtype == dtype:
            return self.output_sample()
        try:
            # A copy draws random numbers only for its own later use.
            seed = fresh_seed() if self.kept_weights is None else 0
            shape = shapes.core_shape(sample)
            network = _core.make_network([self.core_options()], shape, dtype, seed)
        except ValueError as error:
            raise ValueError(f"layer {self.name!r}: {error}") from None
        self.move_weights(network, 0, sample)
        return self.output_sample()

    def move_weights(self, network: _core.Network, index: int, sample: Sample) -> None:
        """Moves the weights, new ones if there are none, into layer `index` of a network."""
        parameters = network.parameters(index)
        values = self.weights_for(parameters, np.dtype(network.dtype), sample)
        for k, value in enumerate(values):
            network.set_parameter(index, k, value)
        for k, regularizer in enumerate(self.regularizers_of(parameters)):
            if regularizer is not None:
                network.set_regularizer(index, k, regularizer.l1, regularizer.l2)
        if not self._trainable:
            network.set_trainable(index, False)
        self.input_sample = sample
        self.kept_weights = None
        self.settle(WeightLocation(network, index, 0, len(parameters)))

    def settle(self, location: WeightLocation) -> None:
        """Records where the layer's weights are stored, after they were moved there.

        Args:
            location: the parameters in a network.
        """
        is_new, self.location = self.location is None, location
        if is_new and getattr(self, "activation", None) == "softmax":
            self._warn_of_certainty()

    def _warn_of_certainty(self) -> None:
        if self.output_sample()[-1:] == (1,):
            warn(
                f"layer {self.name!r}: softmax over one unit is always 1, whatever the weights. "
                "For one probability take 'sigmoid', for two classes two units"
            )

    def weights_for(
        self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample
    ) -> list[Array]:
        """Returns the current weights, the given initial ones, or newly drawn ones for this
        input.
        """
        kept = self.get_weights() if self.location is not None else self.kept_weights
        if kept is not None:
            return self.fitting_weights(kept, parameters, dtype)
        if self.initial_weights is not None:
            return self._checked_weights(self.initial_weights, parameters, dtype)
        return self._draw(parameters, dtype, sample)

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any], sample: Sample) -> list[Array]:
        """Draws initial values, in the order of the parameters."""
        return [self._draw_one(name, shape, dtype, sample) for name, shape in parameters]

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        option = option_of(name, "initializer")
        return drawn(getattr(self, option), shape, dtype, f"layer {self.name!r}: {option}")

    def regularizers_of(self, parameters: Parameters) -> list[Regularizer | None]:
        """Returns the regularizer of each parameter; None where there is none.

        Args:
            parameters: names and shapes.
        """
        return [getattr(self, option_of(name, "regularizer"), None) for name, _ in parameters]

    def output_sample(self) -> Sample:
        """Returns the shape of an output sample; None in it is an open axis.

        Raises:
            ValueError: the layer is not built.
        """
        location = self.built_location()
        return shapes.sample_shape(location.network.output_shape(location.number))

    def built_location(self) -> WeightLocation:
        """Returns where the weights are stored.

        Raises:
            ValueError: the layer is not built.
        """
        if self.location is None:
            raise ValueError(f"layer {self.name!r} has no weights yet: {NOT_BUILT}")
        return self.location

    def known_weights(self) -> list[Array]:
        """Returns the weights, also before the layer is built if initial ones were given."""
        if self.built:
            return self.get_weights()
        return [np.asarray(value) for value in self.kept_weights or self.initial_weights or ()]

    def carried_states(self) -> list[Array]:
        """Returns copies of the states that are carried to the next batch; [] if there are none."""
        return []

    # ---- weights -------------------------------------------------------------------------------

    def get_weights(self) -> list[Array]:
        """Returns copies of the weights, in Keras's order and layout; [] before the layer is
        built.
        """
        if self.location is None:
            return []
        network, number, first, size, _ = self.location
        return [network.get_parameter(number, k) for k in range(first, first + size)]

    def _read_weight(self, k: int) -> Array:
        """Returns a copy of weight number k."""
        network, number, first, _, _ = self.built_location()
        return network.get_parameter(number, first + k)

    def _write_weight(self, k: int, value: Any) -> None:
        """Sets weight number k, with the checks of set_weights()."""
        network, number, first, _, _ = self.built_location()
        parameters = self.parameters()[k : k + 1]
        (array,) = self._checked_weights([value], parameters, np.dtype(network.dtype))
        network.set_parameter(number, first + k, array)

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Sets all weights at once.

        Args:
            weights: arrays in the order and the shapes of get_weights(); empty before the layer is
                built.

        Raises:
            ValueError: the number of arrays or a shape differs, or a number is not finite where the
                current one is. No weight is set then.
        """
        values = listed(weights, f"layer {self.name!r}")
        if values or self.location is not None:
            self.write_weights(self.own_weights(values))

    def own_weights(self, weights: Iterable[Any], *, finite: bool = True) -> list[Array]:
        """Checks weights for the built layer; with finite=False, NaN and infinity are accepted."""
        check = self._checked_weights if finite else self.fitting_weights
        return check(weights, self.parameters(), np.dtype(self.built_location().network.dtype))

    def write_weights(self, checked: Sequence[Array]) -> None:
        """Sets the weights of the built layer without further checks.

        Args:
            checked: the result of own_weights().
        """
        network, number, first, _, _ = self.built_location()
        for k, value in enumerate(checked):
            network.set_parameter(number, first + k, value)

    def parameters(self) -> Parameters:
        """Returns names and shapes of the weights, in the order of get_weights().

        Raises:
            ValueError: the layer is not built.
        """
        network, number, first, size, _ = self.built_location()
        return network.parameters(number)[first : first + size]

    def _checked_weights(
        self, weights: Iterable[Any], parameters: Parameters, dtype: np.dtype[Any]
    ) -> list[Array]:
        """Checks weights given by the user.

        NaN and infinity are accepted only where the layer holds such a number already, so that the
        result of get_weights() can be set again after training diverged.
        """
        checked = self.fitting_weights(weights, parameters, dtype)
        for k, (array, (name, _)) in enumerate(zip(checked, parameters, strict=True)):
            if not np.isfinite(array).all():
                held = self.get_weights()[k] if self.location is not None else np.zeros_like(array)
                new = np.where(np.isfinite(held), array, dtype.type(0))
                arrays.refuse_nonfinite(new, f"layer {self.name!r}: {name}")
        return checked

    def fitting_weights(
        self, weights: Iterable[Any], parameters: Parameters, dtype: np.dtype[Any]
    ) -> list[Array]:
        """Returns the weights as arrays of these shapes, finite or not."""
        name = f"layer {self.name!r}"
        return fitting(listed(weights, name), parameters, dtype, name)

    def _weight(self, k: int) -> Weight:
        """Returns weight number k of a built layer, read-only."""
        name = self.parameters()[k][0]
        read, write = partial(self._read_weight, k), partial(self._write_weight, k)
        return Weight(read(), Origin(name, f"{self.name}/{name}", read, write))

    def _weight_named(self, name: str) -> Weight | None:
        """Returns the weight of that name; None if the layer is not built or has no such weight."""
        for k, (known, _) in enumerate(self.parameters() if self.location else ()):
            if known.endswith(name) and known.removesuffix(name) in ("", "forward_", "backward_"):
                return self._weight(k)
        return None

    @property
    def weights(self) -> list[Weight]:
        """The weights in the order of get_weights(), read-only, each with its name."""
        return [self._weight(k) for k in range(0 if self.location is None else self.location.size)]

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes; see `weights`."""
        return self.weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training does not change; see `weights`."""
        return [] if self.trainable else self.weights

    def count_params(self) -> int:
        """Returns the number of elements of all weights.

        Raises:
            ValueError: the layer is not built.
        """
        return sum(int(np.prod(shape, dtype=np.int64)) for _, shape in self.parameters())

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights.

        Setting it takes effect at once, also on a compiled model; during fit, at the next epoch.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if self.location is not None and not self.location.inner:
            self.location.network.set_trainable(self.location.number, bool(value))
        self._trainable = bool(value)

    # ---- shapes --------------------------------------------------------------------------------

    @property
    def input_shape(self) -> Sample:
        """Shape of an input batch: (None, T, F). Raises AttributeError before the layer is
        built.
        """
        self._require_shapes()
        return (self.fixed_batch, *(self.input_sample or ()))

    @property
    def output_shape(self) -> Sample:
        """Shape of an output batch: (None, H). Raises AttributeError before the layer is built."""
        self._require_shapes()
        return (self.fixed_batch, *self.output_sample())

    def _require_shapes(self) -> None:
        if self.location is None:
            raise AttributeError(f"layer {self.name!r} has no shapes yet: {NOT_BUILT}")
