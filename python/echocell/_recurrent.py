"""What recurrent layers share: their arguments and their states.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, activations, initializers, regularizers
from echocell._checks import Sample
from echocell._keras_arguments import RECURRENT
from echocell._layer import Layer, weight_view
from echocell._layer_arguments import LayerArguments
from echocell._standing import Place, as_before
from echocell._typing import Identifier

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]


class StateKeeper(Layer):
    """A layer with states: h, c, ... [B, H] each, that can be carried from batch to batch."""

    stateful = False
    return_sequences = False
    return_state = False

    def __call__(
        self, x: Any, mask: Any = None, training: bool = False, initial_state: Any = None
    ) -> Any:
        """The layer's output for a batch of sequences.

        Args:
            x: [B, T, F], any array of numbers. A layer that is not built yet is built for it.
            mask: [B, T], True where a step counts; the state stands still at the others. Default
                None: all count.
            training: True turns dropout on. Default False.
            initial_state: one array [B, H] per state (LSTM: h, c). Default None: what a stateful
                layer carries, zeros otherwise.

        Returns:
            [B, H], or [B, T, H] with return_sequences; with return_state a list of that and the
            final states. A stateful layer carries its final states on.

        Raises:
            TypeError, ValueError: an argument does not fit the layer.
        """
        with as_before([self]):
            states = self._first_states(x, initial_state)
            output, final = self._run(x, mask, states, training)
            if self.stateful:
                self._put_states(final, finite=False)
        return [output, *final] if self.return_state else output

    def _first_states(self, x: Any, initial_state: Any) -> list[Array] | None:
        if isinstance(x, Layer) or (initial_state is None and not self.stateful):
            return None
        array = _checks.as_array(x, "x")
        self._build_for(array)
        if initial_state is None:
            return self._carried_for(len(array))
        return self._checked_states(initial_state, len(array))

    def _carried_for(self, rows: int) -> list[Array] | None:
        if self._batch not in (None, rows):
            raise ValueError(
                f"layer {self.name!r} is stateful and made for batches of {self._batch} samples, "
                f"received {rows}"
            )
        carried = self.get_states()
        if carried and len(carried[0]) != rows:
            raise ValueError(
                f"layer {self.name!r} carries states for {len(carried[0])} samples, received "
                f"{rows}; call reset_states() first"
            )
        return carried or None

    # ---- carried states ------------------------------------------------------------------------

    def _keeps_states(self) -> bool:
        """Whether there are states at all: a wrapper has those of what it wraps."""
        return True

    def _state_place(self) -> Place:
        place = self._built_place()
        self._refuse_inner(place)
        return place

    @property
    def states(self) -> list[Array | None]:
        """One entry per state (LSTM: h, c), [B, H]; [] before the layer is built.

        What is carried, else, in a stateful layer whose batch size is known, the zeros that the
        next batch begins with, else None.
        """
        if self._place is None:
            return []
        carried = self.get_states()
        if carried:
            return [*carried]
        network, number, *_ = self._place
        widths = network.state_widths(number)
        if not self.stateful or self._batch is None:
            return [None] * len(widths)
        return [np.zeros((self._batch, width), network.dtype) for width in widths]

    def get_states(self) -> list[Array]:
        """Copies of the carried states (LSTM: h, c), [B, H] each; [] where none is carried."""
        place = self._state_place()
        return place.network.get_states(place.number)

    def set_states(self, states: Any) -> None:
        """Sets the states that the next batch begins with.

        Args:
            states: one array [B, H] per state (LSTM: h, c), B the batch size from now on.

        Raises:
            ValueError: a wrong number or shape, or B differs from what the model carries.
        """
        self._put_states(states)

    def _put_states(self, states: Any, *, finite: bool = True) -> None:
        """See set_states(); finite=False takes what a layer has carried before as it is."""
        place = self._state_place()
        alone = self._owner is None
        carried = 0 if alone else place.network.state_batch
        checked = self._checked_states(states, self._batch or carried or None, finite=finite)
        if alone:
            place.network.reset_states()  # another batch size may come
        place.network.set_states(place.number, checked or [])

    def reset_states(self, states: Any = None, rows: Sequence[int] | None = None) -> None:
        """Forgets what was carried.

        Args:
            states: what to carry instead. Default None: zeros.
            rows: only these rows of the batch. Default None: all.
        """
        if states is not None:
            self.set_states(states)
        elif self._place is not None:
            place = self._state_place()
            # By itself a layer carries all that its network does: another batch size may come.
            whole = rows is None and self._owner is None
            place.network.reset_states(-1 if whole else place.number, rows)

    reset_state = reset_states


class SharedRecurrentArguments(LayerArguments, total=False):
    """The types of what every layer takes, and of Keras's arguments of recurrent layers that have
    no meaning here or are taken at one value alone; see Recurrent.
    """

    unroll: bool
    implementation: int
    use_cudnn: bool | str
    consume_less: str
    kernel_constraint: None
    recurrent_constraint: None
    bias_constraint: None
    time_major: Literal[False]


class RecurrentArguments(SharedRecurrentArguments, total=False):
    """The types of the keywords that LSTM, GRU and MemoryBlocks hand on to Recurrent."""

    kernel_initializer: Identifier
    recurrent_initializer: Identifier
    bias_initializer: Identifier
    kernel_regularizer: Identifier | None
    recurrent_regularizer: Identifier | None
    bias_regularizer: Identifier | None
    dropout: float
    recurrent_dropout: float
    return_sequences: bool
    return_state: bool
    stateful: bool
    go_backwards: bool
    zero_output_for_mask: bool
    seed: int | None
    output_dim: int | None


class Recurrent(StateKeeper):
    """The base of LSTM, GRU, SimpleRNN and MemoryBlocks.

    Args:
        units: H, a positive integer; MemoryBlocks: blocks times cells, not an argument.
        activation: of the candidate and the output. Default "tanh".
        use_bias: default True.
        kernel_initializer: of the kernel (F, nH). Default "glorot_uniform".
        recurrent_initializer: of the recurrent_kernel (H, nH). Default "orthogonal".
        bias_initializer: default "zeros". "chrono" sets the gates' biases for long memory, see
            `initializers.Chrono`.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: default None.
        dropout: share of the inputs that is dropped in training, [0, 1]. Default 0.
        recurrent_dropout: the same of h(t-1). Default 0.
        return_sequences: an output at every step, [B, T, H], not only the last, [B, H].
        return_state: the final states too; only where the layer is called by itself.
        stateful: row b of a batch begins with the final state of row b of the batch before.
        go_backwards: from the last step to the first.
        zero_output_for_mask: the output at a masked step is 0, as Keras has it, so also the last
            output where the last step is masked; by default it is that of the step before.
        seed: of the dropout masks, used by the model (see Sequential).
        **shared: what every layer takes (see Layer); unroll, implementation and use_cudnn are
            accepted and mean nothing here.
    """

    _reads_steps = True
    _option_names: ClassVar[tuple[str, ...]] = (
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "dropout",
        "recurrent_dropout",
        "return_sequences",
        "return_state",
        "stateful",
        "go_backwards",
        "zero_output_for_mask",
        "seed",
    )
    _keras_arguments = RECURRENT

    kernel = weight_view("kernel", "(F, nH)")
    recurrent_kernel = weight_view("recurrent_kernel", "(H, nH)")
    bias = weight_view("bias", "(nH,)")

    def __init__(
        self,
        units: int | None = None,
        activation: Identifier | None = "tanh",
        use_bias: bool = True,
        *,
        kernel_initializer: Identifier = "glorot_uniform",
        recurrent_initializer: Identifier = "orthogonal",
        bias_initializer: Identifier = "zeros",
        kernel_regularizer: Identifier | None = None,
        recurrent_regularizer: Identifier | None = None,
        bias_regularizer: Identifier | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        output_dim: int | None = None,
        **shared: Unpack[SharedRecurrentArguments],
    ) -> None:
        super().__init__(**shared)
        self.units = units_of(self, units, output_dim)
        self.activation = recurrent_activation(activation, self, "activation")
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        kind = type(self).__name__
        self.dropout = _checks.rate(dropout, f"{kind}: dropout")
        self.recurrent_dropout = _checks.rate(recurrent_dropout, f"{kind}: recurrent_dropout")
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.stateful = bool(stateful)
        self.go_backwards = bool(go_backwards)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.seed = _checks.seed(seed, kind)

    def _common(self) -> dict[str, Any]:
        """The core's options that all recurrent layers have."""
        return {
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "return_sequences": self.return_sequences,
            "stateful": self.stateful,
            "go_backwards": self.go_backwards,
            "zero_output_for_mask": self.zero_output_for_mask,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }

    def _gate_order(self) -> str:
        """A letter for each block of H numbers of the bias."""
        return "h"

    def _draw_one(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sample: Sample
    ) -> Array:
        chrono = self.bias_initializer
        if name != "bias" or not isinstance(chrono, initializers.Chrono):
            return super()._draw_one(name, shape, dtype, sample)
        blocks = self._chrono(chrono, self._gate_order(), self.units, sample)
        bias = np.zeros(shape, dtype)
        bias.reshape(-1)[: blocks.size] = blocks  # GRU: the second row stays 0, both are added
        return bias

    def _chrono(self, chrono: initializers.Chrono, gates: str, units: int, sample: Sample) -> Array:
        try:
            return chrono.for_gates(gates, units, sample[0])
        except ValueError as error:
            raise ValueError(f"layer {self.name!r}: bias_initializer: {error}") from None


def units_of(layer: Layer, units: Any, output_dim: Any) -> int:
    """The number of units; output_dim is Keras 1's word."""
    value = output_dim if units is None else units
    kind = type(layer).__name__
    if value is None:
        raise TypeError(f"{kind}: missing argument 'units', the number of units")
    return _checks.whole(value, f"{kind}: units")


def checked_gates(gates: Any, kind: str) -> str:
    """Letters out of i, f, o, each at most once, in this order."""
    letters = "".join(gates) if isinstance(gates, (list, tuple)) else gates
    if (
        not isinstance(letters, str)
        or set(letters) - set("ifo")
        or len(set(letters)) < len(letters)
    ):
        raise ValueError(f"{kind}: gates: expected letters out of 'ifo', received {gates!r}")
    return "".join(letter for letter in "ifo" if letter in letters)


def recurrent_activation(identifier: Any, layer: Layer, name: str) -> str:
    """An activation that works number by number."""
    activation = activations.get(identifier)
    if activation == "softmax":
        raise ValueError(f"{type(layer).__name__}: {name}='softmax' is not supported in a cell")
    return activation


def output_activation_of(layer: Recurrent, identifier: Any) -> str:
    """The activation of what leaves the cells: by default that of what enters them."""
    if identifier is None:
        return layer.activation
    return recurrent_activation(identifier, layer, "output_activation")
