"""echocell: recurrent networks on the CPU, in Keras's words.

    from echocell.models import Sequential
    from echocell.layers import LSTM, Dense

Everything is float32 unless a model says dtype="float64".
"""

from typing import Any as _Any

from echocell import (
    activations,
    backend,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    regularizers,
    utils,
)
from echocell._core import build_info
from echocell._threads import get_num_threads, set_num_threads
from echocell.layers import Input
from echocell.models import Sequential, load_model
from echocell.utils import set_random_seed

__version__: str


def __getattr__(name: str) -> _Any:
    """__version__, when somebody asks: reading the metadata takes as long as half of the import."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return globals().setdefault(name, version(__name__))


__all__ = [
    "Input",
    "Sequential",
    "activations",
    "backend",
    "build_info",
    "callbacks",
    "get_num_threads",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "set_num_threads",
    "set_random_seed",
    "utils",
]
