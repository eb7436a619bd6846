"""Activations and losses of the reference, with their derivatives, in float64 NumPy."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def sigmoid(z: Array) -> Array:
    """Returns 1 / (1 + exp(-z)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def softmax(z: Array) -> Array:
    """Returns exp(z) / sum(exp(z)) over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


FUNCTIONS = {
    "linear": lambda z: z,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda z: np.clip(z / 6.0 + 0.5, 0.0, 1.0),
    "relu": lambda z: np.maximum(z, 0.0),
    "softsign": lambda z: z / (1.0 + np.abs(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
    "softplus": lambda z: np.logaddexp(0.0, z),
    "bipolar_sigmoid": lambda z: 2.0 * sigmoid(z) - 1.0,
    "bipolar_sigmoid_2": lambda z: 4.0 * sigmoid(z) - 2.0,
}
DERIVATIVES = {
    "linear": np.ones_like,
    "tanh": lambda z: 1.0 - np.tanh(z) ** 2,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "hard_sigmoid": lambda z: np.where(np.abs(z) < 3.0, 1.0 / 6.0, 0.0),
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "softsign": lambda z: 1.0 / (1.0 + np.abs(z)) ** 2,
    "elu": lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
    "softplus": sigmoid,
    "bipolar_sigmoid": lambda z: 2.0 * sigmoid(z) * sigmoid(-z),
    "bipolar_sigmoid_2": lambda z: 4.0 * sigmoid(z) * sigmoid(-z),
}


def activate(name: str, z: Array) -> Array:
    """Returns f(z); softmax goes over the last axis, the others are elementwise."""
    return softmax(z) if name == "softmax" else FUNCTIONS[name](z)


def activate_backward(name: str, z: Array, dy: Array) -> Array:
    """dL/dz from dL/dy, y = f(z)."""
    if name == "softmax":
        y = softmax(z)
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dy * DERIVATIVES[name](z)


#
# Each takes targets and predictions [..., C] and returns the losses of the items [...] and their
# derivative by the predictions [..., C]. weighted_mean reduces them to one number.


def softmax_cross_entropy(targets: Array, logits: Array) -> tuple[Array, Array]:
    """Returns -sum(t log softmax(z)); targets are one-hot or any distribution."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = -(targets * (shifted - log_sum)).sum(axis=-1)
    return losses, softmax(logits) * targets.sum(axis=-1, keepdims=True) - targets


def sigmoid_cross_entropy(targets: Array, logits: Array) -> tuple[Array, Array]:
    """-mean(t log s(z) + (1 - t) log(1 - s(z))) = mean(max(z, 0) - z t + log(1 + exp(-|z|)))."""
    items = np.maximum(logits, 0.0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return items.mean(axis=-1), (sigmoid(logits) - targets) / logits.shape[-1]


def mean_squared_error(targets: Array, predictions: Array) -> tuple[Array, Array]:
    error = predictions - targets
    return (error**2).mean(axis=-1), 2.0 * error / error.shape[-1]


def mean_absolute_error(targets: Array, predictions: Array) -> tuple[Array, Array]:
    error = predictions - targets
    return np.abs(error).mean(axis=-1), np.sign(error) / error.shape[-1]


def huber(targets: Array, predictions: Array, delta: float = 1.0) -> tuple[Array, Array]:
    """Half the square up to delta, linear with slope delta beyond."""
    error = predictions - targets
    size = np.abs(error)
    items = np.where(size <= delta, 0.5 * error**2, delta * size - 0.5 * delta**2)
    slope = np.clip(error, -delta, delta)
    return items.mean(axis=-1), slope / error.shape[-1]


def smooth_labels(targets: Array, smoothing: float, binary: bool = False) -> Array:
    """Applies Keras's label_smoothing: distributes part of the weight over all classes."""
    if binary:
        return targets * (1.0 - smoothing) + 0.5 * smoothing
    return targets * (1.0 - smoothing) + smoothing / targets.shape[-1]


def weighted_mean(
    losses: Array, sample_weight: Array | None = None, mask: Array | None = None
) -> tuple[float, Array]:
    """Applies Keras's "sum_over_batch_size": sum(w loss) / count.

    count is the number of items, or of the items whose mask is True. sample_weight has the axes of
    losses, or the first of them. Returns the mean and its derivative by the losses.
    """
    weight = np.ones_like(losses)
    if sample_weight is not None:
        extra = losses.ndim - np.ndim(sample_weight)
        weight = weight * np.reshape(sample_weight, np.shape(sample_weight) + (1,) * extra)
    count = losses.size
    if mask is not None:
        weight = weight * mask
        count = int(np.sum(mask))
    scale = weight / max(count, 1)
    return float((losses * scale).sum()), scale
