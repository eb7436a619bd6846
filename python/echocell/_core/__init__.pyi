"""The compiled core.

Arrays are batch-major, of any numeric dtype, and are converted to the network's dtype; results are
new arrays of that dtype. The Python layer has checked the meaning of the data; the core checks
shapes, finite numbers and counts, and raises ValueError.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, dataclass_transform

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# All options are keyword arguments, LSTMOptions(units=3), and attributes. Those with a default
# value can be left out.
@dataclass_transform(kw_only_default=True)
class LayerOptions:
    """The options of a layer, without its weights. Base of all options below."""

class _RecurrentOptions(LayerOptions):
    activation: str = "tanh"
    use_bias: bool = True
    return_sequences: bool = False
    stateful: bool = False
    go_backwards: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    zero_output_for_mask: bool = False

class LSTMOptions(_RecurrentOptions):
    units: int
    recurrent_activation: str = "sigmoid"
    output_activation: str = ...  # as activation
    gates: str = "ifo"
    truncated: bool = False
    peephole: bool = False
    coupled: bool = False

class MemoryBlocksOptions(_RecurrentOptions):
    blocks: int
    cells: int = 1
    recurrent_activation: str = "sigmoid"
    output_activation: str = ...  # as activation
    gates: str = "ifo"
    truncated: bool = False
    use_kernel: bool = True
    cell_bias: bool = True
    shortcut: bool = False

class GRUOptions(_RecurrentOptions):
    units: int
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True

class SimpleRNNOptions(_RecurrentOptions):
    units: int

class DenseOptions(LayerOptions):
    units: int
    activation: str = "linear"
    use_bias: bool = True

class ActivationOptions(LayerOptions):
    activation: str

class DropoutOptions(LayerOptions):
    rate: float

class EmbeddingOptions(LayerOptions):
    input_dim: int
    output_dim: int
    mask_zero: bool = False

class MaskingOptions(LayerOptions):
    mask_value: float = 0.0

class ReshapeOptions(LayerOptions):
    """target_shape may hold one -1; Flatten is FlattenOptions()."""

    target_shape: Sequence[int]

class FlattenOptions(LayerOptions):
    channels_first: bool = False

class RepeatVectorOptions(LayerOptions):
    n: int

class TimeDistributedOptions(LayerOptions):
    layer: LayerOptions

class BidirectionalOptions(LayerOptions):
    """forward and backward are recurrent options with opposite go_backwards."""

    forward: LayerOptions
    backward: LayerOptions
    merge_mode: str = "concat"

@dataclass_transform(kw_only_default=True)
class _TrainingOptions: ...

class OptimizerOptions(_TrainingOptions):
    kind: str  # "sgd", "rmsprop", "adam", "adamw", "adagrad"
    learning_rate: float
    momentum: float = 0.0  # sgd, rmsprop
    nesterov: bool = False  # sgd
    rho: float = 0.9  # rmsprop
    centered: bool = False  # rmsprop
    beta_1: float = 0.9  # adam, adamw
    beta_2: float = 0.999
    amsgrad: bool = False
    epsilon: float = 1e-7
    initial_accumulator_value: float = 0.1  # adagrad
    weight_decay: float = 0.0  # every kind, decoupled, as in Keras 3
    decay: float = 0.0  # Keras 2: learning_rate / (1 + decay * iterations)
    clipnorm: float = 0.0  # 0: off
    clipvalue: float = 0.0
    global_clipnorm: float = 0.0

class LossOptions(_TrainingOptions):
    kind: str  # "categorical_crossentropy", "sparse_categorical_crossentropy",
    # "binary_crossentropy", "mean_squared_error", "mean_absolute_error", "huber"
    from_logits: bool = False
    label_smoothing: float = 0.0
    delta: float = 1.0  # huber

class MetricOptions(_TrainingOptions):
    kind: str  # "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    # "mean_squared_error", "mean_absolute_error", "root_mean_squared_error",
    # "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
    # "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"
    threshold: float = 0.5
    k: int = 5

class _Network:
    """A network and its training. Layers are numbered in the given order.

    While one thread is inside a call, calls from other threads that access numbers raise
    ValueError, except reading learning_rate and iterations. On that thread, hooks may call
    everything but compile(); Python code that runs in the middle of a batch, such as a signal
    handler, may only read parameters.
    """

    def __init__(
        self,
        layers: Sequence[LayerOptions],
        input_shape: Sequence[int],  # one sample; -1 is an open axis
        seed: int = 0,
    ) -> None: ...
    # -- structure
    @property
    def dtype(self) -> str: ...
    def output_shape(self, layer: int) -> tuple[int, ...]: ...  # one sample; -1 is open
    # of the whole network, for one sample of this shape without open axes
    def output_shape_for(self, sample: Sequence[int]) -> tuple[int, ...]: ...
    @property
    def timed_input(self) -> bool: ...  # samples have time steps
    @property
    def timed_output(self) -> bool: ...  # there is an output at every time step of the input
    # the first layer that would take padding for steps, and so no sequences of different lengths
    @property
    def layer_misled_by_padding(self) -> int | None: ...
    def name_layers(self, names: Sequence[str]) -> None: ...  # for errors; else "layer 0", ...
    def state_widths(self, layer: int) -> list[int]: ...
    # -- parameters, in Keras's layout
    def parameters(self, layer: int) -> list[tuple[str, tuple[int, ...]]]: ...
    def get_parameter(self, layer: int, index: int) -> Array: ...
    # Not checked for finite numbers, which is up to the caller; set_states likewise.
    def set_parameter(self, layer: int, index: int, value: Array) -> None: ...
    def set_regularizer(self, layer: int, index: int, l1: float, l2: float) -> None: ...
    def set_trainable(self, layer: int, trainable: bool) -> None: ...
    # -- training. y: one row per sample, [N, ...]: the targets in the shape of the output, or class
    # indices without the last axis for the sparse loss.
    # sample_weight: None, [N] or [N, T].
    # hooks: by name, with their arguments. fit: epoch_begin(epoch); epoch_end(epoch, logs) -> True
    # to stop, logs: loss, metrics..., then val_loss, val_metrics...; batch_begin(batch);
    # batch_end(batch, running means) -> True to stop; test_begin() and test_end(logs) around the
    # validation. fit and evaluate: test_batch_begin(batch); test_batch_end(batch, running means) ->
    # True to stop; progress(epoch, batches done, running means), at most 20 times a second.
    # predict: predict_batch_begin(batch); predict_batch_end(batch, all outputs).
    # lengths [N]: x holds sequences of different lengths, concatenated, [sum of lengths, ...];
    # likewise, with timed_output, y and the weights per step.
    def compile(
        self,
        loss: LossOptions,
        metrics: Sequence[MetricOptions],
        optimizer: OptimizerOptions,
        keep_slots: bool = True,
    ) -> None:
        """Sets loss, metrics and optimizer.

        With keep_slots the optimizer's slots of an earlier compile are kept if `optimizer` is of
        the same kind. Otherwise slots start as in Keras, and iterations at 0.
        """
    def uncompile(self) -> None: ...  # drops loss, metrics, optimizer and its slots
    learning_rate: float
    iterations: int
    def slot_names(self) -> list[str]: ...  # "momentum", "velocity", ...
    def slots(self) -> list[Array]: ...  # optimizer state, each as long as all parameters
    def set_slots(self, slots: Sequence[Array]) -> None: ...
    random_state: tuple[int, int]  # seed, draws so far
    layer_draws: int  # draws of run_layer(training=True), which have their own streams
    def fit(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None,
        batch_size: int,
        epochs: int,
        shuffle: bool | str = True,  # "batch" shuffles whole batches
        *,
        lengths: NDArray[np.int64] | None = None,
        initial_epoch: int = 0,
        # x, y, sample_weight, lengths
        validation: tuple[Array, Array, Array | None, Array | None] | None = None,
        validation_batch_size: int = 32,
        validation_freq: int | Sequence[int] = 1,  # a period, or the epochs, counted from 1
        # 0: off. Else batches, also of the validation, are processed in windows of this many steps;
        # states are carried, gradients are not. ValueError unless all layers are streamable.
        bptt_steps: int = 0,
        hooks: Mapping[str, Callable[..., Any]] = ...,
    ) -> list[list[float]]:
        """Returns one row of logs per epoch that was run.

        After KeyboardInterrupt the interrupted batch (with bptt_steps: window) has no effect.
        """
    def train_on_batch(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None,
        *,
        lengths: NDArray[np.int64] | None = None,
        bptt_steps: int = 0,
    ) -> list[float]: ...
    def evaluate(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None,
        *,
        lengths: NDArray[np.int64] | None = None,
        batch_size: int,
        hooks: Mapping[str, Callable[..., Any]] = ...,
    ) -> list[float]: ...
    def predict(
        self,
        x: Array,
        *,
        lengths: NDArray[np.int64] | None = None,
        batch_size: int,
        hooks: Mapping[str, Callable[..., Any]] = ...,
    ) -> Array:
        """Returns [N, ...]; with lengths and timed_output [sum of lengths, ...]."""
    # -- state. state_batch: batch size of the carried state, 0 if there is none.
    @property
    def state_batch(self) -> int: ...
    def step(self, x: Array) -> Array:
        """Runs one time step x [B, F], or ids [B, 1] or [B], and carries the state."""
    # -- fast paths for unchecked data. They return None, without any effect, if the data are not
    # arrays or do not fit; the caller then checks the data and calls the ordinary method.
    def quick_fit(
        self, x: Any, y: Any, batch_size: Any, epochs: Any, shuffle: Any, /
    ) -> list[list[float]] | None: ...
    def quick_train(self, x: Any, y: Any, /) -> list[float] | None: ...
    def quick_predict(self, x: Any, batch_size: Any, /) -> Array | None: ...
    def quick_step(self, x: Any, /) -> Array | None: ...
    def reset_states(self, layer: int = -1, rows: Sequence[int] | None = None) -> None: ...
    def get_states(self, layer: int) -> list[Array]: ...  # [] if none is carried
    def set_states(self, layer: int, states: Sequence[Array]) -> None: ...
    # -- one layer alone, batch-major [B, T, C] or [B, C]
    def run_layer(
        self,
        layer: int,
        x: Array,
        mask: NDArray[np.uint8] | None = None,  # [B, T]
        initial_state: Sequence[Array] | None = None,
        training: bool = False,
    ) -> tuple[Array, list[Array]]: ...  # output, final states
    def trace_layer(
        self,
        layer: int,
        x: Array,
        mask: NDArray[np.uint8] | None = None,
        initial_state: Sequence[Array] | None = None,
        from_input: bool = False,  # x is the network's input: preceding layers run first
    ) -> dict[str, Array]: ...  # name -> [B, T, H]
    # -- the loss and the gradients of one batch, without an update
    def gradients(
        self, x: Array, y: Array, sample_weight: Array | None = None, training: bool = False
    ) -> tuple[float, list[list[Array]], Array]: ...  # loss, [layer][parameter], d/dx
    @property
    def workspace_bytes(self) -> int: ...  # memory held in plans
    def require_open(self) -> None:
        """Raises ValueError if another call is running."""

class NetworkFloat32(_Network): ...
class NetworkFloat64(_Network): ...

Network: TypeAlias = NetworkFloat32 | NetworkFloat64

def make_network(
    layers: Sequence[LayerOptions],
    input_shape: Sequence[int],
    dtype: str = "float32",
    seed: int = 0,
) -> Network:
    """Makes a network of dtype "float32" or "float64"."""

def release_workspaces() -> None:
    """Frees the plans of all networks in which no call is running."""

# Returns the parameters of a layer for this input, as Network.parameters() does, and the shape of
# an output sample. Allocates no memory for the parameters.
def layer_shapes(
    layer: LayerOptions, input_shape: Sequence[int]
) -> tuple[list[tuple[str, tuple[int, ...]]], tuple[int, ...]]: ...
def set_num_threads(count: int) -> None: ...
def get_num_threads() -> int: ...
def build_info() -> dict[str, str]: ...
def orthonormal_columns(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns Q of matrix = Q R with diag(R) >= 0, of the same shape, in Fortran order.

    The matrix has at least as many rows as columns.
    """
