"""Languages: the legal next symbols of a^n b^n and a^n b^n c^n, for which a network has to count.

After Gers and Schmidhuber, "LSTM Recurrent Networks Learn Simple Context-Free and Context-Sensitive
Languages" (2001). A string is read a symbol at a time, after a start symbol S; at every step the
network names all legal next symbols and no other; T is the end of the string:

    read    S    a    a    b  b         S    a    a    b  b  c  c
    legal   a/T  a/b  a/b  b  T         a/T  a/b  a/b  b  c  c  T

After the first b, the rest of the string depends on n. After S both a and T are legal, as in the
paper: the empty string, n = 0, belongs to the language. It is not trained on.

S is only read and T only named, so they share one column, the first; then a, b (and c) follow. As
in the paper, this makes 3 inputs and outputs for a^n b^n and 4 for a^n b^n c^n. The encoding is
one-hot, 0 and 1, for sigmoid outputs. For numbers -1 and 1, use 2 x - 1 and the threshold 0.

Legend: N strings, K = letters of the language (2 or 3), V = K + 1, T = K n + 1 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.tasks.encoding import (
    Floats,
    Integers,
    check_count,
    generator,
    one_hot_decode,
    one_hot_encode,
)

__all__ = [
    "ANBN",
    "ANBNCN",
    "TRAIN_ANBN",
    "TRAIN_ANBNCN",
    "accepts",
    "generate_example",
    "generate_examples",
    "generate_ranges",
    "legal_symbols",
    "one_hot_decode",
    "one_hot_encode",
    "to_string",
    "to_values",
]

Flags = NDArray[np.bool_]

#: The letters of a language, each of which is repeated n times.
ANBN = "ab"
ANBNCN = "abc"
#: The n of the training strings.
TRAIN_ANBN = range(1, 11)
TRAIN_ANBNCN = range(1, 51)


def to_values(n: int, language: str = ANBN) -> Integers:
    """Returns the read symbols as columns, S = 0, a = 1, b = 2, c = 3: [T], int64.

    The end, T, is not read.
    """
    check_count("to_values: n", n, 0)
    letters = np.arange(1, _count(language) + 1, dtype=np.int64)
    return np.concatenate([[0], np.repeat(letters, n)])


def to_string(values: Iterable[int], language: str = ANBN) -> str:
    """Returns columns as letters, S for 0: [0, 1, 1, 2, 2] -> "Saabb"."""
    _count(language)
    names = "S" + language
    places = [int(value) for value in values]
    for place in places:
        if not 0 <= place < len(names):
            raise ValueError(f"to_string: expected columns 0..{len(names) - 1}, received {place}")
    return "".join(names[place] for place in places)


def legal_symbols(n: int, language: str = ANBN) -> Flags:
    """Returns the legal next symbols at each step of the string for n: [T, V], bool.

    Column 0 is T, the end.
    """
    count = _count(language)
    read = to_values(n, language)
    following = np.append(read[1:], 0)  # S and T share column 0
    legal: Flags = np.arange(count + 1) == following[:, np.newaxis]
    legal[0, [0, 1]] = True  # after S: a, or the end of the empty string
    legal[1 : n + 1, [1, 2]] = True  # after an a: another a, or the first b
    return legal


def generate_example(n: int, language: str = ANBN) -> tuple[Floats, Floats]:
    """Returns the string for n and its legal next symbols as 0 and 1: x [1, T, V], y [1, T, V].

    Strings of different n differ in length: `generate_examples` returns lists.
    """
    read = one_hot_encode(to_values(n, language), _count(language) + 1)
    return read[np.newaxis], legal_symbols(n, language).astype(np.float32)[np.newaxis]


def generate_examples(
    count: int,
    language: str = ANBN,
    ns: Iterable[int] | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[list[Floats], list[Floats], Integers]:
    """Returns `count` strings, with n drawn uniformly from `ns`.

    Args:
        count: N.
        language: ANBN or ANBNCN.
        ns: the n to draw from, 0 or more each. Default None: the training range of the language,
            1..10 for a^n b^n, 1..50 for a^n b^n c^n.
        rng: the random generator; see `echocell.tasks`.

    Returns:
        x and y, lists of N arrays [T, V]; the n [N].
    """
    check_count("generate_examples: count", count)
    _count(language)
    choices = np.array([*(_train(language) if ns is None else ns)], dtype=np.int64)
    if choices.size == 0:
        raise ValueError("generate_examples: expected at least one n in ns, received none")
    drawn = generator(rng).choice(choices, size=count)
    made = {int(n): generate_example(int(n), language) for n in np.unique(drawn)}
    return [made[int(n)][0][0] for n in drawn], [made[int(n)][1][0] for n in drawn], drawn


def generate_ranges(
    language: str = ANBN, ns: Iterable[int] | None = None
) -> tuple[list[Floats], list[Floats], list[int]]:
    """Returns every string of `ns` once, in that order, in the form of `generate_examples`.

    Args:
        language: ANBN or ANBNCN.
        ns: the n, 0 or more each. Default None: the training range of the language.
    """
    numbers = [int(n) for n in (_train(language) if ns is None else ns)]
    pairs = [generate_example(n, language) for n in numbers]
    return [x[0] for x, _ in pairs], [y[0] for _, y in pairs], numbers


def accepts(outputs: ArrayLike, legal: ArrayLike, threshold: float = 0.5) -> bool:
    """Returns whether the outputs above the threshold are exactly the legal symbols at every step.

    Args:
        outputs: [T, V], the outputs of the network.
        legal: [T, V], bool, from `legal_symbols`.
        threshold: 0.5 for targets 0 and 1; 0 for targets -1 and 1. An output equal to it does not
            name its symbol.
    """
    numbers: NDArray[Any] = np.asarray(outputs)
    flags: NDArray[Any] = np.asarray(legal)
    if flags.dtype != np.bool_ or flags.ndim != 2:
        raise ValueError(
            f"accepts: expected legal of shape [T, V] and dtype bool, received shape {flags.shape} "
            f"and dtype {flags.dtype}"
        )
    if numbers.shape != flags.shape:
        raise ValueError(
            f"accepts: expected outputs of shape {flags.shape}, as legal, received {numbers.shape}"
        )
    return bool(np.array_equal(numbers > threshold, flags))


def _train(language: str) -> range:
    return TRAIN_ANBN if _count(language) == 2 else TRAIN_ANBNCN


def _count(language: str) -> int:
    """Returns the number of letters of a language."""
    if language not in (ANBN, ANBNCN):
        raise ValueError(
            f"languages: expected language {ANBN!r} or {ANBNCN!r}, received {language!r}"
        )
    return len(language)
