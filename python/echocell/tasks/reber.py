"""The embedded Reber grammar: predict the legal next symbols.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, task 1
(the grammar is that of Reber 1967, embedded by Smith and Zipser 1989); and the endless streams of
Gers, Schmidhuber and Cummins, "Learning to Forget: Continual Prediction with LSTM", Neural
Computation 12(10), 2000.

A string is B, T or P, an inner string, the same T or P, E. An inner string is B, a walk through
GRAPH from node 0 to node 5, E; both ways out of a node have equal probability. Symbols are one-hot
in the order of SYMBOLS. The last symbol but one can be predicted from a memory of the second.

Decisions where the papers leave a choice:
- `generate_strings` draws strings independently of each other, so that they may repeat;
  `distinct=True` draws different ones. `generate_sets` draws 512 different strings by default,
  which make a harder test: of 256 independent draws only about 100 differ.
- The last E of a string is predicted, not read: L - 1 steps for L symbols.
- "The most active outputs" are those strictly greater than every other: a tie is a mistake.
- In a stream, B follows E. The targets for an error below 0.49 on every unit are 1 for all legal
  symbols, since no output can predict which of two branches is taken.

Legend: N strings, L symbols in a string, T steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell.tasks.encoding import Floats, Integers, check_count, generator, one_hot_encode

__all__ = [
    "GRAPH",
    "SYMBOLS",
    "all_predictions_legal",
    "generate_sets",
    "generate_strings",
    "legal_next",
    "pieces",
    "stream",
    "to_pairs",
]

Booleans = NDArray[np.bool_]
FloatArray = NDArray[np.floating[Any]]

SYMBOLS = "BTPSXVE"
# The inner graph: symbol -> next node, for each node. Node 5 is the last.
GRAPH = (
    {"T": 1, "P": 2},
    {"S": 1, "X": 3},
    {"T": 2, "V": 4},
    {"X": 2, "S": 5},
    {"P": 3, "V": 5},
)

_ID = {symbol: place for place, symbol in enumerate(SYMBOLS)}
_START, _DONE = 0, 19  # states of the whole grammar: nothing read, a whole string read
_ILLEGAL = -1


def _whole_grammar() -> Integers:
    """Returns the state after each symbol in each state, _ILLEGAL for illegal ones: [19, 7].

    State 0 expects B, 1 T or P, 18 E; between them are two copies of the inner string, for T and
    for P: B, nodes 0 to 4, E, T or P.
    """
    after = np.full((_DONE, len(SYMBOLS)), _ILLEGAL, dtype=np.int64)
    after[_START, _ID["B"]] = 1
    for outer, begin in (("T", 2), ("P", 10)):
        node_0, last, close = begin + 1, begin + 6, begin + 7
        after[1, _ID[outer]] = begin
        after[begin, _ID["B"]] = node_0
        for node, ways in enumerate(GRAPH):
            for symbol, target in ways.items():
                after[node_0 + node, _ID[symbol]] = node_0 + target
        after[last, _ID["E"]] = close
        after[close, _ID[outer]] = 18
    after[18, _ID["E"]] = _DONE
    return after


_AFTER = _whole_grammar()
_LEGAL: Booleans = _AFTER != _ILLEGAL
# The symbols of two draws of equal probability: [19, 2]; equal where one symbol is legal.
_WAYS = np.stack([np.flatnonzero(row)[[0, -1]] for row in _LEGAL])


def generate_strings(
    count: int,
    rng: np.random.Generator | None = None,
    *,
    exclude: Collection[str] = (),
    distinct: bool = False,
) -> list[str]:
    """Returns random strings of the embedded grammar, such as "BTBPVVETE".

    Args:
        count: N, at least 1.
        rng: the random generator; see `echocell.tasks`.
        exclude: strings that are not drawn, such as those of the training set for a test set.
        distinct: draw no string twice. Default: draws are independent.

    Returns:
        N strings, in the order of the draws.
    """
    check_count("generate_strings: count", count)
    rng = generator(rng)
    unwanted = set(exclude)
    strings: list[str] = []
    while len(strings) < count:
        for string in _draw_strings(max(count - len(strings), 16), rng):
            if string not in unwanted and len(strings) < count:
                strings.append(string)
                if distinct:
                    unwanted.add(string)
    return strings


def generate_sets(
    train: int = 256,
    test: int = 256,
    rng: np.random.Generator | None = None,
    *,
    distinct: bool = True,
) -> tuple[list[str], list[str]]:
    """Returns training strings, and test strings none of which is a training string.

    Args:
        train: the number of training strings, at least 1; default 256, as in the paper.
        test: the number of test strings, at least 1; default 256, as in the paper.
        rng: the random generator; see `echocell.tasks`.
        distinct: draw no string twice within a set. False: draws are independent.
    """
    check_count("generate_sets: train", train)
    check_count("generate_sets: test", test)
    rng = generator(rng)
    known = generate_strings(train, rng, distinct=distinct)
    return known, generate_strings(test, rng, exclude=known, distinct=distinct)


def legal_next(string: str) -> Booleans:
    """Returns the legal next symbols after each symbol of a string but the last: [L - 1, 7].

    Raises:
        ValueError: if the string does not belong to the grammar.
    """
    _, states = _walk(string)
    return _LEGAL[states[:-1]]


def to_pairs(strings: Iterable[str]) -> tuple[list[Floats], list[Floats], list[Booleans]]:
    """Returns the read symbols, the next symbols and the legal next symbols of strings.

    Returns:
        x, y and legal, N arrays [L - 1, 7] each. x (all symbols but the last) and y (all but the
        first) are one-hot, float32; legal is bool.

    Raises:
        ValueError: if a string does not belong to the grammar.
    """
    walks = [_walk(string) for string in strings]
    encoded = [one_hot_encode(ids, len(SYMBOLS)) for ids, _ in walks]
    legal = [_LEGAL[states[:-1]] for _, states in walks]
    return [rows[:-1] for rows in encoded], [rows[1:] for rows in encoded], legal


def stream(symbols: int, rng: np.random.Generator | None = None) -> tuple[Floats, Floats, Booleans]:
    """Returns random strings joined without a gap and cut to the given number of symbols.

    Args:
        symbols: T, at least 1; 100,000 in the paper of 2000.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x [T, 7], one-hot, and y [T, 7], the next symbol, both float32; legal [T, 7], bool, the
        legal next symbols. legal.astype("float32") is the target for an error on every unit.
    """
    check_count("stream: symbols", symbols)
    return next(pieces(symbols, rng))


def pieces(
    symbols: int, rng: np.random.Generator | None = None
) -> Iterator[tuple[Floats, Floats, Booleans]]:
    """Yields an endless stream in pieces, each of which continues the previous one.

    Arguments and pieces are those of `stream`.
    """
    check_count("pieces: symbols", symbols)
    return _pieces(symbols, generator(rng))


def _pieces(symbols: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats, Booleans]]:
    ids = np.empty(0, dtype=np.int64)
    states = np.empty(0, dtype=np.int64)
    while True:
        while len(ids) <= symbols:
            # A string has 12 symbols on average.
            drawn, after = _draw((symbols - len(ids)) // 12 + 16, rng)
            ids = np.concatenate([ids, drawn[drawn != _ILLEGAL]])
            states = np.concatenate([states, after[drawn != _ILLEGAL]])
        encoded = one_hot_encode(ids[: symbols + 1], len(SYMBOLS))
        # The end of a string is the start of the next one.
        yield encoded[:-1], encoded[1:], _LEGAL[states[:symbols] % _DONE]
        ids, states = ids[symbols:], states[symbols:]


def all_predictions_legal(
    outputs: FloatArray | Sequence[FloatArray], legal: Booleans | Sequence[Booleans]
) -> bool:
    """Returns whether the n legal next symbols are the n most active outputs at every step.

    This is the criterion of the paper.

    Args:
        outputs: [..., 7], or a list of such arrays of different lengths.
        legal: the legal symbols, bool, of the same shape. Steps without any (padding) are ignored.

    Returns:
        Whether every legal output is greater than every other output of its step. False if an
        output is NaN.

    Raises:
        ValueError: if shapes differ or the last axis is not 7.
    """
    if isinstance(outputs, np.ndarray) and isinstance(legal, np.ndarray):
        return _legal_first(outputs, legal)
    if len(outputs) != len(legal):
        raise ValueError(
            f"all_predictions_legal: expected {len(legal)} arrays of outputs, as many as of legal "
            f"symbols, received {len(outputs)}"
        )
    return all(_legal_first(*pair) for pair in zip(outputs, legal, strict=True))


def _legal_first(outputs: FloatArray, legal: Booleans) -> bool:
    active, allowed = np.asarray(outputs), np.asarray(legal, dtype=np.bool_)
    if active.shape != allowed.shape or active.shape[-1:] != (len(SYMBOLS),):
        raise ValueError(
            f"all_predictions_legal: expected outputs and legal symbols of one shape [..., 7], "
            f"received {active.shape} and {allowed.shape}"
        )
    least = np.where(allowed, active, np.inf).min(axis=-1)
    rest = np.where(allowed, -np.inf, active).max(axis=-1)
    return bool(np.all((least > rest) | ~allowed.any(axis=-1)))


def _draw(count: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Returns random walks through the grammar: symbols and the states after them.

    Both are [N, longest]; after the end of a string they are _ILLEGAL and _DONE.
    """
    ids: list[Integers] = []
    states: list[Integers] = [np.full(count, _START, dtype=np.int64)]
    while (going := states[-1] != _DONE).any():
        walkers = states[-1][going]
        symbol = np.full(count, _ILLEGAL, dtype=np.int64)
        state = np.full(count, _DONE, dtype=np.int64)
        symbol[going] = _WAYS[walkers, rng.integers(2, size=len(walkers))]
        state[going] = _AFTER[walkers, symbol[going]]
        ids.append(symbol)
        states.append(state)
    return np.stack(ids, axis=1), np.stack(states[1:], axis=1)


def _draw_strings(count: int, rng: np.random.Generator) -> list[str]:
    ids, _ = _draw(count, rng)
    letters = np.array([*SYMBOLS, ""])[ids]  # _ILLEGAL, -1, selects the empty string
    return ["".join(row) for row in letters.tolist()]


def _walk(string: str) -> tuple[list[int], list[int]]:
    """Returns the ids of a string [L] and the states after them [L], or raises ValueError."""
    ids: list[int] = []
    states = [_START]
    for symbol in string:
        place = SYMBOLS.find(symbol)
        if place < 0 or states[-1] == _DONE or not _LEGAL[states[-1], place]:
            raise _illegal(string, len(ids), states[-1])
        ids.append(place)
        states.append(int(_AFTER[states[-1], place]))
    if states[-1] != _DONE:
        raise _illegal(string, len(ids), states[-1])
    return ids, states[1:]


def _illegal(string: str, place: int, state: int) -> ValueError:
    legal = [] if state == _DONE else [SYMBOLS[k] for k in np.flatnonzero(_LEGAL[state])]
    return ValueError(
        f"embedded Reber grammar: expected {' or '.join(legal) or 'the end'} at {place} of "
        f"{string!r}, received {repr(string[place]) if place < len(string) else 'the end'}"
    )
