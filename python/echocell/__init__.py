"""echocell: recurrent networks on the CPU, with the API of Keras.

    from echocell.layers import LSTM, Dense
    from echocell.models import Sequential

Models are float32 unless made with dtype="float64".
"""

import typing as _typing

from echocell._common import lazy as _lazy
from echocell._common import older_names as _older_names
from echocell._core import build_info
from echocell._core.threads import get_num_threads, set_num_threads

_older_names.install(
    __name__,
    {
        "_callback": "callbacks",
        "_chrono": "initializers",
        "_copying": "models.pickling",
        "_file_callbacks": "callbacks",
        "_plot_model": "utils",
        "_threads": "_core.threads",
    },
)

if _typing.TYPE_CHECKING:
    from echocell import activations as activations
    from echocell import backend as backend
    from echocell import callbacks as callbacks
    from echocell import experiments as experiments
    from echocell import initializers as initializers
    from echocell import layers as layers
    from echocell import losses as losses
    from echocell import metrics as metrics
    from echocell import models as models
    from echocell import optimizers as optimizers
    from echocell import plotting as plotting
    from echocell import preprocessing as preprocessing
    from echocell import regularizers as regularizers
    from echocell import tasks as tasks
    from echocell import utils as utils
    from echocell._common.version import __version__ as __version__
    from echocell.layers import Input
    from echocell.models import Sequential, load_model
    from echocell.utils import set_random_seed
else:
    __getattr__, __dir__ = _lazy.attach(
        __name__,
        {
            "Input": "layers",
            "Sequential": "models",
            "__version__": "_common.version",
            "load_model": "models",
            "set_random_seed": "utils",
        },
    )

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
