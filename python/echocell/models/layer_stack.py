"""The layers of a model: their shapes, weights and carried states.

B batch, T time steps, F features, H units. A sample shape has no batch axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from echocell._common import scalars
from echocell._common.keras_arguments import SUMMARY
from echocell._common.naming import valid_name
from echocell._data import arrays, shapes
from echocell._data.shapes import Sample
from echocell.layers import Layer
from echocell.layers.serialization import serialize
from echocell.layers.weight import Weight
from echocell.models import weights as weights_of
from echocell.models.graph import NOT_BUILT, Graph

Array = NDArray[Any]


class LayerStack:
    """The methods of a model that concern its layers: shapes, weights, states, configuration."""

    graph: Graph
    _all_trainable: bool

    # ---- layers --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name; not empty, without "/"."""
        return self.graph.name

    @name.setter
    def name(self, value: str) -> None:
        self.graph.name = valid_name(value, type(self).__name__)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input, as a new list; changing it does not change the model."""
        return self.graph.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Returns the layer of this name or number.

        Raises:
            ValueError: there is no such layer.
        """
        return self.graph.layer(name, index)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        **others: Any,
    ) -> None:
        """Prints a table of the layers, their output shapes and numbers of weights.

        Args:
            line_length: width in characters. Default 65, or more if the names need it and the
                terminal is wide enough.
            positions: ends of the columns, as fractions of the width.
            print_fn: called with each line. Default print.
            **others: further arguments of Keras, accepted at the values that request nothing.

        Raises:
            TypeError: an argument does not exist.
            ValueError: an argument is not supported.
        """
        SUMMARY.check("summary", others, self.summary)
        from echocell.models.summary import summary_lines  # imported here: rarely needed

        say = print if print_fn is None else print_fn
        for line in summary_lines(self.name, self.graph.layers, line_length, positions):
            say(line)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights. Setting it sets that of every layer."""
        return self._all_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.graph.layers:
            layer.trainable = bool(value)
        self._all_trainable = bool(value)

    # ---- building ------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """'float32' or 'float64': dtype of weights, data and results."""
        return self.graph.dtype

    @property
    def built(self) -> bool:
        """Whether the model has its weights."""
        return self.graph.built

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Creates the weights for batches of this shape.

        Args:
            input_shape: shape with the batch axis first: (None, T, F). Default: the shape given by
                the first layer.

        Raises:
            ValueError: no shape is known, a layer cannot take it, the model has another, or is
                being trained; nothing is built then.
        """
        graph = self.graph
        graph.refuse_while_fitting("build")
        if input_shape is None:
            graph.ready()
            return
        full = shapes.shape(input_shape, "build: input_shape")
        if graph.sample is not None and not graph.assumed and full[1:] != graph.sample:
            raise ValueError(
                f"build: the model is built for input shape {self.input_shape}, received {full}"
            )
        graph.build([full[1:]])
        graph.fix_batch(full[0] if full else None)

    @property
    def input_shape(self) -> Sample:
        """Shape of an input batch: (None, T, F). Raises AttributeError before the model is
        built.
        """
        if self.graph.sample is None:
            raise AttributeError(f"model {self.name!r} has no input shape yet: {NOT_BUILT}")
        return (self.graph.batch, *self.graph.sample)

    @property
    def output_shape(self) -> Sample:
        """Shape of an output batch: (None, H). Raises AttributeError before the model is built."""
        if not self.built:
            raise AttributeError(f"model {self.name!r} has no output shape yet: {NOT_BUILT}")
        return (self.graph.batch, *self.graph.last_sample())

    @property
    def stateful(self) -> bool:
        """Whether a layer carries its states from batch to batch."""
        return self.graph.stateful

    # ---- weights -------------------------------------------------------------------------------

    def get_weights(self) -> list[Array]:
        """Returns copies of all weights, layer by layer, in Keras's order and layout.

        The list is empty before the model is built.
        """
        return [value for layer in self.graph.layers for value in layer.get_weights()]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Sets all weights at once.

        Args:
            weights: arrays in the order and the shapes of get_weights().

        Raises:
            ValueError: the number of arrays or a shape differs, or a number is not finite where the
                current one is. No weight is set then.
        """
        weights_of.put_weights(self.graph, weights)

    @property
    def weights(self) -> list[Weight]:
        """The weights in the order of get_weights(), read-only, each with its name."""
        return [value for layer in self.graph.layers for value in layer.weights]

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes; see `weights`."""
        return [value for layer in self.graph.layers for value in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training does not change; see `weights`."""
        return [value for layer in self.graph.layers for value in layer.non_trainable_weights]

    def count_params(self) -> int:
        """Returns the number of elements of all weights.

        Raises:
            ValueError: the model is not built.
        """
        self.graph.require_built()
        return sum(layer.count_params() for layer in self.graph.layers)

    # ---- states --------------------------------------------------------------------------------

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Resets the carried states; the next batch may have another size.

        Args:
            rows: the rows of the batch to reset. Default None: all.

        Raises:
            ValueError: a row is not in the batch.
        """
        network = self.graph.network
        if network is not None:
            if rows is None:
                network.reset_states()
            else:
                network.reset_states(
                    -1, [scalars.whole(row, "rows", least=0) for row in arrays.entries(rows)]
                )

    reset_state = reset_states

    def get_states(self) -> list[list[Array]]:
        """Returns copies of the carried states: per recurrent layer a list (LSTM: h, c) of [B, H].

        The list of a layer that carries no states is empty.

        Raises:
            ValueError: the model is not built.
        """
        self.graph.ready()
        return [layer.get_states() for layer in self.graph.state_layers()]

    def set_states(self, states: Sequence[Any]) -> None:
        """Sets the carried states.

        Args:
            states: as returned by get_states(); [] resets those of a layer.

        Raises:
            ValueError: the number of layers, of arrays or of rows is wrong; nothing is set then.
        """
        weights_of.put_states(self.graph, states)

    # ---- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration as plain values; from_config makes an equal model of it."""
        graph = self.graph
        entries = [*([graph.input] if graph.input is not None else []), *graph.layers]
        config: dict[str, Any] = {
            "name": self.name,
            "dtype": self.dtype,
            "layers": [serialize(layer) for layer in entries],
        }
        if graph.built and not graph.assumed:
            config["build_input_shape"] = [graph.batch, *(graph.sample or ())]
        return config
