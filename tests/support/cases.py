"""Models that are compared with Keras: described once, built from either package.

A layer is a pair (class name, arguments); an argument that is such a pair becomes a layer too.
make_vectors.py runs the cases in Keras and stores the results, test_vectors.py runs them here.

Legend: N samples, T time steps, F features, C the width of the output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Spec = tuple[str, dict[str, Any]]

STEPS, FEATURES, UNITS, VOCABULARY = 6, 3, 4, 7


@dataclass(frozen=True)
class Case:
    """A stack of layers and their inputs."""

    name: str
    layers: list[Spec]
    input_shape: tuple[int, ...] = (STEPS, FEATURES)
    batch_size: int | None = None  # fixed, for stateful layers

    @property
    def takes_words(self) -> bool:
        return self.layers[0][0] == "Embedding"

    @property
    def masked(self) -> bool:
        first, options = self.layers[0]
        return first == "Masking" or bool(options.get("mask_zero"))


def make(module: Any, spec: Spec) -> Any:
    """Makes the object that a (class name, arguments) pair describes."""
    name, options = spec
    made = {key: make(module, value) if is_spec(value) else value for key, value in options.items()}
    return getattr(module, name)(**made)


def is_spec(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict)


def make_model(package: Any, case: Case, **options: Any) -> Any:
    """Makes a Sequential of `package` (keras or echocell) for this case."""
    if case.batch_size is None:
        first = package.layers.Input(shape=case.input_shape)
    else:
        first = package.layers.Input(batch_shape=(case.batch_size, *case.input_shape))
    layers = [make(package.layers, spec) for spec in case.layers]
    return package.models.Sequential([first, *layers], **options)


def make_inputs(case: Case, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns inputs [count, *input_shape], with padding if the case has masks."""
    if case.takes_words:
        x = rng.integers(1, VOCABULARY, (count, *case.input_shape))
    else:
        x = rng.standard_normal((count, *case.input_shape))
    if case.masked:
        mask = make_mask(count, case.input_shape[0], rng)
        x = x * (mask if case.takes_words else mask[..., None])
    return x


def make_mask(count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Returns 0 and 1, [count, steps]: rows masked at the start, the end, anywhere, nowhere,
    everywhere.
    """
    mask = rng.integers(0, 2, (count, steps))
    first = rng.integers(1, steps, count)[:, None]
    places = np.arange(steps)
    mask[0::5] = (places >= first)[0::5]
    mask[1::5] = (places < first)[1::5]
    mask[2::5] = 1
    mask[3:4] = 0
    return mask


def make_weights(shapes: list[tuple[int, ...]], rng: np.random.Generator) -> list[np.ndarray]:
    return [0.5 * rng.standard_normal(shape) for shape in shapes]


# --------------------------------------------------------------------------------------- layers

MASKING: Spec = ("Masking", {"mask_value": 0.0})
WORDS: Spec = ("Embedding", {"input_dim": VOCABULARY, "output_dim": FEATURES, "mask_zero": True})
PLAIN_WORDS: Spec = ("Embedding", {"input_dim": VOCABULARY, "output_dim": FEATURES})
CELLS: dict[str, Spec] = {
    "lstm": ("LSTM", {"units": UNITS}),
    "gru": ("GRU", {"units": UNITS}),
    "gru_before": ("GRU", {"units": UNITS, "reset_after": False}),
    "rnn": ("SimpleRNN", {"units": UNITS}),
}
UNBOUNDED = ["linear", "relu", "elu", "softplus"]
ACTIVATIONS = [*UNBOUNDED, "softsign", "hard_sigmoid", "sigmoid"]


def with_options(spec: Spec, **options: Any) -> Spec:
    return spec[0], {**spec[1], **options}


def recurrent_cases() -> list[Case]:
    cases = []
    for name, cell in CELLS.items():
        for masked in (False, True):
            for sequences in (False, True):
                for backwards in (False, True):
                    layer = with_options(cell, return_sequences=sequences, go_backwards=backwards)
                    words = [name]
                    words += ["masked"] * masked + ["sequences"] * sequences
                    words += ["backwards"] * backwards
                    cases.append(Case(" ".join(words), [MASKING] * masked + [layer]))
        cases.append(Case(f"{name} no bias", [with_options(cell, use_bias=False)]))
        for activation in ACTIVATIONS:
            options = {"activation": activation}
            if cell[0] != "SimpleRNN" and activation not in UNBOUNDED:
                options["recurrent_activation"] = activation
            cases.append(Case(f"{name} {activation}", [with_options(cell, **options)]))
    return cases


def bidirectional_cases() -> list[Case]:
    cases = []
    for mode in ("concat", "sum", "mul", "ave"):
        for masked in (False, True):
            for sequences in (False, True):
                inner = with_options(CELLS["lstm"], return_sequences=sequences)
                layer = ("Bidirectional", {"layer": inner, "merge_mode": mode})
                words = ["bidirectional", mode] + ["masked"] * masked + ["sequences"] * sequences
                cases.append(Case(" ".join(words), [MASKING] * masked + [layer]))
    for name in ("gru", "rnn"):
        inner = with_options(CELLS[name], return_sequences=True)
        cases.append(Case(f"bidirectional {name}", [MASKING, ("Bidirectional", {"layer": inner})]))
    return cases


def chain_cases() -> list[Case]:
    sequences = with_options(CELLS["lstm"], return_sequences=True)
    dense: Spec = ("Dense", {"units": 2, "activation": "softmax"})
    repeat: Spec = ("RepeatVector", {"n": 3})
    return [
        Case("time distributed", [("TimeDistributed", {"layer": dense})]),
        Case(
            "time distributed masked", [MASKING, sequences, ("TimeDistributed", {"layer": dense})]
        ),
        Case("dense on steps", [sequences, dense]),
        Case("dense on vectors", [dense], (5,)),
        Case("words", [WORDS, CELLS["lstm"], dense], (STEPS,)),
        Case("words in sequences", [WORDS, sequences, dense], (STEPS,)),
        Case("words without mask", [PLAIN_WORDS, CELLS["gru"], dense], (STEPS,)),
        Case("stack", [MASKING, sequences, with_options(CELLS["gru"]), dense]),
        Case("encoder and decoder", [CELLS["lstm"], repeat, sequences, dense]),
        Case("flatten", [sequences, ("Flatten", {}), dense]),
        Case("reshape", [("Reshape", {"target_shape": (3, -1)}), CELLS["rnn"]]),
        Case("activation", [sequences, ("Activation", {"activation": "softmax"})]),
        Case(
            "dropout is off", [("Dropout", {"rate": 0.5}), with_options(CELLS["lstm"], dropout=0.5)]
        ),
        Case("masked words in vain", [MASKING, ("Dense", {"units": 2}), CELLS["gru"]]),
    ]


PREDICT_CASES = recurrent_cases() + bidirectional_cases() + chain_cases()

# --------------------------------------------------------------------------- optimizer trajectories

TRAJECTORY_CASE = Case(
    "trajectory", [("LSTM", {"units": 3}), ("Dense", {"units": 2, "activation": "softmax"})], (4, 2)
)
TRAJECTORY_STEPS, TRAJECTORY_BATCH = 10, 5

OPTIMIZERS: dict[str, Spec] = {
    "sgd": ("SGD", {"learning_rate": 0.5}),
    "sgd momentum": ("SGD", {"learning_rate": 0.3, "momentum": 0.9}),
    "sgd nesterov": ("SGD", {"learning_rate": 0.3, "momentum": 0.9, "nesterov": True}),
    "sgd decay": ("SGD", {"learning_rate": 0.3, "weight_decay": 0.1}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.02}),
    "rmsprop momentum": ("RMSprop", {"learning_rate": 0.02, "momentum": 0.5, "rho": 0.8}),
    "rmsprop centered": ("RMSprop", {"learning_rate": 0.02, "centered": True}),
    "adam": ("Adam", {"learning_rate": 0.05}),
    "adam options": (
        "Adam",
        {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3},
    ),
    "adam amsgrad": ("Adam", {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.9}),
    "adamw": ("AdamW", {"learning_rate": 0.05}),
    "adamw decay": ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.2}),
    "adagrad": ("Adagrad", {"learning_rate": 0.2}),
    "adagrad options": (
        "Adagrad",
        {"learning_rate": 0.2, "initial_accumulator_value": 0.01, "epsilon": 1e-3},
    ),
}
for _name in ("sgd momentum", "adam", "rmsprop", "adagrad"):
    for _clip, _limit in (("clipnorm", 0.05), ("clipvalue", 0.02), ("global_clipnorm", 0.1)):
        OPTIMIZERS[f"{_name} {_clip}"] = with_options(OPTIMIZERS[_name], **{_clip: _limit})

# A stateful LSTM, trained by plain gradient descent on two batches per epoch.
STATEFUL_CASE = Case(
    "stateful", [("LSTM", {"units": 3, "stateful": True}), ("Dense", {"units": 2})], (4, 2), 5
)
STATEFUL_EPOCHS = 3
STATEFUL_OPTIMIZER: Spec = ("SGD", {"learning_rate": 0.2})

# ---------------------------------------------------------------------------------- fit, evaluate


@dataclass(frozen=True)
class FitCase:
    """A model that is trained for some epochs without shuffling."""

    name: str
    case: Case
    loss: str | Spec
    targets: str  # "one-hot", "classes", "binary", "numbers"
    width: int  # C
    metrics: list[Any] = field(default_factory=list)
    weights: str = ""  # "samples", "steps" or "classes"
    per_step: bool = False  # targets for every time step
    optimizer: Spec = ("Adam", {"learning_rate": 0.02})
    samples: int = 10
    batch_size: int = 4
    epochs: int = 3


def make_targets(fit: FitCase, count: int, rng: np.random.Generator) -> np.ndarray:
    shape = (count, STEPS) if fit.per_step else (count,)
    if fit.targets == "numbers":
        return rng.standard_normal((*shape, fit.width))
    if fit.targets == "binary":
        return rng.integers(0, 2, (*shape, fit.width)).astype(float)
    classes = rng.integers(0, fit.width, shape)
    return classes if fit.targets == "classes" else np.eye(fit.width)[classes]


def make_sample_weight(fit: FitCase, count: int, rng: np.random.Generator) -> np.ndarray | None:
    if fit.weights == "samples":
        return rng.uniform(0.2, 2.0, count)
    if fit.weights == "steps":
        return rng.uniform(0.2, 2.0, (count, STEPS))
    return None


def class_weight(fit: FitCase) -> dict[int, float] | None:
    if fit.weights != "classes":
        return None
    return {k: 0.5 + k for k in range(max(fit.width, 2))}


def compile_model(package: Any, model: Any, fit: FitCase) -> None:
    loss = make(package.losses, fit.loss) if is_spec(fit.loss) else fit.loss
    metrics = [make(package.metrics, m) if is_spec(m) else m for m in fit.metrics]
    model.compile(optimizer=make(package.optimizers, fit.optimizer), loss=loss, metrics=metrics)


def fit_cases() -> list[FitCase]:
    lstm, gru = CELLS["lstm"], CELLS["gru"]
    sequences = with_options(lstm, return_sequences=True)
    softmax: Spec = ("Dense", {"units": 3, "activation": "softmax"})
    sigmoid: Spec = ("Dense", {"units": 1, "activation": "sigmoid"})
    linear: Spec = ("Dense", {"units": 2})
    top_2: Spec = ("TopKCategoricalAccuracy", {"k": 2, "name": "top_2"})
    sparse_top_2: Spec = ("SparseTopKCategoricalAccuracy", {"k": 2, "name": "top_2"})
    rmse: Spec = ("RootMeanSquaredError", {"name": "rmse"})
    classify = Case("classify", [lstm, softmax])
    label = Case("label", [MASKING, sequences, softmax])
    binary = Case("binary", [gru, sigmoid])
    regress = Case("regress", [CELLS["rnn"], linear])
    trace = Case("trace", [MASKING, sequences, ("TimeDistributed", {"layer": linear})])
    words = Case("words", [WORDS, lstm, sigmoid], (STEPS,))
    logits = Case("logits", [lstm, ("Dense", {"units": 3})])
    both = Case("both", [MASKING, ("Bidirectional", {"layer": sequences}), gru, softmax])
    cce, sparse, bce = (
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "binary_crossentropy",
    )
    penalised = with_options(
        lstm, kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2"
    )
    smooth: Spec = ("CategoricalCrossentropy", {"label_smoothing": 0.1})
    smooth_binary: Spec = ("BinaryCrossentropy", {"label_smoothing": 0.1})
    from_logits: Spec = ("CategoricalCrossentropy", {"from_logits": True})
    sparse_logits: Spec = ("SparseCategoricalCrossentropy", {"from_logits": True})
    binary_logits: Spec = ("BinaryCrossentropy", {"from_logits": True})
    return [
        FitCase("classify", classify, cce, "one-hot", 3, ["accuracy", top_2]),
        FitCase("classify acc", classify, cce, "one-hot", 3, ["acc", "mse"]),
        FitCase("classify samples", classify, cce, "one-hot", 3, ["accuracy"], "samples"),
        FitCase("classify classes", classify, cce, "one-hot", 3, ["accuracy"], "classes"),
        FitCase("sparse", classify, sparse, "classes", 3, ["accuracy", sparse_top_2]),
        FitCase("sparse classes", classify, sparse, "classes", 3, ["acc"], "classes"),
        FitCase("smooth", classify, smooth, "one-hot", 3),
        FitCase("smooth binary", classify, smooth_binary, "binary", 3, ["accuracy"]),
        FitCase("from logits", logits, from_logits, "one-hot", 3, ["accuracy"]),
        FitCase("sparse from logits", logits, sparse_logits, "classes", 3, ["accuracy"]),
        FitCase("binary from logits", logits, binary_logits, "binary", 3),
        FitCase("binary", binary, bce, "binary", 1, ["accuracy"]),
        FitCase("binary samples", binary, bce, "binary", 1, ["accuracy"], "samples"),
        FitCase("binary classes", binary, bce, "binary", 1, ["accuracy"], "classes"),
        FitCase("words", words, bce, "binary", 1, ["accuracy"]),
        FitCase("regress", regress, "mse", "numbers", 2, ["mae", "mse", rmse]),
        FitCase("regress samples", regress, "mean_squared_error", "numbers", 2, [], "samples"),
        FitCase("absolute", regress, "mae", "numbers", 2),
        FitCase("huber", regress, ("Huber", {"delta": 0.5}), "numbers", 2),
        FitCase("trace", trace, "mse", "numbers", 2, ["mae"], per_step=True),
        FitCase("trace steps", trace, "mse", "numbers", 2, ["mae"], "steps", per_step=True),
        FitCase("label", label, cce, "one-hot", 3, ["accuracy"], per_step=True),
        FitCase("label steps", label, cce, "one-hot", 3, ["accuracy"], "steps", per_step=True),
        FitCase("label sparse", label, sparse, "classes", 3, ["accuracy"], per_step=True),
        FitCase("both directions", both, cce, "one-hot", 3, ["accuracy"]),
        FitCase("penalised", Case("", [penalised, linear]), "mse", "numbers", 2, ["mse"]),
    ]


FIT_CASES = fit_cases()
