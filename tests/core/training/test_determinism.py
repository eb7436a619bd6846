"""The same seed gives the same bits for any number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from echocell import _core
from support import tools

#: Enough work for several threads, and rows that do not divide evenly.
BATCH, STEPS, FEATURES, UNITS, CLASSES = 67, 12, 9, 33, 5

RECURRENT: dict[str, _core.LayerOptions] = {
    "lstm": _core.LSTMOptions(units=UNITS, peephole=True, dropout=0.3, recurrent_dropout=0.2),
    "lstm sequences": _core.LSTMOptions(units=UNITS, return_sequences=True, dropout=0.3),
    "gru": _core.GRUOptions(units=UNITS, dropout=0.3, recurrent_dropout=0.2),
    "gru before": _core.GRUOptions(units=UNITS, reset_after=False),
    "rnn": _core.SimpleRNNOptions(units=UNITS, dropout=0.3),
    "blocks": _core.MemoryBlocksOptions(blocks=11, cells=3, dropout=0.3, recurrent_dropout=0.2),
    "both": _core.BidirectionalOptions(
        forward=_core.LSTMOptions(units=UNITS, dropout=0.3),
        backward=_core.LSTMOptions(units=UNITS, dropout=0.3, go_backwards=True),
    ),
}


def make_network(recurrent: _core.LayerOptions, dtype: str) -> _core.Network:
    layers = [
        _core.MaskingOptions(),
        recurrent,
        _core.DropoutOptions(rate=0.2),
        _core.DenseOptions(units=CLASSES, activation="softmax"),
    ]
    network = _core.make_network(layers, [-1, FEATURES], dtype, 7)
    rng = np.random.default_rng(0)
    for layer in range(len(layers)):
        for index, (_, shape) in enumerate(network.parameters(layer)):
            value = tools.contiguous(0.3 * rng.standard_normal(shape), dtype)
            network.set_parameter(layer, index, value)
    network.compile(
        _core.LossOptions(kind="categorical_crossentropy"),
        [_core.MetricOptions(kind="categorical_accuracy")],
        _core.OptimizerOptions(kind="adam", learning_rate=0.01, global_clipnorm=1.0),
    )
    return network


def make_data(network: _core.Network, samples: int, dtype: str) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((samples, STEPS, FEATURES))
    x[rng.random((samples, STEPS)) < 0.2] = 0.0
    x[np.arange(STEPS) >= rng.integers(0, 2 * STEPS, (samples, 1))] = 0.0
    rows = (samples, STEPS) if len(network.output_shape(3)) == 2 else (samples,)
    y = np.eye(CLASSES)[rng.integers(0, CLASSES, rows)]
    weight = rng.uniform(0.5, 2.0, rows)
    return tuple(tools.contiguous(array, dtype) for array in (x, y, weight))


def all_numbers(value: Any) -> Iterator[bytes]:
    """Returns the bytes of every array and number in nested lists."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from all_numbers(item)
    else:
        yield np.asarray(value).tobytes()


def assert_same_bits(run: Callable[[], Any], threads: int) -> None:
    _core.set_num_threads(1)
    expected = list(all_numbers(run()))
    _core.set_num_threads(threads)
    assert list(all_numbers(run())) == expected
    assert list(all_numbers(run())) == expected, "not even with the same number of threads"


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("name", RECURRENT)
def test_gradients(name, dtype, threads):
    network = make_network(RECURRENT[name], dtype)
    x, y, weight = make_data(network, BATCH, dtype)
    assert_same_bits(lambda: network.gradients(x, y, weight, training=True), threads)


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("name", RECURRENT)
def test_fit(name, dtype, threads):
    """Returns weights, history, optimizer and random state after two epochs with random draws."""

    def run() -> list[Any]:
        network = make_network(RECURRENT[name], dtype)
        x, y, weight = make_data(network, 2 * BATCH, dtype)
        validation = (x[:BATCH], y[:BATCH], None, None)
        history = network.fit(
            x,
            y,
            weight,
            batch_size=BATCH - 1,
            epochs=2,
            validation=validation,
            validation_batch_size=50,
        )
        weights = [
            network.get_parameter(layer, index)
            for layer in range(4)
            for index in range(len(network.parameters(layer)))
        ]
        return [history, weights, network.slots(), list(network.random_state)]

    assert_same_bits(run, threads)


def test_predict_and_evaluate(threads):
    network = make_network(RECURRENT["lstm"], "float32")
    x, y, weight = make_data(network, 3 * BATCH, "float32")
    assert_same_bits(lambda: network.predict(x, batch_size=BATCH), threads)
    assert_same_bits(lambda: network.evaluate(x, y, weight, batch_size=BATCH), threads)


def test_another_seed_gives_other_bits():
    layers = [_core.DropoutOptions(rate=0.5)]
    x = np.ones((4, 30))
    masks = [
        _core.make_network(layers, [30], "float64", seed).run_layer(0, x, training=True)[0]
        for seed in (1, 2)
    ]
    assert (masks[0] != masks[1]).any()
