"""The chrono initializer: the biases of the gates, the source of its time, names, files."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import echocell as ec
from echocell import initializers
from echocell.initializers import Chrono
from echocell.layers import GRU, LSTM, Bidirectional, Dense, SimpleRNN, TimeDistributed

UNITS = 400


def bias_of(layer: Any, shape: tuple[int | None, ...] = (None, 50, 3)) -> np.ndarray:
    layer.build(shape)
    return layer.bias


def check_logs(logs: np.ndarray, max_time: float) -> None:
    """Whether these are logarithms of numbers uniform in [1, max_time - 1)."""
    drawn = np.exp(logs.astype(np.float64))
    assert drawn.min() >= 1 - 1e-6
    assert drawn.max() <= (max_time - 1) * (1 + 1e-6)
    places = (np.sort(drawn) - 1) / (max_time - 2)
    # Kolmogorov-Smirnov: 1.95 / sqrt(n) is exceeded once in a thousand.
    assert (
        np.abs(places - (np.arange(len(drawn)) + 0.5) / len(drawn)).max() < 1.95 / len(drawn) ** 0.5
    )


@pytest.mark.parametrize("max_time", [3, 50, 1000.5])
@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_lstm_forgets_slowly_and_takes_up_little(max_time: float, unit_forget_bias: bool) -> None:
    chrono = Chrono(max_time, seed=1)
    layer = LSTM(UNITS, bias_initializer=chrono, unit_forget_bias=unit_forget_bias)
    i, f, c, o = bias_of(layer).reshape(4, UNITS)
    check_logs(f, max_time)
    assert np.array_equal(i, -f)
    assert not c.any()
    assert not o.any()


@pytest.mark.parametrize(
    ("options", "signs"),
    [
        ({"gates": "io"}, [-1, 0, 0]),
        ({"gates": "fo"}, [1, 0, 0]),
        ({"gates": "if"}, [-1, 1, 0]),
        ({"gates": "i"}, [-1, 0]),
        ({"coupled": True}, [-1, 0, 0]),
        ({"peephole": True}, [-1, 1, 0, 0]),
    ],
)
def test_lstm_without_some_gates(options: dict[str, Any], signs: list[int]) -> None:
    blocks = bias_of(LSTM(UNITS, bias_initializer=Chrono(20, seed=1), **options))
    logs = np.log(np.random.RandomState(1).uniform(1, 19, UNITS))
    assert np.array_equal(blocks, np.concatenate([s * logs for s in signs]).astype(np.float32))


def test_what_lstm_and_gru_keep_is_u_of_1_plus_u() -> None:
    """With all weights 0 a state of 1 is kept to u / (1 + u), u in [1, T - 1)."""
    u = np.random.RandomState(7).uniform(1, 29, 5)
    zeros = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    x = np.zeros((1, 2, 3), np.float32)
    ones = np.ones((1, 5), np.float32)
    for cell in (LSTM, GRU):
        layer = cell(5, bias_initializer=Chrono(30, seed=7), return_state=True, **zeros)
        states = [ones, ones] if cell is LSTM else [ones]
        kept = layer(x, initial_state=states)[-1]
        assert np.allclose(kept[0], (u / (1 + u)) ** 2, rtol=1e-5)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_keeps_through_z(reset_after: bool) -> None:
    layer = GRU(UNITS, bias_initializer=Chrono(80, seed=3), reset_after=reset_after)
    bias = bias_of(layer).reshape(-1, 3, UNITS)
    check_logs(bias[0, 0], 80)
    assert len(bias) == 1 + reset_after
    assert not bias[0, 1:].any()
    assert not bias[1:].any()


@given(st.integers(2, 200), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_bounds_and_seeds(max_time: int, seed: int, units: int) -> None:
    biases = Chrono(max_time, seed).for_gates("ifco", units)
    assert biases.shape == (4 * units,)
    forget = biases[units : 2 * units]
    assert forget.min() >= 0
    assert forget.max() <= math.log(max_time - 1)
    assert np.array_equal(biases, Chrono(max_time, seed).for_gates("ifco", units))


def test_numpys_seed_makes_it_repeatable() -> None:
    drawn = []
    for seed in (4, 4, 5):
        np.random.seed(seed)
        drawn.append(bias_of(LSTM(6, bias_initializer="chrono")))
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


# ---- the time ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [LSTM, GRU])
def test_by_default_the_steps_of_the_input(cell: type) -> None:
    first = bias_of(cell(UNITS, bias_initializer=Chrono(seed=2)), (None, 120, 3))
    assert np.array_equal(first, bias_of(cell(UNITS, bias_initializer=Chrono(120, seed=2))))


def test_max_time_counts_before_the_steps() -> None:
    layer = LSTM(UNITS, bias_initializer=Chrono(7, seed=2))
    assert bias_of(layer, (None, 120, 3)).max() <= np.float32(math.log(6))


def test_the_steps_that_a_model_finds_in_its_data() -> None:
    layer = LSTM(UNITS, bias_initializer=Chrono(seed=2), trainable=False)
    model = ec.Sequential([layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((2, 30, 1), np.float32), np.zeros((2, 1), np.float32), verbose=0)
    expected = bias_of(LSTM(UNITS, bias_initializer=Chrono(30, seed=2)))
    assert np.array_equal(model.layers[0].bias, expected)


def test_inside_wrappers() -> None:
    both = Bidirectional(LSTM(8, bias_initializer=Chrono(seed=2)))
    both.build((None, 40, 3))
    expected = bias_of(LSTM(8, bias_initializer=Chrono(40, seed=2)))
    weights = both.get_weights()
    assert np.array_equal(weights[2], expected)
    assert np.array_equal(weights[5], expected)
    each = TimeDistributed(LSTM(8, bias_initializer=Chrono(seed=2)))
    each.build((None, 6, 40, 3))
    assert np.array_equal(each.get_weights()[2], expected)


# ---- names and files ---------------------------------------------------------------------------


def test_every_way_to_name_it() -> None:
    made = [
        initializers.get("chrono"),
        initializers.get("Chrono"),
        initializers.get(Chrono),
        initializers.get(initializers.chrono),
        initializers.get({"class_name": "Chrono", "config": {}}),
    ]
    assert [type(item) for item in made] == [Chrono] * len(made)
    assert [item.get_config() for item in made] == [{"max_time": None, "seed": None}] * len(made)


@pytest.mark.parametrize("before", [Chrono(), Chrono(100), Chrono(np.float32(2.5), seed=3)])
def test_configuration_gives_the_same(before: Chrono) -> None:
    after = initializers.deserialize(json.loads(json.dumps(initializers.serialize(before))))
    assert type(after) is Chrono
    assert after.get_config() == before.get_config()


def test_a_model_is_saved_with_it(tmp_path: Path) -> None:
    model = ec.Sequential([ec.Input((25, 2)), GRU(4, bias_initializer="chrono"), Dense(1)])
    model.compile("adam", "mse")
    model.save(tmp_path / "model.safetensors")
    for again in (ec.models.load_model(tmp_path / "model.safetensors"), copy.deepcopy(model)):
        assert again.layers[0].bias_initializer.get_config() == {"max_time": None, "seed": None}
        assert np.array_equal(again.layers[0].bias, model.layers[0].bias)


def test_weights_that_are_given_need_no_time() -> None:
    given_weights = LSTM(4)
    given_weights.build((None, 5, 2))
    weights = given_weights.get_weights()
    layer = LSTM(4, bias_initializer="chrono", weights=weights)
    assert np.array_equal(bias_of(layer, (None, None, 2)), weights[2])


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Chrono(1.5), ValueError, "2 <= max_time and finite, received 1.5"),
        (lambda: Chrono(math.inf), ValueError, "received inf"),
        (lambda: Chrono("long"), TypeError, "expected a number for max_time"),
        (lambda: Chrono(5, seed=-1), ValueError, "0 <= seed"),
        (
            lambda: Chrono(5)((4, 4)),
            ValueError,
            r"bias_initializer of an LSTM, GRU or MemoryBlocks.*\(4, 4\)",
        ),
        (lambda: Chrono().for_gates("ifco", 3), ValueError, "received an unknown number; give"),
        (lambda: Chrono().for_gates("zrh", 3, 1), ValueError, "at least 2 time steps, received 1"),
        (lambda: Chrono(9).for_gates("h", 3), ValueError, "received one without: 'h'"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (LSTM(3, bias_initializer="chrono", name="a"), (None, None, 2), "layer 'a': bias_init"),
        (LSTM(3, bias_initializer="chrono"), (None, None, 2), r"Chrono\(max_time=...\)"),
        (GRU(3, bias_initializer="chrono"), (None, 1, 2), "at least 2 time steps, received 1"),
        (SimpleRNN(3, bias_initializer=Chrono(9)), (None, 5, 2), "gates that keep its state"),
        (LSTM(3, gates="o", bias_initializer=Chrono(9)), (None, 5, 2), "one without: 'co'"),
        (Dense(3, bias_initializer=Chrono(9)), (None, 5), "of an LSTM, GRU or MemoryBlocks"),
        (LSTM(3, kernel_initializer=Chrono(9)), (None, 5, 2), "of an LSTM, GRU or MemoryBlocks"),
    ],
)
def test_layers_that_cannot(layer: Any, shape: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer.build(shape)
    assert not layer.built


def test_no_bias_needs_no_time() -> None:
    layer = LSTM(3, use_bias=False, bias_initializer="chrono")
    layer.build((None, None, 2))
    assert layer.bias is None
