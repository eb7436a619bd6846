"""Tables of Keras's arguments that echocell accepts without implementing them.

Some are ignored because they cannot change a result; others are accepted only at the value that
disables them. All other unknown arguments raise an error that names them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from echocell._common.suggest import suggest


class KerasArguments(NamedTuple):
    """Arguments of Keras that a function or a class accepts in addition to its own.

    Attributes:
        ignored: names of arguments that cannot change a result, whatever their value.
        neutral: maps a name to the values that request nothing; errors mention the first one.
    """

    ignored: frozenset[str] = frozenset()
    neutral: Mapping[str, tuple[Any, ...]] = {}

    def check(self, where: str, given: Mapping[str, Any], function: Callable[..., Any]) -> None:
        """Raises an error for an argument that is unknown or requests something unsupported.

        Raises:
            TypeError: neither this table nor `function` has the argument.
            ValueError: the argument's value is not one of its neutral values.
        """
        for name, value in given.items():
            if name in self.ignored:
                continue
            if name not in self.neutral:
                own = inspect.signature(function).parameters
                near = suggest(name, [*own, *self.ignored, *self.neutral])
                raise TypeError(f"{where}: unknown argument {name!r}.{near}")
            if self.asks(name, value):
                raise ValueError(
                    f"{where}: {name}={value!r} is not supported, only "
                    f"{name}={self.neutral[name][0]!r}"
                )

    def asks(self, name: str, value: Any) -> bool:
        """Whether the argument has a value that requests something."""
        return name in self.neutral and not any(_same(value, one) for one in self.neutral[name])

    def with_more(self, ignored: Iterable[str] = (), **neutral: tuple[Any, ...]) -> KerasArguments:
        """Returns a table of these arguments and further ones."""
        return KerasArguments(self.ignored.union(ignored), {**self.neutral, **neutral})


def _same(value: Any, neutral: Any) -> bool:
    return value is neutral or (
        isinstance(value, (bool, int, float, str, list)) and value == neutral
    )


NONE = (None,)
OFF = (False, None)

# ---- methods of models -------------------------------------------------------------------------

COMPILE = KerasArguments(
    frozenset({"run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"}),
    {
        "loss_weights": (None, []),
        "weighted_metrics": (None, []),
        "target_tensors": (None, []),
        # Keras 2 needs it for weights [N, T]; here their shape is enough.
        "sample_weight_mode": (None, "temporal"),
    },
)
PREDICT = KerasArguments(
    frozenset({"max_queue_size", "workers", "use_multiprocessing"}), {"steps": NONE}
)
EVALUATE = PREDICT
FIT = KerasArguments(PREDICT.ignored, {"steps_per_epoch": NONE, "validation_steps": NONE})
SUMMARY = KerasArguments(
    # No layer of a Sequential is a model itself.
    frozenset({"expand_nested"}),
    {"show_trainable": OFF, "layer_range": NONE},
)
SAVE = KerasArguments(
    # Whether to trace the calls of user-defined layers.
    frozenset({"save_traces"}),
    # The format is safetensors, whatever the file is called.
    {"save_format": NONE, "zipped": NONE, "signatures": NONE, "options": NONE},
)
SAVE_WEIGHTS = KerasArguments(
    neutral={"save_format": NONE, "options": NONE, "max_shard_size": NONE}
)
LOAD_WEIGHTS = KerasArguments(neutral={"options": NONE})
# Loading never runs code from the file.
LOAD_MODEL = KerasArguments(frozenset({"safe_mode"}), {"options": NONE})
CLONE_MODEL = KerasArguments(
    # No layer of a Sequential is a model itself.
    frozenset({"recursive"}),
    {"input_tensors": NONE, "call_function": NONE},
)
PLOT_MODEL = KerasArguments(
    frozenset({"expand_nested"}),
    {
        "show_dtype": OFF,
        "show_layer_activations": OFF,
        "show_trainable": OFF,
        "rankdir": ("TB",),
        "layer_range": NONE,
    },
)


class CompileArguments(TypedDict, total=False):
    """Types of the arguments in COMPILE."""

    run_eagerly: bool | None
    steps_per_execution: int | str | None
    jit_compile: bool | str | None
    auto_scale_loss: bool
    weighted_metrics: None
    target_tensors: None
    sample_weight_mode: str | None


class PredictArguments(TypedDict, total=False):
    """Types of the arguments in PREDICT and EVALUATE."""

    max_queue_size: int
    workers: int
    use_multiprocessing: bool


class FitArguments(TypedDict, total=False):
    """Types of the arguments in FIT, and of the older name of `epochs`."""

    max_queue_size: int
    workers: int
    use_multiprocessing: bool
    steps_per_epoch: None
    validation_steps: None
    nb_epoch: int


# ---- callbacks ---------------------------------------------------------------------------------

TENSORBOARD = KerasArguments(
    # Writing the graph of a model changes no result.
    frozenset({"batch_size", "write_graph"}),
    {
        "embeddings_data": NONE,
        "embeddings_freq": (0, None),
        "embeddings_layer_names": NONE,
        "embeddings_metadata": NONE,
        "histogram_freq": (0, None),
        "profile_batch": (0, None),
        "update_freq": ("epoch",),
        "write_grads": OFF,
        "write_images": OFF,
        "write_steps_per_second": OFF,
    },
)

# ---- layers ------------------------------------------------------------------------------------

LAYER = KerasArguments(frozenset({"autocast"}), {"activity_regularizer": NONE})
INPUT = LAYER.with_more(sparse=OFF, ragged=OFF, optional=OFF, input_tensor=NONE, tensor=NONE)
WEIGHTS = LAYER.with_more(lora_rank=NONE, lora_alpha=NONE, quantization_config=NONE)
DENSE = WEIGHTS.with_more(kernel_constraint=NONE, bias_constraint=NONE)
EMBEDDING = WEIGHTS.with_more(embeddings_constraint=NONE, sparse=OFF, dropout=(0.0, None))
DROPOUT = LAYER.with_more(noise_shape=NONE)
RECURRENT = LAYER.with_more(
    # Alternative implementations in Keras of the same computation.
    ("unroll", "implementation", "use_cudnn", "consume_less"),
    kernel_constraint=NONE,
    recurrent_constraint=NONE,
    bias_constraint=NONE,
    time_major=OFF,
)

# ---- optimizers --------------------------------------------------------------------------------

OPTIMIZER = KerasArguments(
    frozenset({"jit_compile", "is_legacy_optimizer"}),
    {
        "use_ema": OFF,
        "ema_momentum": (0.99, None),
        "ema_overwrite_frequency": NONE,
        "loss_scale_factor": NONE,
        "gradient_accumulation_steps": (None, 1),
    },
)
