"""The compiled core. Arrays come in batch-major, C-contiguous, in the network's dtype; what comes
out is new arrays of that dtype. Everything here assumes that the Python layer has checked and
converted; what it checks itself (finite numbers, counts) raises ValueError.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

class LayerOptions:
    """The options of a layer, without its weights. Base of all options below."""

class LSTMOptions(LayerOptions):
    def __init__(
        self,
        *,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        output_activation: str = "",  # as activation
        use_bias: bool = True,
        peephole: bool = False,
        gates: str = "ifo",
        coupled: bool = False,
        truncated: bool = False,
        return_sequences: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zero_output_for_mask: bool = False,
    ) -> None: ...

class GRUOptions(LayerOptions):
    def __init__(
        self,
        *,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        reset_after: bool = True,
        return_sequences: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zero_output_for_mask: bool = False,
    ) -> None: ...

class SimpleRNNOptions(LayerOptions):
    def __init__(
        self,
        *,
        units: int,
        activation: str = "tanh",
        use_bias: bool = True,
        return_sequences: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zero_output_for_mask: bool = False,
    ) -> None: ...

class MemoryBlocksOptions(LayerOptions):
    def __init__(
        self,
        *,
        blocks: int,
        cells: int = 1,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        output_activation: str = "",  # as activation
        gates: str = "ifo",
        use_kernel: bool = True,
        use_bias: bool = True,
        cell_bias: bool = True,
        shortcut: bool = False,
        truncated: bool = False,
        return_sequences: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zero_output_for_mask: bool = False,
    ) -> None: ...

class DenseOptions(LayerOptions):
    def __init__(
        self, *, units: int, activation: str = "linear", use_bias: bool = True
    ) -> None: ...

class ActivationOptions(LayerOptions):
    def __init__(self, *, activation: str) -> None: ...

class DropoutOptions(LayerOptions):
    def __init__(self, *, rate: float) -> None: ...

class EmbeddingOptions(LayerOptions):
    def __init__(self, *, input_dim: int, output_dim: int, mask_zero: bool = False) -> None: ...

class MaskingOptions(LayerOptions):
    def __init__(self, *, mask_value: float = 0.0) -> None: ...

class ReshapeOptions(LayerOptions):
    """target_shape may hold one -1; Flatten is FlattenOptions()."""

    def __init__(self, *, target_shape: Sequence[int]) -> None: ...

class FlattenOptions(LayerOptions):
    def __init__(self, *, channels_first: bool = False) -> None: ...

class RepeatVectorOptions(LayerOptions):
    def __init__(self, *, n: int) -> None: ...

class TimeDistributedOptions(LayerOptions):
    def __init__(self, *, layer: LayerOptions) -> None: ...

class BidirectionalOptions(LayerOptions):
    """forward and backward: recurrent options; backward has go_backwards set the other way."""

    def __init__(
        self, *, forward: LayerOptions, backward: LayerOptions, merge_mode: str = "concat"
    ) -> None: ...

class OptimizerOptions:
    def __init__(
        self,
        *,
        kind: str,  # "sgd", "rmsprop", "adam", "adamw", "adagrad"
        learning_rate: float,
        momentum: float = 0.0,  # sgd, rmsprop
        nesterov: bool = False,  # sgd
        rho: float = 0.9,  # rmsprop
        centered: bool = False,  # rmsprop
        beta_1: float = 0.9,  # adam, adamw
        beta_2: float = 0.999,
        amsgrad: bool = False,
        epsilon: float = 1e-7,
        initial_accumulator_value: float = 0.1,  # adagrad
        weight_decay: float = 0.0,  # every kind, decoupled, as in Keras 3
        decay: float = 0.0,  # Keras 2: learning_rate / (1 + decay * iterations)
        clipnorm: float = 0.0,  # 0: off
        clipvalue: float = 0.0,
        global_clipnorm: float = 0.0,
    ) -> None: ...

class LossOptions:
    def __init__(
        self,
        *,
        kind: str,  # "categorical_crossentropy", "sparse_categorical_crossentropy",
        # "binary_crossentropy", "mean_squared_error", "mean_absolute_error", "huber"
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        delta: float = 1.0,  # huber
    ) -> None: ...

class MetricOptions:
    def __init__(
        self,
        *,
        kind: str,  # "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
        # "mean_squared_error", "mean_absolute_error", "root_mean_squared_error",
        # "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
        # "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"
        threshold: float = 0.5,
        k: int = 5,
    ) -> None: ...

class Network:
    """A network and its training. Layers are numbered as they were given. While one thread is at
    work in it, calls of others that touch numbers raise ValueError, but for reading learning_rate
    and iterations. On that thread, hooks may call anything but compile(); Python code that runs in
    the middle of a batch, such as a signal handler, may read parameters and nothing else.
    """

    def __init__(
        self,
        layers: Sequence[LayerOptions],
        input_shape: Sequence[int],  # one sample; -1 is an open axis
        dtype: str = "float32",
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
    def state_widths(self, layer: int) -> list[int]: ...
    # -- parameters, in Keras's layout
    def parameters(self, layer: int) -> list[tuple[str, tuple[int, ...]]]: ...
    def get_parameter(self, layer: int, index: int) -> Array: ...
    # Any numbers: whether they are finite is for the caller to look at. So for set_states.
    def set_parameter(self, layer: int, index: int, value: Array) -> None: ...
    def set_regularizer(self, layer: int, index: int, l1: float, l2: float) -> None: ...
    def set_trainable(self, layer: int, trainable: bool) -> None: ...
    # -- training. y: one row per sample, [N, ...] in the network's dtype: the targets in the
    # shape of the output, or class indices without the last axis for the sparse loss.
    # sample_weight: None, [N] or [N, T].
    # hooks: by name, with their arguments. fit: epoch_begin(epoch); epoch_end(epoch, logs) -> True
    # to stop, logs: loss, metrics..., then val_loss, val_metrics...; batch_begin(batch);
    # batch_end(batch, running means) -> True to stop; test_begin() and test_end(logs) around the
    # validation. fit and evaluate: test_batch_begin(batch); test_batch_end(batch, running means) ->
    # True to stop; progress(epoch, batches done, running means), at most 20 times a second.
    # predict: predict_batch_begin(batch); predict_batch_end(batch, all outputs).
    # lengths [N]: sequences of different lengths follow each other in x, [sum of lengths, ...], and
    # so do, where timed_output, y and weights per step.
    def compile(
        self, loss: LossOptions, metrics: Sequence[MetricOptions], optimizer: OptimizerOptions
    ) -> None:
        """Keeps optimizer slots of an earlier compile only if `optimizer` is of the same kind;
        otherwise they start as Keras's do, and iterations at 0.
        """
    def uncompile(self) -> None: ...  # drops loss, metrics, optimizer and its slots
    learning_rate: float
    iterations: int
    def slot_names(self) -> list[str]: ...  # "momentum", "velocity", ...
    def slots(self) -> list[Array]: ...  # optimizer state, each as long as all parameters
    def set_slots(self, slots: Sequence[Array]) -> None: ...
    random_state: tuple[int, int]  # seed, draws so far
    layer_draws: int  # how many times run_layer(training=True) has drawn, from streams of its own
    def fit(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None,
        *,
        lengths: NDArray[np.int64] | None = None,
        batch_size: int,
        epochs: int,
        initial_epoch: int = 0,
        shuffle: bool | str = True,  # or "batch": batches stay runs of the data
        validation: tuple[Array, Array, Array | None] | None = None,
        validation_lengths: NDArray[np.int64] | None = None,
        validation_batch_size: int = 0,
        validation_freq: int | Sequence[int] = 1,  # every so many epochs, or these, from 1
        # 0: off. Else every batch is walked in windows of so many steps, the validation too; states
        # are carried, gradients are not. ValueError unless all layers are streamable.
        bptt_steps: int = 0,
        hooks: Mapping[str, Callable[..., Any]] = ...,
    ) -> list[list[float]]:
        """A row of logs per epoch that was run. KeyboardInterrupt leaves out the batch
        (with bptt_steps: the window) that was running.
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
        """[N, ...]; with lengths and timed_output [sum of lengths, ...]."""
    # -- state. Batch size of the carried state: 0 where none is carried yet.
    @property
    def state_batch(self) -> int: ...
    def step(self, x: Array) -> Array:
        """One time step x [B, F] through the whole network; state is carried. Ids: [B, 1]."""
    # -- the same for small plain data, at the least cost: np.ndarray of numbers of any usual dtype,
    # not checked yet. None where something is not plain, not small or not right; nothing has
    # happened then, and the ordinary method is to be called, with checked data.
    def small_fit(
        self, x: Any, y: Any, batch_size: int, epochs: int, shuffle: Any, /
    ) -> list[list[float]] | None: ...
    def small_train(self, x: Any, y: Any, /) -> list[float] | None: ...
    def small_predict(self, x: Any, batch_size: int, /) -> Array | None: ...
    def small_step(self, x: Any, /) -> Array | None: ...
    def reset_states(self, layer: int = -1, rows: Sequence[int] | None = None) -> None: ...
    def get_states(self, layer: int) -> list[Array]: ...  # [] where none is carried yet
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
        from_input: bool = False,  # x is the network's input: the layers in front run first
    ) -> dict[str, Array]: ...  # name -> [B, T, H]
    # -- for tests: the loss and the gradient of one batch, nothing updated
    def gradients(
        self, x: Array, y: Array, sample_weight: Array | None = None, training: bool = False
    ) -> tuple[float, list[list[Array]], Array]: ...  # loss, [layer][parameter], d/dx
    @property
    def workspace_bytes(self) -> int: ...  # memory held in plans
    def require_open(self) -> None:
        """Raises the ValueError of a call that is refused because another one is at work."""

def release_workspaces() -> None:
    """Lets go of the plans of all networks that are not at work."""

# Returns the parameters of a layer for such a sample, as Network.parameters() has
# them, and the shape of an output sample. No memory is taken, whatever their size.
def layer_shapes(
    layer: LayerOptions, input_shape: Sequence[int]
) -> tuple[list[tuple[str, tuple[int, ...]]], tuple[int, ...]]: ...
def set_num_threads(count: int) -> None: ...
def get_num_threads() -> int: ...
def build_info() -> dict[str, str]: ...
def orthonormal_columns(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Q of matrix = Q R with diag(R) >= 0; matrix has at least as many rows as columns. Q is of
    the same shape, in Fortran's order.
    """
