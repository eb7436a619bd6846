"""Texts about layers for the messages of models."""

from __future__ import annotations

from echocell.layers import Layer
from echocell.layers.rnn.state_keeper import StateKeeper


def described(layer: Layer) -> str:
    """Returns the name and the class of a layer, for messages."""
    return f"layer {layer.name!r} ({type(layer).__name__})"


def sequence_hint(layer: Layer, before: Layer | None) -> str:
    """Returns advice if a layer reads steps and the previous one gives only its last output."""
    if layer.reads_steps and isinstance(before, StateKeeper) and not before.return_sequences:
        return (
            f"Layer {before.name!r} gives its last output alone: with return_sequences=True it "
            "gives one at every time step"
        )
    return ""
