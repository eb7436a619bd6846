"""The embedded Reber grammar, against an independent automaton: a regular expression."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.tasks import reber

SEEDS = st.integers(0, 2**32 - 1)
# By eliminating nodes. Node 2: T*V to node 4, from there V to the end or P to node 3, from there S
# to the end or X back to node 2. T and S*X lead from node 0 to node 3, P to node 2.
FROM_2 = "(?:T*VPX)*T*V(?:V|PS)"
INNER = f"B(?:TS*X(?:S|X{FROM_2})|P{FROM_2})E"
EMBEDDED = re.compile(f"B(?:T{INNER}T|P{INNER}P)E")
# The table of the graph again, as published: node and symbol -> node.
TARGETS = {
    **{("0", "T"): "1", ("0", "P"): "2", ("1", "S"): "1", ("1", "X"): "3", ("2", "T"): "2"},
    **{("2", "V"): "4", ("3", "X"): "2", ("3", "S"): "5", ("4", "P"): "3", ("4", "V"): "5"},
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def symbols_of(rows: np.ndarray) -> str:
    """Returns one-hot rows as a string; asserts that they are one-hot."""
    assert rows.dtype == np.float32
    assert np.array_equal(np.sort(rows, axis=1), np.eye(7, dtype=np.float32)[[6] * len(rows)])
    return "".join("BTPSXVE"[place] for place in rows.argmax(axis=1))


def every_string(longest: int) -> set[str]:
    """Returns all strings of the grammar up to a length."""
    inner, front = set(), [("", "0")]
    while front:
        walked, node = front.pop()
        if node == "5":
            inner.add(f"B{walked}E")
        elif len(walked) < longest - 6:
            ways = [(symbol, target) for (at, symbol), target in TARGETS.items() if at == node]
            front.extend((walked + symbol, target) for symbol, target in ways)
    return {f"B{o}{string}{o}E" for o in "TP" for string in inner}


# -- strings


def test_symbols() -> None:
    assert reber.SYMBOLS == "BTPSXVE"


@given(SEEDS, st.integers(1, 60))
def test_strings_match_the_grammar(seed: int, count: int) -> None:
    strings = reber.generate_strings(count, rng(seed))
    assert len(strings) == count
    assert all(EMBEDDED.fullmatch(string) for string in strings)
    assert strings == reber.generate_strings(count, rng(seed))


def test_both_automata_agree_on_every_short_string() -> None:
    longest = 13
    known = every_string(longest)
    assert all(EMBEDDED.fullmatch(string) for string in known)
    drawn = {s for s in reber.generate_strings(200_000, rng()) if len(s) <= longest}
    assert drawn == known


def test_branches_have_probability_one_half() -> None:
    strings = reber.generate_strings(20_000, rng(1))
    ways: dict[str, Counter[str]] = {}
    for string in strings:
        for node, symbol in nodes_of(string):
            ways.setdefault(node, Counter())[symbol] += 1
    assert sorted(ways) == ["0", "1", "2", "3", "4", "outer"]
    for node, counts in ways.items():
        a, b = counts.values()
        # Chi-squared with one degree of freedom: 10.8 is exceeded once in a thousand.
        assert (a - b) ** 2 / (a + b) < 10.8, (node, counts)


def nodes_of(string: str) -> list[tuple[str, str]]:
    """Returns the branches of a string and the chosen symbols."""
    choices = [("outer", string[1])]
    node = "0"
    for symbol in string[3:-3]:
        choices.append((node, symbol))
        node = TARGETS[node, symbol]
    assert node == "5"
    return choices


def test_string_lengths() -> None:
    """Six symbols and a walk, whose mean length solves linear equations over the nodes."""
    lengths = np.array([len(string) for string in reber.generate_strings(50_000, rng(2))])
    assert lengths.min() == 9
    steps = np.zeros((5, 5))
    for node, targets in enumerate(([1, 2], [1, 3], [2, 4], [2, 5], [3, 5])):
        for target in targets:
            if target < 5:
                steps[node, target] += 0.5
    walk = np.linalg.solve(np.eye(5) - steps, np.ones(5))[0]
    error = lengths.std() / np.sqrt(len(lengths))
    assert abs(lengths.mean() - (6 + walk)) < 4 * error


def test_shortest_string_has_its_probability() -> None:
    strings = reber.generate_strings(64_000, rng(3))
    # B T B T X S E T E: outer, T, X, S: four choices.
    count = strings.count("BTBTXSETE")
    assert abs(count - 4000) < 4 * np.sqrt(64_000 / 16 * 15 / 16)


# -- sets


def test_sets_are_disjoint_and_without_repeats() -> None:
    train, test = reber.generate_sets(rng=rng(4))
    assert len(train) == len(test) == 256
    assert len({*train, *test}) == 512
    assert all(EMBEDDED.fullmatch(string) for string in train + test)
    assert (train, test) == reber.generate_sets(rng=rng(4))


def test_sets_of_independent_draws_are_disjoint() -> None:
    train, test = reber.generate_sets(300, 200, rng(5), distinct=False)
    assert (len(train), len(test)) == (300, 200)
    assert not set(train) & set(test)
    assert len(set(train)) < 300


@given(SEEDS)
def test_excluded_strings_are_not_drawn(seed: int) -> None:
    first = reber.generate_strings(50, rng(seed))
    second = reber.generate_strings(80, rng(seed), exclude=first)
    assert len(second) == 80
    assert not set(first) & set(second)
    third = reber.generate_strings(80, rng(seed), exclude=frozenset(first), distinct=True)
    assert len(set(third) - set(first)) == 80


# -- encoding and legal symbols


@given(SEEDS)
def test_pairs_are_the_strings(seed: int) -> None:
    strings = reber.generate_strings(20, rng(seed))
    x, y, legal = reber.to_pairs(strings)
    for string, inputs, targets, allowed in zip(strings, x, y, legal, strict=True):
        assert symbols_of(inputs) == string[:-1]
        assert symbols_of(targets) == string[1:]
        assert allowed.shape == (len(string) - 1, 7)
        assert allowed.dtype == np.bool_
        assert np.array_equal(allowed, reber.legal_next(string))
        assert allowed[np.arange(len(string) - 1), targets.argmax(axis=1)].all()


def test_legal_symbols_continue_to_a_string() -> None:
    """Returns by brute force the next symbols of all strings with the same start."""
    known = every_string(15)
    following: dict[str, set[str]] = {}
    for string in known:
        for place in range(1, len(string)):
            following.setdefault(string[:place], set()).add(string[place])
    for string in (string for string in known if len(string) <= 11):
        for step, row in enumerate(reber.legal_next(string)):
            legal = {symbol for symbol, yes in zip("BTPSXVE", row, strict=True) if yes}
            assert legal == following[string[: step + 1]], (string, step)


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ("", "expected B at 0 of '', received the end"),
        ("BX", "expected T or P at 1 of 'BX', received 'X'"),
        ("BTBTXSEPE", "expected T at 7 of 'BTBTXSEPE', received 'P'"),
        ("BTBTXSETEB", "expected the end at 9 of 'BTBTXSETEB', received 'B'"),
        ("BTBTXSET", "expected E at 8 of 'BTBTXSET', received the end"),
        ("BTBTXé", "expected X or S|expected S or X"),
    ],
)
def test_illegal_strings_are_refused(string: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reber.legal_next(string)
    with pytest.raises(ValueError, match="embedded Reber grammar"):
        reber.to_pairs(["BTBTXSETE", string])


# -- the criterion


def test_criterion_requires_all_branches() -> None:
    _, y, legal = reber.to_pairs(reber.generate_strings(5, rng(6)))
    assert not reber.all_predictions_legal(y, legal)
    assert reber.all_predictions_legal([row.astype(np.float32) for row in legal], legal)


@given(SEEDS)
def test_criterion_takes_the_n_most_active(seed: int) -> None:
    legal = reber.legal_next(reber.generate_strings(1, rng(seed))[0])
    outputs = rng(seed).random(legal.shape)
    helped = outputs + np.where(legal, rng(seed).choice([0.0, 1.0], p=[0.1, 0.9]), 0.0)
    for candidate in (outputs, helped):
        most_active = all(
            set(np.argsort(row)[::-1][: allowed.sum()]) == set(np.flatnonzero(allowed))
            for row, allowed in zip(candidate, legal, strict=True)
        )
        assert reber.all_predictions_legal(candidate, legal) == most_active


def test_criterion_at_its_limits() -> None:
    legal = np.array([[True, True, False, False, False, False, False]])
    good = np.array([[0.3, 0.2, 0.1, 0.0, 0.1, -1.0, 0.1]])
    assert reber.all_predictions_legal(good, legal)
    assert reber.all_predictions_legal(good[np.newaxis], legal[np.newaxis])
    tie, no_number, illegal_nan = good.copy(), good.copy(), good.copy()
    tie[0, 2] = 0.2
    no_number[0, 0] = np.nan
    illegal_nan[0, 6] = np.nan
    for bad in (tie, no_number, illegal_nan):
        assert not reber.all_predictions_legal(bad, legal)
        assert not reber.all_predictions_legal([good, bad], [legal, legal])
    padding = np.zeros((1, 7), dtype=bool)
    assert reber.all_predictions_legal(np.vstack([good, tie]), np.vstack([legal, padding]))


def test_criterion_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"expected outputs and legal .* received \(3, 7\) and"):
        reber.all_predictions_legal(np.zeros((3, 7)), np.zeros((2, 7), dtype=bool))
    with pytest.raises(ValueError, match=r"one shape \[..., 7\], received \(3, 6\)"):
        reber.all_predictions_legal(np.zeros((3, 6)), np.zeros((3, 6), dtype=bool))
    with pytest.raises(ValueError, match=r"expected 1 arrays of outputs, .* received 2"):
        reber.all_predictions_legal([np.zeros((3, 7))] * 2, [np.zeros((3, 7), dtype=bool)])


# -- the stream


@given(SEEDS, st.integers(1, 400))
def test_stream_joins_strings(seed: int, length: int) -> None:
    x, y, legal = reber.stream(length, rng(seed))
    assert x.shape == y.shape == legal.shape == (length, 7)
    assert legal.dtype == np.bool_
    text = symbols_of(x) + symbols_of(y)[-1]
    assert symbols_of(y) == text[1:]
    assert legal[np.arange(length), y.argmax(axis=1)].all()
    place, only_b = 0, np.arange(7) == 0
    while match := EMBEDDED.match(text, place):
        inside = legal[place : match.end() - 1]
        assert np.array_equal(inside, reber.legal_next(match.group())[: len(inside)])
        if match.end() <= length:
            assert np.array_equal(legal[match.end() - 1], only_b)
        place = match.end()
    assert begins_a_string(text[place:])


def begins_a_string(text: str) -> bool:
    """Returns whether a string of the grammar continues the given text."""
    head = re.match("B([TP])B", text)
    if head is None:
        return text in ("", "B", "BT", "BP")
    node = "0"
    for place, symbol in enumerate(text[3:], start=3):
        if node == "5":
            return f"E{head.group(1)}E".startswith(text[place:])
        if (node, symbol) not in TARGETS:
            return False
        node = TARGETS[node, symbol]
    return True


def test_stream_of_the_paper() -> None:
    x, y, legal = reber.stream(100_000, rng(7))
    text = symbols_of(x)
    strings = EMBEDDED.findall(text)
    assert text.startswith("".join(strings))
    assert len(text) - len("".join(strings)) < 100
    # All strings of a stream have the same distribution: 12 symbols on average.
    assert abs(len(strings) - 100_000 / 12) < 200
    ones = sum(string[1] == "T" for string in strings)
    assert abs(ones - len(strings) / 2) < 2 * np.sqrt(len(strings))
    assert set(legal.sum(axis=1)) == {1, 2}
    assert legal[y > 0].all()


@given(SEEDS, st.integers(1, 50))
def test_pieces_continue_the_previous_one(seed: int, length: int) -> None:
    endless = reber.pieces(length, rng(seed))
    drawn = [next(endless) for _ in range(5)]
    text = "".join(symbols_of(x) for x, _, _ in drawn) + symbols_of(drawn[-1][1])[-1]
    assert "".join(symbols_of(y) for _, y, _ in drawn) == text[1:]
    place = 0
    while match := EMBEDDED.match(text, place):
        place = match.end()
    assert begins_a_string(text[place:])
    for (x, y, legal), again in zip(drawn, reber.pieces(length, rng(seed)), strict=False):
        assert legal[np.arange(length), y.argmax(axis=1)].all()
        assert np.array_equal(x, again[0])


# -- errors


def test_reber_refuses_empty_data() -> None:
    with pytest.raises(ValueError, match="generate_strings: count: expected at least 1"):
        reber.generate_strings(0)
    with pytest.raises(ValueError, match="generate_sets: test: expected at least 1, received 0"):
        reber.generate_sets(1, 0)
    with pytest.raises(ValueError, match="generate_sets: train: expected at least 1, received -1"):
        reber.generate_sets(-1, 1)
    with pytest.raises(ValueError, match="stream: symbols: expected at least 1, received 0"):
        reber.stream(0)
    with pytest.raises(ValueError, match="pieces: symbols: expected at least 1, received 0"):
        reber.pieces(0)


def test_numpys_seed_repeats_the_strings() -> None:
    np.random.seed(8)
    first = [reber.generate_strings(20), reber.generate_strings(20)]
    np.random.seed(8)
    assert first == [reber.generate_strings(20), reber.generate_strings(20)]
    assert first[0] != first[1]
