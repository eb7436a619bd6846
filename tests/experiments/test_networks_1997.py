"""The networks of 1997: the published sizes, initial weights, updates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from echocell import _core
from echocell.experiments.paper_1997.network import Network1997, all_steps, last_step
from echocell.experiments.paper_1997.networks import (
    NETWORK_1,
    NETWORK_2A,
    NETWORK_2B,
    NETWORK_2C,
    NETWORK_3,
    NETWORK_4,
    NETWORK_5,
    NETWORK_6A,
    NETWORK_6B,
)
from echocell.experiments.run.trials import PaperRow


@pytest.mark.parametrize(
    ("network", "features", "outputs", "weights"),
    [
        (NETWORK_3, 1, 1, 102),  # table 4
        (NETWORK_4, 2, 1, 93),  # table 7
        (NETWORK_5, 2, 1, 93),
        (NETWORK_6A, 8, 4, 156),  # table 9
        (NETWORK_6B, 8, 8, 308),
    ],
)
def test_weight_counts_equal_the_paper(
    network: Network1997, features: int, outputs: int, weights: int
) -> None:
    assert network.build(features, outputs).count_params() == weights


@pytest.mark.parametrize("p", [50, 100])
def test_weights_of_2c(p: int) -> None:
    """Table 3: 364 and 664 weights for p = 50 and 100; with input gates alone, fewer."""
    both_gates = replace(NETWORK_2C, gates="io", biases="none")
    assert both_gates.build_for_symbols(p + 4, 2).count_params() == 6 * p + 64
    assert NETWORK_2C.build_for_symbols(p + 4, 2).count_params() == 4 * p + 36 + 4  # 4 biases


def test_weights_of_1() -> None:
    """276 in table 1, and the biases of 6 cells and 7 outputs."""
    assert NETWORK_1.build(7, 7, every_step=True).count_params() == 276 + 6 + 7
    bare = replace(NETWORK_1, biases="gates", outputs_bias=None)
    # The cells have biases, which are not trained.
    assert bare.build(7, 7, every_step=True).count_params() == 276 + 6


def test_weights_of_2b() -> None:
    """10,504 in the paper, and four recurrent weights of the cell and its gate."""
    assert NETWORK_2B.build(101, 101, every_step=True).count_params() == 10_504 + 4


def test_initial_weights_and_biases() -> None:
    kernel, recurrent, bias, outputs, outputs_bias = NETWORK_1.build(
        7, 7, every_step=True
    ).get_weights()
    for weights in (kernel, recurrent, outputs):
        assert np.abs(weights).max() <= 0.2
        assert np.abs(weights).max() > 0.15
        assert weights.min() < 0 < weights.max()
    assert 0 < np.abs(bias[:6]).max() <= 0.2  # cells: as the weights
    np.testing.assert_array_equal(bias[6:], [-2, -3, -4, -1, -2, -3])
    np.testing.assert_array_equal(outputs_bias, 7 * [-1])

    _, _, bias, _, _ = NETWORK_4.build(2, 1).get_weights()
    np.testing.assert_array_equal(bias[4:6], [-3, -6])
    assert np.abs(bias[:4]).max() <= 0.1

    *_, bias, _, _ = NETWORK_2A.build(6, 6, every_step=True).get_weights()
    np.testing.assert_array_equal(bias, [0, -5.5])
    *_, bias, _ = NETWORK_2C.build_for_symbols(7, 2).get_weights()
    np.testing.assert_array_equal(bias, [0, 0, -8, -8])


@pytest.mark.parametrize("steps", ["all", "last"])
def test_update_minimizes_half_the_sum_of_squares(steps: str) -> None:
    rng = np.random.default_rng(1)
    network = Network1997(2, 2, 0.5, rate=0.3)
    model = network.build(3, 4, every_step=True)
    x, y = rng.normal(size=(1, 5, 3)), rng.random((1, 5, 4))
    before = model.get_weights()
    wrong = model.predict(x) - y
    slope = model.predict(x) * (1 - model.predict(x))
    seen = slice(None) if steps == "all" else slice(-1, None)
    recipe = network.recipe(
        None, PaperRow("", 1), 1, 1, weights=all_steps if steps == "all" else last_step
    )
    recipe.fit(model, x, y)
    # d/db of the outputs' biases, which is the sum of wrong * slope over the steps
    expected = -0.3 * (wrong * slope)[0, seen].sum(axis=0)
    np.testing.assert_allclose(model.get_weights()[-1] - before[-1], expected, rtol=1e-4)


def test_targets_fit_the_network() -> None:
    seen: list[Any] = []

    class Model:
        def fit(self, x: Any, y: Any, **_: Any) -> None:
            seen.append(y)

    y = [np.eye(7, dtype=np.float32)[[1, 4]], np.eye(7, dtype=np.float32)[[3]]]
    for network in (NETWORK_1, NETWORK_6A):
        recipe = network.recipe(Model, PaperRow("", 1), 1, 1, weights=all_steps)
        recipe.fit(recipe.build(), y, y)
    near, plain = seen
    for given, one_hot in zip(near, y, strict=True):
        np.testing.assert_allclose(given, np.where(one_hot == 1, 0.95, 0.05), rtol=1e-6)
        assert given.dtype == np.float32
    for given, one_hot in zip(plain, y, strict=True):
        np.testing.assert_array_equal(given, one_hot)
    assert recipe.description == "1997: 2 blocks of 2, rate 0.5, online"
    assert NETWORK_1.description == "1997: 3 blocks of 2, rate 0.5, online, targets 0.05 and 0.95"


def test_description_and_limits() -> None:
    recipe = NETWORK_2A.recipe(lambda: None, PaperRow("x", 7, 50), 100, 10)
    assert recipe.description == (
        "1997: 1 block of 1, rate 0.4, online, input gates only, h linear, truncated gradient"
    )
    assert (recipe.batch_size, recipe.most_sequences, recipe.check_every) == (1, 100, 10)
    assert recipe.reference == PaperRow("x", 7, 50)


def test_network_has_the_cell_of_1997() -> None:
    options = NETWORK_4.build(2, 1).layers[0].core_options()
    assert isinstance(options, _core.MemoryBlocksOptions)
    assert options.gates == "io"
    assert options.activation == "bipolar_sigmoid_2"
    assert options.output_activation == "bipolar_sigmoid"
    assert options.recurrent_activation == "sigmoid"
    assert options.truncated is True
