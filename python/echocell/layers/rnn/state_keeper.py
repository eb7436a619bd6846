"""The base class of layers with states that can be carried from batch to batch.

B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell._data import arrays
from echocell.layers.layer import Layer
from echocell.layers.location import WeightLocation, undo_building_on_error

Array = NDArray[Any]


class StateKeeper(Layer):
    """A layer with states, h, c, ... [B, H] each, that can be carried from batch to batch."""

    stateful = False
    return_sequences = False
    return_state = False

    def __call__(
        self, x: Any, mask: Any = None, training: bool = False, initial_state: Any = None
    ) -> Any:
        """Returns the layer's output for a batch of sequences.

        Args:
            x: numbers [B, T, F]. A layer that is not built yet is built for this shape.
            mask: [B, T], True where a step counts; at other steps the state is unchanged. Default
                None: all steps count.
            training: whether dropout is applied. Default False.
            initial_state: one array [B, H] per state (LSTM: h, c). Default None: the carried states
                of a stateful layer, otherwise zeros.

        Returns:
            [B, H], or [B, T, H] with return_sequences; with return_state a list of this and the
            final states. A stateful layer carries its final states to the next call.

        Raises:
            TypeError, ValueError: an argument does not fit the layer.
        """
        with undo_building_on_error([self]):
            states = self._first_states(x, initial_state)
            output, final = self._run(x, mask, states, training)
            if self.stateful:
                self.put_states(final, finite=False)
        return [output, *final] if self.return_state else output

    def _first_states(self, x: Any, initial_state: Any) -> list[Array] | None:
        if isinstance(x, Layer) or (initial_state is None and not self.stateful):
            return None
        array = arrays.as_array(x, "x")
        self.build_for_data(array)
        if initial_state is None:
            return self._carried_for(len(array))
        return self.checked_states(initial_state, len(array))

    def _carried_for(self, rows: int) -> list[Array] | None:
        if self.fixed_batch not in (None, rows):
            raise ValueError(
                f"layer {self.name!r} is stateful and made for batches of {self.fixed_batch} "
                f"samples, received {rows}"
            )
        carried = self.get_states()
        if carried and len(carried[0]) != rows:
            raise ValueError(
                f"layer {self.name!r} carries states for {len(carried[0])} samples, received "
                f"{rows}; call reset_states() first"
            )
        return carried or None

    # ---- carried states ------------------------------------------------------------------------

    def keeps_states(self) -> bool:
        """Whether there are states; a wrapper has those of its inner layer."""
        return True

    def _state_location(self) -> WeightLocation:
        location = self.built_location()
        self._refuse_inner(location)
        return location

    @property
    def states(self) -> list[Array | None]:
        """One entry per state (LSTM: h, c), [B, H]; [] before the layer is built.

        The carried states; else, for a stateful layer with a known batch size, the zeros that the
        next batch starts with; else None.
        """
        if self.location is None:
            return []
        carried = self.get_states()
        if carried:
            return [*carried]
        network, number, *_ = self.location
        widths = network.state_widths(number)
        if not self.stateful or self.fixed_batch is None:
            return [None] * len(widths)
        return [np.zeros((self.fixed_batch, width), network.dtype) for width in widths]

    def carried_states(self) -> list[Array]:
        """Returns copies of the carried states; see get_states()."""
        return self.get_states()

    def get_states(self) -> list[Array]:
        """Returns copies of the carried states (LSTM: h, c), [B, H] each; [] if none are
        carried.
        """
        location = self._state_location()
        return location.network.get_states(location.number)

    def set_states(self, states: Any) -> None:
        """Sets the states that the next batch starts with.

        Args:
            states: one array [B, H] per state (LSTM: h, c); B becomes the batch size.

        Raises:
            ValueError: a wrong number or shape, or B differs from that of the states that other
                layers of the model carry.
        """
        self.put_states(states)

    def put_states(self, states: Any, *, finite: bool = True) -> None:
        """Sets the states; with finite=False, NaN and infinity are accepted. See set_states()."""
        location = self._state_location()
        alone = self.owner is None
        carried = 0 if alone else location.network.state_batch
        checked = self.checked_states(states, self.fixed_batch or carried or None, finite=finite)
        if alone:
            location.network.reset_states()  # the batch size may change
        location.network.set_states(location.number, checked or [])

    def reset_states(self, states: Any = None, rows: Sequence[int] | None = None) -> None:
        """Resets the carried states.

        Args:
            states: the states to carry instead. Default None: zeros.
            rows: the rows of the batch to reset. Default None: all.
        """
        if states is not None:
            self.set_states(states)
        elif self.location is not None:
            location = self._state_location()
            # By itself a layer is all of its network, so the batch size may change.
            whole = rows is None and self.owner is None
            location.network.reset_states(-1 if whole else location.number, rows)

    reset_state = reset_states
