"""Losses and metrics: their formulas in NumPy, their names, and the core's agreement with both."""

from __future__ import annotations

import json

import numpy as np
import pytest

from echocell import _core, losses, metrics

B, C = 12, 4
RNG = np.random.default_rng(20)
VALUES = RNG.normal(size=(B, C)), RNG.normal(size=(B, C)) * 2
LABELS = RNG.integers(0, C, B)
ONE_HOT = np.eye(C)[LABELS]
LOGITS = RNG.normal(size=(B, C)) * 2
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
BINARY = RNG.integers(0, 2, (B, C)).astype(float)
SIGMOIDS = 1 / (1 + np.exp(-LOGITS))

LOSS_KINDS = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]
METRIC_KINDS = [
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "top_k_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "mean_squared_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
]


def loop(function, *arrays: np.ndarray) -> float:
    """Returns the mean of a function of single rows."""
    return float(np.mean([function(*row) for row in zip(*arrays, strict=True)]))


# ---- formulas ----------------------------------------------------------------------------------


def test_squared_absolute_huber() -> None:
    y, p = VALUES
    assert losses.get("mse")(y, p) == pytest.approx(loop(lambda a, b: ((a - b) ** 2).mean(), y, p))
    assert losses.get("mae")(y, p) == pytest.approx(loop(lambda a, b: abs(a - b).mean(), y, p))

    for delta in (0.5, 1.0, 3.0):
        rows = [
            np.mean([e * e / 2 if e <= delta else delta * (e - delta / 2) for e in abs(a - b)])
            for a, b in zip(y, p, strict=True)
        ]
        assert losses.Huber(delta)(y, p) == pytest.approx(np.mean(rows))


def test_cross_entropies() -> None:
    categorical = loop(lambda k, s: -np.log(s[k]), LABELS, SHARES)
    assert losses.get("categorical_crossentropy")(ONE_HOT, SHARES) == pytest.approx(categorical)
    assert losses.get("sparse_categorical_crossentropy")(LABELS, SHARES) == pytest.approx(
        categorical
    )
    binary = -np.mean(BINARY * np.log(SIGMOIDS) + (1 - BINARY) * np.log(1 - SIGMOIDS))
    assert losses.get("binary_crossentropy")(BINARY, SIGMOIDS) == pytest.approx(binary)


@pytest.mark.parametrize(
    ("cls", "y", "probabilities"),
    [
        (losses.CategoricalCrossentropy, ONE_HOT, SHARES),
        (losses.SparseCategoricalCrossentropy, LABELS, SHARES),
        (losses.BinaryCrossentropy, BINARY, SIGMOIDS),
    ],
)
def test_logits_are_probabilities_before_their_function(cls, y, probabilities) -> None:
    assert cls(from_logits=True)(y, LOGITS) == pytest.approx(cls()(y, probabilities), rel=1e-6)
    assert np.isfinite(cls(from_logits=True)(y, LOGITS * 1e4))


def test_label_smoothing() -> None:
    smooth = losses.CategoricalCrossentropy(label_smoothing=0.2)
    assert smooth(ONE_HOT, SHARES) == pytest.approx(
        losses.CategoricalCrossentropy()(ONE_HOT * 0.8 + 0.2 / C, SHARES)
    )
    smooth = losses.BinaryCrossentropy(label_smoothing=0.2)
    assert smooth(BINARY, SIGMOIDS) == pytest.approx(
        losses.BinaryCrossentropy()(BINARY * 0.8 + 0.1, SIGMOIDS)
    )


def test_certainty_is_finite() -> None:
    assert losses.get("binary_crossentropy")([[1.0]], [[0.0]]) == pytest.approx(-np.log(1e-7))
    assert losses.get("categorical_crossentropy")([[1, 0]], [[0, 1]]) == pytest.approx(
        -np.log(1e-7)
    )


def test_shapes_of_targets() -> None:
    assert losses.get("mse")(np.zeros(3), np.ones((3, 1))) == 1
    sparse = losses.get("sparse_categorical_crossentropy")
    assert sparse(LABELS[:, None], SHARES) == sparse(LABELS, SHARES)
    steps = losses.mean_squared_error(np.zeros((2, 5, 3)), np.ones((2, 5, 3)))
    assert steps.shape == (2, 5)
    with pytest.raises(ValueError, match=r"y_pred's shape \(3, 2\), received \(3, 4\)"):
        losses.get("mse")(np.zeros((3, 4)), np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"indices of shape \(12,\), received \(12, 4\)"):
        sparse(ONE_HOT, SHARES)


def test_accuracies() -> None:
    right = loop(lambda k, s: s.argmax() == k, LABELS, SHARES)
    assert metrics.CategoricalAccuracy()(ONE_HOT, SHARES) == pytest.approx(right)
    assert metrics.SparseCategoricalAccuracy()(LABELS, SHARES) == pytest.approx(right)
    assert metrics.BinaryAccuracy()(BINARY, SIGMOIDS) == pytest.approx(
        np.mean((SIGMOIDS > 0.5) == BINARY)
    )
    assert metrics.BinaryAccuracy(threshold=0.9)(BINARY, SIGMOIDS) == pytest.approx(
        np.mean((SIGMOIDS > 0.9) == BINARY)
    )
    assert metrics.BinaryAccuracy()([[0.0]], [[0.5]]) == 1  # 0.5 is not above the threshold


def test_top_k() -> None:
    for k in (1, 2, 3):
        among = np.mean(
            [label in row.argsort()[-k:] for label, row in zip(LABELS, SHARES, strict=True)]
        )
        assert metrics.TopKCategoricalAccuracy(k)(ONE_HOT, SHARES) == pytest.approx(among)
        assert metrics.SparseTopKCategoricalAccuracy(k)(LABELS, SHARES) == pytest.approx(among)
    assert metrics.TopKCategoricalAccuracy(C)(ONE_HOT, SHARES) == 1


def test_root_is_taken_of_the_mean() -> None:
    y, p = VALUES
    assert metrics.RootMeanSquaredError()(y, p) == pytest.approx(np.sqrt(np.mean((y - p) ** 2)))


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOSS_KINDS)
def test_every_way_to_name_a_loss(kind: str) -> None:
    cls = type(losses.get(kind))
    for identifier in (cls.__name__, cls, cls(), getattr(losses, kind)):
        found = losses.get(identifier)
        assert type(found) is cls
        assert found.name == kind
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(cls()))))
    assert (type(again), again.get_config()) == (cls, cls().get_config())
    assert isinstance(cls().options(), _core.LossOptions)


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("bce", "binary_crossentropy"),
        ("huber_loss", "huber"),
    ],
)
def test_short_names_of_losses(alias: str, kind: str) -> None:
    assert losses.get(alias).kind == kind


@pytest.mark.parametrize("kind", METRIC_KINDS)
def test_every_way_to_name_a_metric(kind: str) -> None:
    cls = type(metrics.get(kind))
    for identifier in (cls, cls()):
        assert metrics.get(identifier).name == kind
    assert metrics.get(cls.__name__).name == cls.__name__  # the name as given
    assert metrics.get(cls(name="mine")).name == "mine"
    if kind != "root_mean_squared_error":
        assert metrics.get(getattr(metrics, kind)).name == kind
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(cls(name="mine")))))
    assert (type(again), again.get_config()) == (cls, cls(name="mine").get_config())
    assert isinstance(cls().options(), _core.MetricOptions)
    assert cls.direction == ("up" if "accuracy" in kind else "down")


@pytest.mark.parametrize("name", ["mse", "MSE", "mae", "rmse", "acc", "accuracy", "Accuracy"])
def test_history_key_is_the_name_asked_for(name: str) -> None:
    assert metrics.resolve(name, losses.get("mse"), (3,)).name == name


@pytest.mark.parametrize(
    ("loss", "output", "kind"),
    [
        ("binary_crossentropy", (1,), "binary_accuracy"),
        ("binary_crossentropy", (5,), "categorical_accuracy"),  # as in Keras 3
        ("mse", (1,), "binary_accuracy"),
        ("mse", (3,), "categorical_accuracy"),
        ("mse", (7, 1), "binary_accuracy"),
        ("categorical_crossentropy", (3,), "categorical_accuracy"),
        ("categorical_crossentropy", (7, 3), "categorical_accuracy"),
        ("sparse_categorical_crossentropy", (3,), "sparse_categorical_accuracy"),
        ("sparse_categorical_crossentropy", (None, 3), "sparse_categorical_accuracy"),
    ],
)
@pytest.mark.parametrize("name", ["acc", "accuracy"])
def test_what_accuracy_means(loss: str, output: tuple, kind: str, name: str) -> None:
    found = metrics.resolve(name, losses.get(loss), output)
    assert (found.kind, found.name) == (kind, name)


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.get("mean_square_error"), ValueError, "Did you mean 'mean_squared_error'"),
        (lambda: losses.get("hinge"), ValueError, "unknown loss 'hinge'.*Available: binary"),
        (lambda: losses.get(lambda y, p: 0), TypeError, "compiled training loop.*cannot run"),
        (lambda: losses.get(None), TypeError, "expected a name"),
        (lambda: losses.get(dict), TypeError, "expected a name"),
        (lambda: losses.MeanSquaredError(reduction="sum"), ValueError, "received 'sum'"),
        (lambda: losses.Huber(0), ValueError, "0 < delta"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), ValueError, "label_smoothing <= 1"),
        (lambda: metrics.get("acuracy"), ValueError, "'acuracy'.*Did you mean 'accuracy'"),
        (lambda: metrics.get("accuracy"), ValueError, "depends on the model's output"),
        (lambda: metrics.resolve("f1_score"), ValueError, "unknown metric 'f1_score'"),
        (lambda: metrics.resolve(lambda y, p: 0), TypeError, "compiled training loop cannot run"),
        (lambda: metrics.resolve(3), TypeError, "expected a name"),
        (lambda: metrics.TopKCategoricalAccuracy(0), ValueError, "positive integer, received 0"),
        (lambda: metrics.TopKCategoricalAccuracy("a"), TypeError, "expected an integer"),
        (lambda: metrics.BinaryAccuracy(threshold=2), ValueError, "threshold <= 1"),
    ],
)
def test_errors(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---- the core ----------------------------------------------------------------------------------

CASES = [
    (losses.MeanSquaredError(), VALUES[0], VALUES[1]),
    (losses.MeanAbsoluteError(), VALUES[0], VALUES[1]),
    (losses.Huber(0.7), VALUES[0], VALUES[1]),
    (losses.CategoricalCrossentropy(), ONE_HOT, SHARES),
    (losses.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, SHARES),
    (losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, LOGITS),
    (losses.SparseCategoricalCrossentropy(), LABELS, SHARES),
    (losses.SparseCategoricalCrossentropy(from_logits=True), LABELS, LOGITS),
    (losses.BinaryCrossentropy(), BINARY, SIGMOIDS),
    (losses.BinaryCrossentropy(label_smoothing=0.1), BINARY, SIGMOIDS),
    (losses.BinaryCrossentropy(from_logits=True), BINARY, LOGITS),
]


def core_logs(loss: losses.Loss, wanted: list[metrics.Metric], y, p) -> list[float]:
    """Returns the core's loss for predictions p, with a network that outputs its input."""
    from echocell import optimizers

    network = _core.make_network([_core.ActivationOptions(activation="linear")], [C], "float64", 0)
    network.compile(
        loss.options(), [metric.options() for metric in wanted], optimizers.SGD().options()
    )
    x = np.ascontiguousarray(p, dtype=np.float64)
    targets = np.ascontiguousarray(y, dtype=np.float64)
    return network.evaluate(x, targets, None, batch_size=5)


@pytest.mark.parametrize(("loss", "y", "p"), CASES, ids=[f"{case[0]}" for case in CASES])
def test_core_agrees_on_losses(loss: losses.Loss, y, p) -> None:
    assert core_logs(loss, [], y, p)[0] == pytest.approx(loss(y, p), rel=1e-9)


def test_core_agrees_on_dense_metrics() -> None:
    y, p = VALUES
    wanted = [metrics.get(name) for name in ("mse", "mae", "rmse")]
    logs = core_logs(losses.MeanSquaredError(), wanted, y, p)[1:]
    assert logs == pytest.approx([metric(y, p) for metric in wanted], rel=1e-9)


def test_core_agrees_on_categorical_metrics() -> None:
    wanted = [
        metrics.CategoricalAccuracy(),
        metrics.TopKCategoricalAccuracy(2),
        metrics.CategoricalCrossentropy(),
        metrics.MeanSquaredError(),
    ]
    logs = core_logs(losses.CategoricalCrossentropy(), wanted, ONE_HOT, SHARES)[1:]
    assert logs == pytest.approx([metric(ONE_HOT, SHARES) for metric in wanted], rel=1e-9)


def test_core_agrees_on_sparse_metrics() -> None:
    wanted = [
        metrics.SparseCategoricalAccuracy(),
        metrics.SparseTopKCategoricalAccuracy(2),
        metrics.SparseCategoricalCrossentropy(),
    ]
    logs = core_logs(losses.SparseCategoricalCrossentropy(), wanted, LABELS, SHARES)[1:]
    assert logs == pytest.approx([metric(LABELS, SHARES) for metric in wanted], rel=1e-9)


def test_core_agrees_on_binary_metrics() -> None:
    wanted = [
        metrics.BinaryAccuracy(),
        metrics.BinaryAccuracy(threshold=0.8),
        metrics.BinaryCrossentropy(),
    ]
    logs = core_logs(losses.BinaryCrossentropy(), wanted, BINARY, SIGMOIDS)[1:]
    assert logs == pytest.approx([metric(BINARY, SIGMOIDS) for metric in wanted], rel=1e-9)
