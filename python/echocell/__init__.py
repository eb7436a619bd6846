"""echocell: recurrent networks on the CPU, with the API of Keras.

    from echocell.models import Sequential from echocell.layers import LSTM, Dense

Models are float32 unless made with dtype="float64".
"""

import sys as _sys
import typing as _typing

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
from echocell._core import threads as _threads
from echocell._core.threads import get_num_threads, set_num_threads
from echocell.layers import Input
from echocell.models import Sequential, load_model
from echocell.models import pickling as _pickling
from echocell.utils import set_random_seed

# Modules that older pickles refer to.
_sys.modules |= {
    "echocell._callback": callbacks,
    "echocell._chrono": initializers,
    "echocell._copying": _pickling,
    "echocell._file_callbacks": callbacks,
    "echocell._plot_model": utils,
    "echocell._threads": _threads,
}

__version__: str

if _typing.TYPE_CHECKING:
    from echocell import experiments as experiments
    from echocell import plotting as plotting
    from echocell import tasks as tasks
else:
    # Lazy: reading the metadata for __version__ takes half as long as the rest of the import.
    def __getattr__(name):
        """Returns __version__ and the submodules that are not imported above."""
        if name == "__version__":
            from importlib.metadata import version

            return globals().setdefault(name, version(__name__))
        from echocell._common.lazy import submodule

        return submodule(__name__, name)

    def __dir__():
        from echocell._common.lazy import attributes

        return attributes(__name__)


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
