"""Only rows of a kernel's gradient that the last batch wrote are cleared, without an effect."""

from __future__ import annotations

import numpy as np
import pytest

from echocell import _core

STEPS, VALUES, UNITS = 4, 60, 9
LAYERS = {
    "lstm": _core.LSTMOptions,
    "gru": _core.GRUOptions,
    "rnn": _core.SimpleRNNOptions,
}


def one_hot(rng: np.random.Generator, batch: int, first: int, last: int) -> np.ndarray:
    return np.eye(VALUES, dtype=np.float32)[rng.integers(first, last, (batch, STEPS))]


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns one-hot rows of some values, of others, rows that are not one-hot, one-hot rows
    again.
    """
    rng = np.random.default_rng(3)
    inputs = [
        one_hot(rng, 5, 0, 10),
        one_hot(rng, 5, 30, 60),
        one_hot(rng, 2, 10, 20),
        rng.normal(size=(5, STEPS, VALUES)).astype(np.float32),
        one_hot(rng, 5, 0, 10),
        one_hot(rng, 3, 40, 50),
    ]
    return [(x, rng.normal(size=(len(x), 2)).astype(np.float32)) for x in inputs]


def fresh(layer: str, weights: list[np.ndarray] | None, **optimizer: float) -> _core.Network:
    layers = [LAYERS[layer](units=UNITS), _core.DenseOptions(units=2)]
    network = _core.make_network(layers, [STEPS, VALUES], "float32", 3)
    rng = np.random.default_rng(5)
    for place, (of, index) in enumerate(places(network)):
        shape = network.parameters(of)[index][1]
        values = rng.normal(size=shape) * 0.3 if weights is None else weights[place]
        network.set_parameter(of, index, values)
    network.compile(
        _core.LossOptions(kind="mean_squared_error"),
        [],
        _core.OptimizerOptions(kind="sgd", learning_rate=0.1, **optimizer),
    )
    return network


def places(network: _core.Network) -> list[tuple[int, int]]:
    return [(of, index) for of in range(2) for index in range(len(network.parameters(of)))]


def weights(network: _core.Network) -> list[np.ndarray]:
    return [network.get_parameter(of, index) for of, index in places(network)]


# With clipping, the optimizer reads every gradient before it changes a weight.
@pytest.mark.parametrize("optimizer", [{}, {"clipvalue": 1e30}], ids=["plain", "clipped"])
@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_is_left_of_the_batch_before(layer: str, optimizer: dict[str, float]) -> None:
    keeps = fresh(layer, None, **optimizer)
    for x, y in batches():
        starts_anew = fresh(layer, weights(keeps), **optimizer)
        for network in (keeps, starts_anew):
            network.train_on_batch(x, y, None)
        for a, b in zip(weights(keeps), weights(starts_anew), strict=True):
            np.testing.assert_array_equal(a, b)
