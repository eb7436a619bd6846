"""The embedded Reber grammar: predict which symbols may come next.

After Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, task 1
(the grammar is that of Reber 1967, embedded by Smith and Zipser 1989); and the strings joined
without end of Gers, Schmidhuber and Cummins, "Learning to Forget: Continual Prediction with LSTM",
Neural Computation 12(10), 2000.

A string is B, T or P, an inner string, the same T or P, E. An inner string is B, a walk through
GRAPH from node 0 to node 5, E; both ways out of a node are as likely. Symbols are one-hot in the
order of SYMBOLS. Whoever reads a string can know the second-last symbol by having kept the second.

Decisions where the papers leave a choice:
- The paper has 256 random training strings and 256 others to test with, and does not say whether a
  string may come twice. `generate_strings` draws each without regard to the others, which is what
  branches of probability 1/2 mean. `generate_sets` gives 512 different strings: of 256 independent
  draws only about 100 differ, so that different ones make the harder test. `distinct` chooses.
- The last E of a string is predicted, not read: L - 1 steps for L symbols.
- "The most active outputs" are those strictly greater than every other: a tie is a mistake.
- In a stream B is what may follow E. Its targets for an error below 0.49 on every unit can only be
  the legal symbols, all of them 1: no output can foretell which of two branches is taken.

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
# From each node of the inner graph: symbol and next node. Node 5 is the last.
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
    """The state after each symbol in each state: [19, 7]; _ILLEGAL where it may not come.

    0: B, 1: T or P, then a copy of the inner string for each: B, nodes 0 to 4, E, T or P; 18: E.
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
# The symbol that each of two equally likely draws takes: [19, 2]; the same where one is legal.
_WAYS = np.stack([np.flatnonzero(row)[[0, -1]] for row in _LEGAL])


def generate_strings(
    count: int,
    rng: np.random.Generator | None = None,
    *,
    exclude: Collection[str] = (),
    distinct: bool = False,
) -> list[str]:
    """Random strings of the embedded grammar, such as "BTBPVVETE".

    Args:
        count: N, at least 1.
        rng: the random generator; see `echocell.tasks`.
        exclude: strings not to be drawn: those of the training set, for a test set.
        distinct: let no string come twice. Default: each is drawn without regard to the others.

    Returns:
        N strings, in the order in which they were drawn.
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
    """Training strings, and test strings none of which is a training string.

    Args:
        train: how many to train with, at least 1; default 256, as in the paper.
        test: how many others to test with, at least 1; default 256, as in the paper.
        rng: the random generator; see `echocell.tasks`.
        distinct: let no string come twice within a set either. False: independent draws.
    """
    check_count("generate_sets: train", train)
    check_count("generate_sets: test", test)
    rng = generator(rng)
    known = generate_strings(train, rng, distinct=distinct)
    return known, generate_strings(test, rng, exclude=known, distinct=distinct)


def legal_next(string: str) -> Booleans:
    """Which symbols may follow each symbol of a string but the last: [L - 1, 7].

    Raises ValueError where the string is none of the grammar.
    """
    _, states = _walk(string)
    return _LEGAL[states[:-1]]


def to_pairs(strings: Iterable[str]) -> tuple[list[Floats], list[Floats], list[Booleans]]:
    """What to read, what comes next, and what might: x, y and legal, N arrays [L - 1, 7] each.

    x and y are one-hot, float32: the symbols but the last, and those but the first. legal says for
    every step which symbols the grammar lets follow. Raises ValueError for a string that is none of
    the grammar.
    """
    walks = [_walk(string) for string in strings]
    encoded = [one_hot_encode(ids, len(SYMBOLS)) for ids, _ in walks]
    legal = [_LEGAL[states[:-1]] for _, states in walks]
    return [rows[:-1] for rows in encoded], [rows[1:] for rows in encoded], legal


def stream(symbols: int, rng: np.random.Generator | None = None) -> tuple[Floats, Floats, Booleans]:
    """Random strings joined without a gap, and cut after so many symbols.

    Args:
        symbols: T, how many symbols to read, at least 1; 100,000 in the paper of 2000.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x [T, 7], one-hot; y [T, 7], the symbol that comes next; both float32; and legal [T, 7],
        bool, those that might: legal.astype("float32") is the target for an error on every unit.
    """
    check_count("stream: symbols", symbols)
    return next(pieces(symbols, rng))


def pieces(
    symbols: int, rng: np.random.Generator | None = None
) -> Iterator[tuple[Floats, Floats, Booleans]]:
    """An endless stream, so many symbols at a time: each piece goes on where the last one ended.

    Arguments and pieces as in `stream`; who stops at the first error need not draw the rest.
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
        # The end of a string is the start of the next.
        yield encoded[:-1], encoded[1:], _LEGAL[states[:symbols] % _DONE]
        ids, states = ids[symbols:], states[symbols:]


def all_predictions_legal(
    outputs: FloatArray | Sequence[FloatArray], legal: Booleans | Sequence[Booleans]
) -> bool:
    """The paper's criterion: at every step the n legal next symbols are the n most active outputs.

    Args:
        outputs: [..., 7], or a list of such arrays of different lengths.
        legal: which symbols are legal, bool, of the same shape. A step with none (padding) says
            nothing.

    Returns:
        whether every legal output is greater than every other of its step, at every step. False
        where an output is NaN.

    Raises:
        ValueError: where shapes differ or the last axis is not 7.
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
    """Random walks through the grammar: symbols and the states after them, [N, longest] each,
    _ILLEGAL and _DONE behind a string's end.
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
    letters = np.array([*SYMBOLS, ""])[ids]  # _ILLEGAL takes the last, no letter
    return ["".join(row) for row in letters.tolist()]


def _walk(string: str) -> tuple[list[int], list[int]]:
    """The ids of a string [L] and the states after them [L]. ValueError if it is illegal."""
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
