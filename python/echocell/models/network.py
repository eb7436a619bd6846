"""A chain of layers to look at: weights, carried states, configuration.

B batch, H units.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from echocell._common import scalars
from echocell._common.keras_arguments import SUMMARY
from echocell._data import arrays
from echocell.layers import serialization
from echocell.layers.layer import Layer
from echocell.layers.rnn.state_keeper import StateKeeper
from echocell.layers.weight import Weight
from echocell.models.chain import Chain
from echocell.models.summary import summary_lines

Array = NDArray[Any]


class Stack(Chain):
    """A chain of layers with its weights and states."""

    # ---- layers --------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        **others: Any,
    ) -> None:
        """Prints the table of layers, output shapes and numbers of weights.

        Args:
            line_length: width in characters. Default 65, or as many more as the names need and the
                terminal has.
            positions: where the columns end, as shares of the width.
            print_fn: called with each line. Default print.
            **others: Keras's further arguments, at the values at which they ask for nothing.

        Raises TypeError or ValueError for an argument that does not exist or is not supported.
        """
        SUMMARY.check("summary", others, self.summary)
        say = print if print_fn is None else print_fn
        for line in summary_lines(self.name, self._layers, line_length, positions):
            say(line)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name or number.

        Raises ValueError where there is none.
        """
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ValueError(f"get_layer: expected below {len(self._layers)}, received {index}")
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in self._layers)
        raise ValueError(f"get_layer: no layer is named {name!r}; there are {known or 'none'}")

    # ---- weights -------------------------------------------------------------------------------

    def get_weights(self) -> list[Array]:
        """Copies of all weights, layer by layer, in Keras's order and layout; [] before the model
        is built.
        """
        return [value for layer in self._layers for value in layer.get_weights()]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Sets all weights at once.

        Args:
            weights: arrays in the order and the shapes of get_weights().

        Raises:
            ValueError: the number of arrays or a shape is another, or a number is not finite where
                the model's own is; nothing is set then.
        """
        self._put_weights(weights)

    def _put_weights(self, weights: Iterable[Any], *, finite: bool = True) -> None:
        """See set_weights(); finite=False takes what a model has held before as it is."""
        values = arrays.entries(weights)
        built = [layer for layer in self._layers if layer.built]
        if values and not built:
            self._built_for()
        counts = [len(layer._parameters()) for layer in built]
        if len(values) != sum(counts):
            raise ValueError(
                f"set_weights: expected {sum(counts)} checked_arrays, received {len(values)}"
            )
        rest = iter(values)
        checked = [
            layer._own_weights(itertools.islice(rest, count), finite=finite)
            for layer, count in zip(built, counts, strict=True)
        ]
        for layer, checked_arrays in zip(built, checked, strict=True):
            layer._write_weights(checked_arrays)

    @property
    def weights(self) -> list[Weight]:
        """The weights in the order of get_weights(), read-only, each with its name."""
        return [value for layer in self._layers for value in layer.weights]

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes, as in `weights`."""
        return [value for layer in self._layers for value in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training leaves as they are, as in `weights`."""
        return [value for layer in self._layers for value in layer.non_trainable_weights]

    def count_params(self) -> int:
        """How many numbers the weights are. Raises ValueError before the model is built."""
        self._built_for()
        return sum(layer.count_params() for layer in self._layers)

    # ---- states --------------------------------------------------------------------------------

    def _state_layers(self) -> list[StateKeeper]:
        keepers = [layer for layer in self._layers if isinstance(layer, StateKeeper)]
        return [layer for layer in keepers if layer._keeps_states()]

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Forgets the carried states; another batch size may come then.

        Args:
            rows: only these rows of the batch. Default None: all.

        Raises:
            ValueError: a row is not in the batch.
        """
        if self._network is not None:
            if rows is None:
                self._network.reset_states()
            else:
                self._network.reset_states(
                    -1, [scalars.whole(row, "rows", least=0) for row in arrays.entries(rows)]
                )

    reset_state = reset_states

    def get_states(self) -> list[list[Array]]:
        """Copies of the carried states: one list per recurrent layer, in order, of its states
        (LSTM: h, c), [B, H] each; [] for a layer that carries none.

        Raises ValueError before the model is built.
        """
        self._ready()
        return [layer.get_states() for layer in self._state_layers()]

    def set_states(self, states: Sequence[Any]) -> None:
        """Sets the carried states.

        Args:
            states: as get_states() gives them; [] forgets those of a layer.

        Raises:
            ValueError: the number of layers, checked_arrays or rows is wrong; nothing is set then.
        """
        self._put_states(states)

    def _put_states(self, states: Sequence[Any], *, finite: bool = True) -> None:
        """See set_states(); finite=False takes what a model has carried before as it is."""
        network = self._ready()
        keepers = self._state_layers()
        given = arrays.entries(states)
        if len(given) != len(keepers):
            raise ValueError(
                f"set_states: expected {len(keepers)} lists, one per recurrent layer, received "
                f"{len(given)}"
            )
        checked = [
            layer._checked_states(entry, self._batch, finite=finite) if len(entry) else None
            for layer, entry in zip(keepers, given, strict=True)
        ]
        sizes = {len(checked_arrays[0]) for checked_arrays in checked if checked_arrays}
        if len(sizes) > 1:
            raise ValueError(f"set_states: expected one batch size, received {sorted(sizes)}")
        network.reset_states()
        for layer, checked_arrays in zip(keepers, checked, strict=True):
            if checked_arrays:
                network.set_states(self._layers.index(layer), checked_arrays)

    # ---- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What from_config makes an equal model of, without its weights: plain values."""
        entries = [*([self._input] if self._input is not None else []), *self._layers]
        config: dict[str, Any] = {
            "name": self.name,
            "dtype": self.dtype,
            "layers": [serialization.serialize(layer) for layer in entries],
        }
        if self.built and not self._assumed:
            config["build_input_shape"] = [self._batch, *(self._sample or ())]
        return config
