"""Preparing data for a model, under Keras's names."""

from echocell.preprocessing import sequence

__all__ = ["sequence"]
