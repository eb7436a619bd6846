"""The generators of the papers after 1997, against their definitions, and their errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.tasks import copying, lag, languages, memory, middles, timing
from support.symbols import CHI_7, SEEDS, chi_squared, decoded, is_one_hot

DRAWN: dict[str, Callable[[np.random.Generator | None], Any]] = {
    "copying.generate_sequences": lambda rng: copying.generate_sequences(9, 3, rng=rng),
    "copying.generate_examples": lambda rng: copying.generate_examples(9, 3, rng=rng),
    "languages": lambda rng: languages.generate_examples(30, rng=rng)[2:],
    "timing.generate_intervals": lambda rng: timing.generate_intervals(30, 5, range(9), rng),
    "lag.generate_lagged": lambda rng: lag.generate_lagged(3, rng=rng),
    "lag.generate_pairs": lambda rng: lag.generate_pairs(rng=rng, depth=3),
    "middles.random_sequences": lambda rng: [middles.random_sequences(9, 3, 5, rng)],
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_generator_gives_the_same_data(name: str) -> None:
    make = DRAWN[name]
    first, again, other = (make(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    rng = np.random.default_rng(3)
    make(rng)
    assert not all(np.array_equal(a, b) for a, b in zip(first, make(rng), strict=True))


@pytest.mark.parametrize("name", DRAWN)
def test_without_rng_numpys_seed_repeats_the_data(name: str) -> None:
    np.random.seed(5)
    first = DRAWN[name](None)
    np.random.seed(5)
    assert all(np.array_equal(a, b) for a, b in zip(first, DRAWN[name](None), strict=True))


# -- copying


def test_copying_is_the_published_task() -> None:
    inputs, targets = copying.generate_sequences(50, 100, rng=np.random.default_rng(1))
    assert inputs.shape == targets.shape == (50, 120)
    assert inputs.dtype == targets.dtype == np.int64
    for read, due in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert set(read[:10]) <= set(range(8))
        assert read[10:] == [8] * 99 + [9] + [8] * 10
        assert due == [8] * 110 + read[:10]


@given(SEEDS, st.integers(1, 5), st.integers(1, 30), st.integers(1, 9), st.integers(1, 12))
def test_copying_of_any_size(seed: int, count: int, delay: int, symbols: int, copied: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = copying.generate_examples(count, delay, symbols, copied, rng)
    assert x.shape == y.shape == (count, delay + 2 * copied, symbols + 2)
    assert is_one_hot(x)
    assert is_one_hot(y)
    for read, due in zip(decoded(x), decoded(y), strict=True):
        assert max(read[:copied]) < symbols
        assert read.index(symbols + 1) == copied + delay - 1
        assert due == [symbols] * (copied + delay) + read[:copied]
        assert read[copied : copied + delay - 1] == [symbols] * (delay - 1)
        assert read[copied + delay :] == [symbols] * copied


def test_copied_symbols_are_uniform_at_every_step() -> None:
    inputs, _ = copying.generate_sequences(8000, 1, rng=np.random.default_rng(0))
    for place in range(10):
        assert chi_squared(inputs[:, place], 8) < 2 * CHI_7


def test_memoryless_score_is_the_crossentropy_from_the_time_step() -> None:
    for delay in (100, 1000):
        _, y = copying.generate_examples(4, delay, rng=np.random.default_rng(2))
        guess = np.zeros((delay + 20, 10))
        guess[: delay + 10, 8] = 1
        guess[delay + 10 :, :8] = 1 / 8
        entropy = -np.log((y * guess).sum(-1)).mean()
        assert copying.memoryless_score(delay) == pytest.approx(entropy, rel=1e-12)
    assert copying.memoryless_score(1000) == pytest.approx(0.0204, abs=5e-5)
    assert copying.memoryless_score(5, 2, 3) == pytest.approx(3 * math.log(2) / 11)


# -- languages


def legal_by_the_grammar(n: int, letters: str) -> list[set[str]]:
    """Returns the legal next symbols of each prefix, found in all strings of the language."""
    words = ["".join(letter * k for letter in letters) + "T" for k in range(n + 2)]
    word = words[n]
    return [{w[t] for w in words if w[:t] == word[:t] and len(w) > t} for t in range(len(word))]


@given(st.integers(0, 30), st.sampled_from([languages.ANBN, languages.ANBNCN]))
def test_legal_symbols_match_the_language(n: int, letters: str) -> None:
    values = languages.to_values(n, letters)
    assert languages.to_string(values, letters) == "S" + "".join(c * n for c in letters)
    legal = languages.legal_symbols(n, letters)
    assert legal.shape == (len(letters) * n + 1, len(letters) + 1)
    assert legal.dtype == np.bool_
    names = "T" + letters
    found = [{names[v] for v in np.flatnonzero(row)} for row in legal]
    assert found == legal_by_the_grammar(n, letters)
    x, y = languages.generate_example(n, letters)
    assert x.shape == y.shape == (1, *legal.shape)
    assert is_one_hot(x)
    assert decoded(x[0]) == values.tolist()
    assert y.dtype == np.float32
    assert np.array_equal(y[0], legal)


def test_languages_match_their_docstring() -> None:
    legal = languages.legal_symbols(2, "abc").astype(int).tolist()
    first, a, b, c, end = [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]
    assert legal == [first, a, a, b, c, c, end]


def test_training_ranges() -> None:
    assert [*languages.TRAIN_ANBN] == [*range(1, 11)]
    assert [*languages.TRAIN_ANBNCN] == [*range(1, 51)]
    assert languages.generate_ranges()[2] == [*range(1, 11)]
    assert languages.generate_ranges(languages.ANBNCN)[2] == [*range(1, 51)]
    x, y, ns = languages.generate_ranges("abc", [3, 0, 5])
    assert ns == [3, 0, 5]
    assert [a.shape for a in x] == [a.shape for a in y] == [(10, 4), (1, 4), (16, 4)]


@pytest.mark.parametrize(("letters", "largest"), [("ab", 10), ("abc", 50)])
def test_strings_are_uniform(letters: str, largest: int) -> None:
    x, y, ns = languages.generate_examples(5000, letters, rng=np.random.default_rng(1))
    assert len(x) == len(y) == len(ns) == 5000
    assert (ns.min(), ns.max()) == (1, largest)
    assert chi_squared(ns - 1, largest) < largest + 4 * math.sqrt(2 * largest)
    for read, due, n in [*zip(x, y, ns, strict=True)][:40]:
        example = languages.generate_example(int(n), letters)
        assert np.array_equal(read, example[0][0])
        assert np.array_equal(due, example[1][0])


@given(SEEDS, st.integers(0, 12), st.sampled_from(["ab", "abc"]))
def test_string_is_accepted_for_exactly_the_legal_symbols(seed: int, n: int, letters: str) -> None:
    rng = np.random.default_rng(seed)
    legal = languages.legal_symbols(n, letters)
    far = rng.uniform(0.01, 3, legal.shape)
    outputs = 0.5 + np.where(legal, far, -far)
    assert languages.accepts(outputs, legal)
    assert languages.accepts(outputs.astype(np.float32) - 0.5, legal, threshold=0)
    place = rng.integers(legal.shape[0]), rng.integers(legal.shape[1])
    outputs[place] = 1 - outputs[place]
    assert not languages.accepts(outputs, legal)
    outputs[place] = np.nan
    assert languages.accepts(outputs, legal) == (not legal[place])
    outputs[place] = 0.5
    assert languages.accepts(outputs, legal) == (not legal[place])


# -- timing


@given(SEEDS, st.integers(1, 20), st.integers(1, 12), st.lists(st.integers(0, 9), min_size=1))
def test_spikes_follow_their_intervals(seed: int, count: int, base: int, delays: list[int]) -> None:
    for inputs in timing.INPUTS:
        x, y = timing.generate_spikes(count, base, delays, inputs, np.random.default_rng(seed))
        assert x.shape == y.shape == (1, len(y[0]), 1)
        assert x.dtype == y.dtype == np.float32
        places = np.flatnonzero(y)
        intervals = np.diff([0, *places])
        assert len(places) == count
        assert places[-1] == y.size - 1
        assert set(y[y != 0]) == {1.0}
        assert set(intervals - base) <= set(delays)
        again = timing.generate_intervals(count, base, delays, np.random.default_rng(seed))
        assert np.array_equal(intervals, again)
        assert np.array_equal(places, timing.spike_places(again))
        expected = np.full(y.size, float(inputs == "constant"))
        if inputs == "delays":
            expected[[0, *places[:-1]]] = intervals - base
        assert np.array_equal(x[0, :, 0], expected)


def test_delays_are_uniform() -> None:
    intervals = timing.generate_intervals(8000, 20, range(8), np.random.default_rng(0))
    assert chi_squared(intervals - 20, 8) < CHI_7
    assert (timing.generate_intervals(50) == 10).all()


@given(st.integers(2, 60), st.integers(1, 200))
def test_periodic_functions(period: int, steps: int) -> None:
    found = {name: timing.periodic(name, period, steps) for name in timing.FUNCTIONS}
    for t in range(steps):
        m = t % period
        half = period / 2
        expected = {
            "cosine": (1 - math.cos(2 * math.pi * t / period)) / 2,
            "triangle": abs(half - m) / half,
            "rectangle": 1.0 if m > half else 0.0,
        }
        for name, value in expected.items():
            assert found[name][t] == pytest.approx(value, abs=1e-6)
    for values in found.values():
        assert values.dtype == np.float32
        assert values.shape == (steps,)
        assert values.min() >= 0
        assert values.max() <= 1
        assert np.array_equal(values[period:], values[:-period])


@pytest.mark.parametrize("period", timing.PERIODS)
def test_slopes_of_the_paper(period: int) -> None:
    """The largest steps and changes of steps that make the functions hard."""
    triangle = timing.periodic("triangle", period, 4 * period)
    assert np.abs(np.diff(triangle)).max() == pytest.approx(2 / period, abs=1e-6)
    rectangle = timing.periodic("rectangle", period, period)
    assert rectangle.sum() == (period - 1) // 2
    cosine = timing.periodic("cosine", period, period)
    assert np.abs(np.diff(cosine)).max() == pytest.approx(math.pi / period, rel=0.02)


@pytest.mark.parametrize("function", timing.FUNCTIONS)
@pytest.mark.parametrize("inputs", ["none", "constant"])
def test_functions_as_samples(function: str, inputs: str) -> None:
    x, y = timing.generate_function(function, 25, 4, inputs)
    assert x.shape == y.shape == (1, 100, 1)
    assert x.dtype == y.dtype == np.float32
    assert (x == (inputs == "constant")).all()
    assert np.array_equal(y[0, :, 0], timing.periodic(function, 25, 100))
    assert timing.generate_function(function)[1].shape == (1, 1000, 1)


def test_steps_before_the_first_error() -> None:
    targets = np.zeros((1, 6, 1), np.float32)
    outputs = targets.copy()
    assert timing.steps_within(outputs, targets) == 6
    outputs[0, 4] = -0.5
    assert timing.steps_within(outputs, targets) == 4
    assert timing.steps_within(outputs, targets, 0.5) == 4
    assert timing.steps_within(outputs, targets, 0.51) == 6
    outputs[0, 0] = np.nan
    assert timing.steps_within(outputs, targets, 9) == 0
    assert timing.steps_within([0.2, 0.31], [0, 0], timing.FUNCTION_LIMIT) == 1
    assert timing.steps_within([], []) == 0


# -- errors


LEGAL = languages.legal_symbols(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: copying.generate_examples(0), "count: expected at least 1, received 0"),
        (lambda: copying.generate_sequences(1, 0), "delay: expected at least 1, received 0"),
        (lambda: copying.generate_sequences(1, 1, 0), "symbols: expected at least 1, received 0"),
        (lambda: copying.generate_sequences(1, 1, 1, 0), "copied: expected at least 1"),
        (lambda: copying.memoryless_score(0), "delay: expected at least 1, received 0"),
        (lambda: copying.memoryless_score(1, 0), "symbols: expected at least 1, received 0"),
        (lambda: copying.memoryless_score(1, 1, 0), "copied: expected at least 1, received 0"),
        (lambda: languages.to_values(-1), "n: expected at least 0, received -1"),
        (lambda: languages.to_values(1, "abcd"), "expected language 'ab' or 'abc', received"),
        (lambda: languages.to_string([3]), r"expected columns 0\.\.2, received 3"),
        (lambda: languages.to_string([], "ba"), "received 'ba'"),
        (lambda: languages.generate_examples(0), "count: expected at least 1, received 0"),
        (lambda: languages.generate_examples(1, "a"), "received 'a'"),
        (lambda: languages.generate_examples(1, ns=[]), "at least one n in ns, received none"),
        (lambda: languages.generate_examples(1, ns=[-2]), "n: expected at least 0, received -2"),
        (lambda: languages.generate_ranges("c"), "received 'c'"),
        (lambda: languages.accepts(LEGAL, LEGAL.astype(int)), "dtype bool, received shape"),
        (lambda: languages.accepts(LEGAL[0], LEGAL[0]), r"received shape \(3,\)"),
        (lambda: languages.accepts(LEGAL[:2], LEGAL), r"shape \(3, 3\), as legal, received \(2, 3"),
        (lambda: timing.generate_intervals(0), "count: expected at least 1, received 0"),
        (lambda: timing.generate_intervals(1, 0), "base: expected at least 1, received 0"),
        (lambda: timing.generate_intervals(1, 1, []), r"one or more integers, received \[\]"),
        (lambda: timing.generate_intervals(1, 1, [0.5]), r"one or more integers, received \[0.5"),
        (lambda: timing.generate_intervals(1, 1, [2, -3]), "at least 0, received -3"),
        (lambda: timing.spike_places([]), "one or more integers, received shape"),
        (lambda: timing.spike_places([1.5]), "received shape .* dtype float64"),
        (lambda: timing.spike_places([4, 0]), "intervals of at least 1, received 0"),
        (lambda: timing.generate_spikes(1, inputs="x"), "none, constant, delays, received 'x'"),
        (lambda: timing.periodic("sine", 9, 9), "cosine, triangle, rectangle, received 'sine'"),
        (lambda: timing.periodic("cosine", 1, 9), "period: expected at least 2, received 1"),
        (lambda: timing.periodic("cosine", 9, 0), "steps: expected at least 1, received 0"),
        (lambda: timing.generate_function("x"), "received 'x'"),
        (
            lambda: timing.generate_function("cosine", inputs="delays"),
            "expected one of none, constant, received 'delays'",
        ),
        (lambda: timing.generate_function("cosine", periods=0), "periods: expected at least 1"),
        (lambda: timing.steps_within([1, 2], [1]), r"received shapes \(2,\) and \(1,\)"),
        (lambda: timing.steps_within(LEGAL, LEGAL), r"a number at each step, received shapes"),
        (lambda: lag.to_pairs([1, 2, 3], depth=3), "sequence of at least 4 integers"),
        (lambda: lag.to_pairs([1, 2], depth=0), "depth: expected at least 1, received 0"),
        (lambda: lag.to_lagged([1, 2], depth=2), r"at least 3 integers, received shape \(2,\)"),
        (lambda: lag.to_lagged([1, 2], depth=0), "depth: expected at least 1, received 0"),
        (lambda: lag.to_lagged(np.zeros((0, 4), int)), r"received shape \(0, 4\)"),
        (lambda: lag.to_lagged(3), r"received shape \(\)"),
        (lambda: lag.generate_lagged(0), "count: expected at least 1, received 0"),
        (lambda: lag.generate_lagged(1, 0), "length: expected at least 1, received 0"),
        (lambda: memory.to_steps([1, 2, 3]), r"sequences \[N, T\] .*received shape \(3,\)"),
        (lambda: memory.to_steps([[1], [2]]), r"at least 2 integers, received shape \(2, 1\)"),
        (lambda: memory.to_steps([[1, 2, 9]]), r"expected values 0\.\.4, received 9"),
    ],
)
def test_errors(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
