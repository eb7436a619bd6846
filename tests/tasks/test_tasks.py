"""The task generators, by their properties."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.tasks import alphabet, echo, lag, memory

SEEDS = st.integers(0, 2**32 - 1)
TASK_MODULES = sorted(
    path.stem for path in Path(echo.__file__).parent.glob("*.py") if path.stem != "__init__"
)


def decoded(x: np.ndarray) -> list:
    return echo.one_hot_decode(x).tolist()


# -- one-hot codes


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(10, 20))
def test_one_hot_round_trip(values: list[int], n_values: int) -> None:
    encoded = echo.one_hot_encode(values, n_values)
    assert encoded.shape == (len(values), n_values)
    assert encoded.dtype == np.float32
    assert np.array_equal(encoded.sum(axis=1), np.ones(len(values)))
    assert set(np.unique(encoded)) <= {0.0, 1.0}
    assert decoded(encoded) == values


def test_one_hot_of_any_shape() -> None:
    values = np.arange(6).reshape(2, 3)
    encoded = echo.one_hot_encode(values, 6)
    assert encoded.shape == (2, 3, 6)
    assert np.array_equal(echo.one_hot_decode(encoded), values)
    assert echo.one_hot_encode([], 4).shape == (0, 4)


def test_one_hot_decode_reads_probabilities() -> None:
    assert decoded(np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]])) == [1, 0]


@pytest.mark.parametrize(
    ("values", "n_values", "error", "message"),
    [
        ([0, 10], 10, ValueError, r"expected values 0\.\.9, received 10"),
        ([0, -1], 10, ValueError, r"expected values 0\.\.9, received -1"),
        ([0.5], 10, TypeError, "expected integers, received dtype float64"),
        (["a"], 10, TypeError, "expected integers"),
        ([0], 0, ValueError, "n_values: expected at least 1, received 0"),
    ],
)
def test_one_hot_encode_refuses_invalid_arguments(
    values: list, n_values: int, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        echo.one_hot_encode(values, n_values)


@pytest.mark.parametrize("encoded", [np.float32(1), np.zeros((3, 0))])
def test_one_hot_decode_refuses_invalid_arguments(encoded: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected rows of at least one number"):
        echo.one_hot_decode(encoded)


# -- echo


@given(SEEDS, st.integers(1, 40), st.integers(1, 120))
def test_sequences_are_random_integers(seed: int, length: int, n_values: int) -> None:
    for task in (echo, lag):
        sequence = task.generate_sequence(length, n_values, np.random.default_rng(seed))
        again = task.generate_sequence(length, n_values, np.random.default_rng(seed))
        assert sequence.shape == (length,)
        assert sequence.min() >= 0
        assert sequence.max() < n_values
        assert np.array_equal(sequence, again)


def test_values_are_equally_likely() -> None:
    values = echo.generate_sequence(100_000, 10, np.random.default_rng(0))
    counts = np.bincount(values, minlength=10)
    # Chi-squared with 9 degrees of freedom: 27.9 is exceeded once in a thousand.
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9


@given(SEEDS, st.integers(1, 9), st.data())
def test_echo_target_is_the_value_at_the_index(seed: int, length: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, length - 1))
    x, y = echo.generate_examples(7, length, 10, index, np.random.default_rng(seed))
    assert x.shape == (7, length, 10)
    assert y.shape == (7, 10)
    assert np.array_equal(x[:, index], y)


def test_echo_defaults_are_the_published_task() -> None:
    x, y = echo.generate_example(rng=np.random.default_rng(1))
    assert x.shape == (1, 5, 10)
    assert decoded(y) == [decoded(x[0])[2]]


@pytest.mark.parametrize("index", [-1, 5])
def test_echo_refuses_an_index_outside(index: int) -> None:
    with pytest.raises(ValueError, match=rf"expected out_index 0\.\.4, received {index}"):
        echo.generate_example(out_index=index)


def test_echo_refuses_empty_data() -> None:
    with pytest.raises(ValueError, match="length: expected at least 1, received 0"):
        echo.generate_sequence(0)
    with pytest.raises(ValueError, match="count: expected at least 1, received 0"):
        echo.generate_examples(0)


def test_echo_current_target_is_the_input() -> None:
    x, y = echo.generate_current_example(rng=np.random.default_rng(1))
    assert x.shape == (25, 1, 100)
    assert y.shape == (25, 100)
    assert np.array_equal(x[:, 0], y)


def test_without_rng_numpys_seed_repeats_the_data() -> None:
    np.random.seed(5)
    first = [echo.generate_sequence(50, 100) for _ in range(2)]
    np.random.seed(5)
    second = [echo.generate_sequence(50, 100) for _ in range(2)]
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


# -- lag


@given(SEEDS, st.integers(2, 40))
def test_lag_pair_targets_are_the_previous_values(seed: int, length: int) -> None:
    sequence = lag.generate_sequence(length, 100, np.random.default_rng(seed))
    x, y = lag.to_pairs(sequence)
    assert x.shape == (length - 1, 1, 100)
    assert decoded(x[:, 0]) == sequence[1:].tolist()
    assert decoded(y) == sequence[:-1].tolist()


@given(SEEDS, st.integers(2, 7), st.integers(1, 30))
def test_lag_windows_hold_the_last_values(seed: int, steps: int, samples: int) -> None:
    sequence = lag.generate_sequence(steps + samples, 100, np.random.default_rng(seed))
    x, y = lag.to_windows(sequence, steps=steps)
    assert x.shape == (samples, steps, 100)
    for row, t in enumerate(range(steps, len(sequence))):
        assert decoded(x[row]) == sequence[t - steps + 1 : t + 1].tolist()
        assert decoded(y[row]) == sequence[t - 1]


def test_lag_defaults_are_the_published_task() -> None:
    x, y = lag.generate_pairs(rng=np.random.default_rng(1))
    assert (x.shape, y.shape) == ((24, 1, 100), (24, 100))
    x, y = lag.generate_windows(rng=np.random.default_rng(1))
    assert (x.shape, y.shape) == ((20, 5, 100), (20, 100))
    assert np.array_equal(x[:, -2], y)


def test_lag_refuses_short_sequences() -> None:
    with pytest.raises(ValueError, match=r"to_pairs: expected a sequence of at least 2 integers"):
        lag.to_pairs([1])
    with pytest.raises(ValueError, match=r"to_windows: expected a sequence of at least 6 integers"):
        lag.to_windows([1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="steps: expected at least 2, received 1"):
        lag.to_windows([1, 2, 3], steps=1)


# -- memory


def test_memory_sequences_equal_the_published_ones() -> None:
    assert memory.SEQUENCES == ((3, 0, 1, 2, 3), (4, 0, 1, 2, 4))
    for sequence in memory.SEQUENCES:
        assert memory.generate_sequence(sequence[0], len(sequence)) == sequence


@given(st.integers(3, 12), st.integers(0, 5))
def test_memory_sequences_differ_only_at_their_ends(length: int, extra: int) -> None:
    first = length - 2 + extra
    sequence = memory.generate_sequence(first, length)
    assert len(sequence) == length
    assert sequence[0] == sequence[-1] == first
    assert sequence[1:-1] == tuple(range(length - 2))


def test_memory_pair_targets_are_the_next_values() -> None:
    for sequence in memory.SEQUENCES:
        x, y = memory.to_pairs(sequence)
        assert (x.shape, y.shape) == ((4, 1, 5), (4, 5))
        assert decoded(x[:, 0]) == list(sequence[:-1])
        assert decoded(y) == list(sequence[1:])


def test_memory_refuses_invalid_arguments() -> None:
    with pytest.raises(ValueError, match="expected first to be at least 3"):
        memory.generate_sequence(2)
    with pytest.raises(ValueError, match="length: expected at least 3"):
        memory.generate_sequence(4, 2)
    with pytest.raises(ValueError, match="expected a sequence of at least 2 integers"):
        memory.to_pairs([[1, 2]])


# -- alphabet


@pytest.mark.parametrize(("length", "samples"), [(1, 25), (3, 23), (25, 1)])
def test_alphabet_windows_are_followed_by_their_letter(length: int, samples: int) -> None:
    windows, following = alphabet.generate_windows(length)
    assert windows.shape == (samples, length)
    for window, letter in zip(windows, following, strict=True):
        text = alphabet.to_letters([*window, letter])
        assert text in alphabet.ALPHABET
        assert len(text) == length + 1


def test_alphabet_forms_hold_the_same_numbers() -> None:
    windows, _ = alphabet.generate_windows(3)
    features, steps = alphabet.as_features(windows), alphabet.as_steps(windows)
    assert (features.shape, steps.shape) == ((23, 1, 3), (23, 3, 1))
    assert features.dtype == steps.dtype == np.float32
    assert np.allclose(features[0, 0], [0, 1 / 26, 2 / 26])
    assert np.array_equal(features[:, 0], steps[:, :, 0])


@given(st.text(alphabet=alphabet.ALPHABET, max_size=40))
def test_letters_round_trip(text: str) -> None:
    assert alphabet.to_letters(alphabet.to_values(text)) == text


def test_alphabet_refuses_invalid_arguments() -> None:
    with pytest.raises(ValueError, match=r"expected letters A\.\.Z, received 'a'"):
        alphabet.to_values("Aa")
    with pytest.raises(ValueError, match=r"expected places 0\.\.25, received 26"):
        alphabet.to_letters([26])
    with pytest.raises(ValueError, match=r"expected length 1\.\.25, received 26"):
        alphabet.generate_windows(26)
    with pytest.raises(ValueError, match="length: expected at least 1, received 0"):
        alphabet.generate_windows(0)
    with pytest.raises(ValueError, match=r"expected windows of shape \[N, K\], received shape"):
        alphabet.as_steps([1, 2])


# -- imports


@pytest.mark.parametrize("name", TASK_MODULES)
def test_tasks_import_only_numpy(name: str) -> None:
    """Every module of tasks, loaded without the package, imports only NumPy and tasks.

    The package of the tasks imports the loader of its modules, which imports nothing of echocell.
    """
    folder = Path(echo.__file__).parent.parent
    code = (
        "import sys, types, importlib\n"
        "package = types.ModuleType('echocell')\n"
        f"package.__path__ = [{str(folder)!r}]\n"
        "sys.modules['echocell'] = package\n"
        f"importlib.import_module('echocell.tasks.{name}')\n"
        "print(*[m for m in sys.modules if m.startswith('echocell.')\n"
        "        and not m.startswith('echocell.tasks')])\n"
        "print(*[m for m in ('tqdm', 'matplotlib', 'safetensors') if m in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {*result.stdout.split()} <= {"echocell._common", "echocell._common.lazy"}
