"""echocell: recurrent networks on the CPU, in Keras's words.

    from echocell.models import Sequential
    from echocell.layers import LSTM, Dense

Everything is float32 unless a model says dtype="float64".
"""

from importlib.metadata import version as _version

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

__version__ = _version("echocell")

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
