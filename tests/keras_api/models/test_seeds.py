"""The seeds of initial weights, shuffles and dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell._common import seeds
from echocell.layers import GRU, LSTM, Dense, Dropout, SimpleRNN
from echocell.models import Sequential
from echocell.utils import set_random_seed

SEEDERS: dict[str, Callable[[int], None]] = {
    "numpy": np.random.seed,
    "set_random_seed": set_random_seed,
    "own": seeds.set_own_seed,
}


@pytest.fixture(autouse=True)
def numpy_again() -> Iterator[None]:
    yield
    seeds.follow_numpy()


def run(cell: type = LSTM) -> list[np.ndarray]:
    """Returns initial weights, and the weights after training with shuffles and dropout."""
    model = Sequential([cell(3, input_shape=(4, 1)), Dropout(0.4), Dense(1)])
    model.compile("sgd", "mse")
    initial = model.get_weights()
    x = np.linspace(-1, 1, 36).reshape(9, 4, 1)
    model.fit(x, x[:, 0], batch_size=2, epochs=2, verbose=0)
    return [*initial, *model.get_weights()]


def equal(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("seeder", SEEDERS)
@pytest.mark.parametrize("cell", [LSTM, GRU, SimpleRNN])
def test_every_seed_makes_a_run_repeatable(seeder: str, cell: type) -> None:
    runs = []
    for seed in (5, 5, 6):
        SEEDERS[seeder](seed)
        runs.append(run(cell))
    assert equal(runs[0], runs[1])
    assert not equal(runs[0], runs[2])


def test_the_own_seed_leaves_numpy_alone() -> None:
    np.random.seed(0)
    expected = np.random.rand(4)
    np.random.seed(0)
    drawn = []
    for _ in range(4):
        seeds.set_own_seed(7)
        run()
        drawn.append(np.random.rand())
    np.testing.assert_array_equal(drawn, expected)


def test_numpy_no_longer_reaches_a_run_with_a_seed_of_its_own() -> None:
    runs = []
    for seed in (1, 2):
        seeds.set_own_seed(3)
        np.random.seed(seed)
        runs.append(run())
    assert equal(*runs)


def test_set_random_seed_is_the_same_whatever_came_before() -> None:
    set_random_seed(4)
    expected = run()
    seeds.set_own_seed(1)
    run()
    set_random_seed(4)
    assert equal(run(), expected)


@given(seed=st.integers(-(2**63), 2**64 - 1))
def test_any_integer_of_64_bits_is_a_seed(seed: int) -> None:
    seeds.set_own_seed(seed)
    first = seeds.fresh_seed()
    seeds.set_own_seed(np.int64(seed) if -(2**63) <= seed < 2**63 else np.uint64(seed))
    assert seeds.fresh_seed() == first


@pytest.mark.parametrize(
    ("seed", "error"), [(None, TypeError), ("1", TypeError), (1.5, TypeError), (2**64, ValueError)]
)
def test_what_is_no_seed_changes_nothing(seed, error) -> None:
    seeds.set_own_seed(1)
    expected = seeds.fresh_seed()
    seeds.set_own_seed(1)
    with pytest.raises(error, match="expected an integer"):
        seeds.set_own_seed(seed)
    assert seeds.fresh_seed() == expected
