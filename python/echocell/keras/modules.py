"""Tables of the modules of Keras and of their counterparts in echocell.

Paths are those under a root, such as `keras` or `tensorflow.keras`; "" is the root itself.
"""

from __future__ import annotations

__all__ = ["ELSEWHERE", "MODULES", "ROOTS", "SET_SEED", "path_under_root"]

#: Roots of complete Keras namespaces.
ROOTS = (
    "keras",
    "keras.src",
    "tensorflow.keras",
    "tensorflow.python.keras",
    "tensorflow.compat.v1.keras",
)
# The longest matching root counts: "keras.src.layers" is "layers" of keras.src.
_LONGEST_FIRST = sorted(ROOTS, key=len, reverse=True)

_OPTIMIZER_FILES = ("adagrad", "adam", "gradient_descent", "rmsprop")

#: Path of a module in any version of Keras -> module of echocell.
_PATHS: dict[str, str] = {
    "": "echocell",
    "activations": "echocell.activations",
    "backend": "echocell.backend",
    "callbacks": "echocell.callbacks",
    "initializers": "echocell.initializers",
    "initializers.initializers_v1": "echocell.initializers",
    "initializers.initializers_v2": "echocell.initializers",
    "layers": "echocell.layers",
    "layers.core": "echocell.layers",
    "layers.embeddings": "echocell.layers",
    "layers.recurrent": "echocell.layers",
    "layers.regularization": "echocell.layers",
    "layers.reshaping": "echocell.layers",
    "layers.rnn": "echocell.layers",
    "layers.wrappers": "echocell.layers",
    "losses": "echocell.losses",
    "metrics": "echocell.metrics",
    "models": "echocell.models",
    "objectives": "echocell.losses",
    "optimizer_v2": "echocell.optimizers",
    **{f"optimizer_v2.{file}": "echocell.optimizers" for file in _OPTIMIZER_FILES},
    "optimizers": "echocell.optimizers",
    "optimizers.legacy": "echocell.optimizers",
    **{f"optimizers.{file}_v2": "echocell.optimizers" for file in _OPTIMIZER_FILES},
    "preprocessing": "echocell.preprocessing",
    "preprocessing.sequence": "echocell.preprocessing.sequence",
    "regularizers": "echocell.regularizers",
    "utils": "echocell.utils",
    "utils.np_utils": "echocell.utils",
    "utils.vis_utils": "echocell.utils",
}

#: Every module -> its counterpart in echocell; None for one that only contains others.
MODULES: dict[str, str | None] = {
    **{f"{root}.{path}".rstrip("."): _PATHS[path] for root in ROOTS for path in _PATHS},
    "tensorflow": None,
    "tensorflow.compat": None,
    "tensorflow.compat.v1": None,
    "tensorflow.initializers": "echocell.initializers",
    "tensorflow.losses": "echocell.losses",
    "tensorflow.metrics": "echocell.metrics",
    "tensorflow.optimizers": "echocell.optimizers",
    "tensorflow.python": None,
    "tensorflow.random": None,
}

_BASES = {
    "Initializer": "echocell.initializers.Initializer",
    "Layer": "echocell.layers.Layer",
    "Loss": "echocell.losses.Loss",
    "Metric": "echocell.metrics.Metric",
    "Optimizer": "echocell.optimizers.Optimizer",
    "Regularizer": "echocell.regularizers.Regularizer",
}
_ENGINE = {
    "Input": "echocell.layers.Input",
    "InputLayer": "echocell.layers.InputLayer",
    "Layer": "echocell.layers.Layer",
    "Sequential": "echocell.models.Sequential",
}
_CONFIG = ("backend", "epsilon", "floatx", "set_floatx")
_BACKEND_ACTIVATIONS = (
    *("elu", "hard_sigmoid", "relu", "sigmoid", "softmax", "softplus", "softsign", "tanh"),
)
_SERIALIZE = {"serialize_keras_object": "echocell.utils.serialize_keras_object"}

#: Path -> names that Keras has in that module and echocell in another. The module may be absent in
#: echocell. A layer for specific hardware maps to the plain layer.
ELSEWHERE: dict[str, dict[str, str]] = {
    "": _BASES,
    "backend": {name: f"echocell.activations.{name}" for name in _BACKEND_ACTIVATIONS},
    "config": {name: f"echocell.backend.{name}" for name in _CONFIG},
    "engine": _ENGINE,
    "engine.base_layer": _ENGINE,
    "engine.input_layer": _ENGINE,
    "engine.sequential": _ENGINE,
    "engine.topology": _ENGINE,
    "engine.training": _ENGINE,
    "layers": {"CuDNNGRU": "echocell.layers.GRU", "CuDNNLSTM": "echocell.layers.LSTM"},
    "metrics": {"huber": "echocell.losses.huber"},
    "models": {"Input": "echocell.layers.Input"},
    "saving": {"load_model": "echocell.models.load_model", **_SERIALIZE},
    "utils": {"clear_session": "echocell.backend.clear_session"},
    "utils.generic_utils": _SERIALIZE,
    "utils.visualize_util": {"plot": "echocell.utils.plot_model"},
}

#: Modules of TensorFlow -> names of its seed function.
SET_SEED: dict[str, tuple[str, ...]] = {
    "tensorflow": ("set_random_seed",),
    "tensorflow.compat.v1": ("set_random_seed",),
    "tensorflow.random": ("set_seed", "set_random_seed"),
}


def path_under_root(module: str) -> str | None:
    """Returns the path of a Keras module below its root; None if it is not under a root."""
    for root in _LONGEST_FIRST:
        if module == root:
            return ""
        if module.startswith(f"{root}."):
            return module[len(root) + 1 :]
    return None
