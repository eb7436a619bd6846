"""Parameters that never had a gradient are skipped, without an effect on the results."""

from __future__ import annotations

import numpy as np
import pytest

from echocell import _core

KINDS = [
    {"kind": "sgd"},
    {"kind": "sgd", "momentum": 0.9, "nesterov": True},
    {"kind": "rmsprop"},
    {"kind": "rmsprop", "momentum": 0.5, "centered": True},
    {"kind": "adam"},
    {"kind": "adam", "amsgrad": True},
    {"kind": "adam", "clipnorm": 0.1},
    {"kind": "adamw", "weight_decay": 0.1},
    {"kind": "adagrad"},
]
IDS = ["-".join(map(str, kind.values())) for kind in KINDS]
VOCABULARY, STEPS, CLASSES = 500, 3, 4


def embedded(optimizer: dict) -> _core.Network:
    layers = [
        _core.EmbeddingOptions(input_dim=VOCABULARY, output_dim=7),
        _core.LSTMOptions(units=21),
        _core.DenseOptions(units=CLASSES),
    ]
    network = _core.make_network(layers, [-1], "float32", 3)
    rng = np.random.default_rng(5)
    for layer in range(3):
        for index, (_, shape) in enumerate(network.parameters(layer)):
            network.set_parameter(layer, index, rng.normal(size=shape))
    network.compile(
        _core.LossOptions(kind="mean_squared_error"),
        [],
        _core.OptimizerOptions(learning_rate=0.01, **optimizer),
    )
    return network


def weights(network: _core.Network) -> list[np.ndarray]:
    return [
        network.get_parameter(layer, index)
        for layer in range(3)
        for index in range(len(network.parameters(layer)))
    ]


def train(network: _core.Network, steps: int, ids: range, updates: int) -> None:
    rng = np.random.default_rng(7)
    for _ in range(updates):
        x = rng.integers(ids.start, ids.stop, (6, steps)).astype(np.float32)
        network.train_on_batch(x, rng.normal(size=(6, CLASSES)).astype(np.float32), None)


@pytest.mark.parametrize("optimizer", KINDS, ids=IDS)
def test_the_same_as_updating_everything(optimizer: dict) -> None:
    passing_over, updating_all = embedded(optimizer), embedded(optimizer)
    # Slots set by the user can have any values.
    updating_all.set_slots(updating_all.slots())
    # First one step and few ids: recurrent weights and most of the ids have no gradient.
    for steps, ids in [(1, range(10)), (STEPS, range(10)), (STEPS, range(VOCABULARY))]:
        for network in (passing_over, updating_all):
            train(network, steps, ids, 5)
        for a, b in zip(weights(passing_over), weights(updating_all), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(passing_over.slots(), updating_all.slots(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_weights_without_gradient_decay() -> None:
    network = embedded({"kind": "adamw", "weight_decay": 0.1})
    before = weights(network)
    train(network, 1, range(10), 5)
    for index in (0, 2):  # the embedding of unused ids, the recurrent kernel
        rows = slice(10, None) if index == 0 else slice(None)
        expected = before[index][rows] * (1 - 0.01 * 0.1) ** 5
        np.testing.assert_allclose(weights(network)[index][rows], expected, rtol=1e-6)


def test_a_gradient_of_nan_shows() -> None:
    network = embedded({"kind": "adam"})
    train(network, 1, range(10), 2)
    network.set_parameter(2, 0, np.full((21, CLASSES), 1e38))
    x = np.full((6, STEPS), VOCABULARY - 1, np.float32)
    network.train_on_batch(x, np.zeros((6, CLASSES), np.float32), None)
    assert np.isnan(weights(network)[0][VOCABULARY - 1]).all()
