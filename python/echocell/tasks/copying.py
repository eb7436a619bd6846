"""Copying: read ten symbols, wait for T steps, and repeat the symbols.

The copy memory problem of Arjovsky, Shah and Bengio, "Unitary Evolution Recurrent Neural Networks"
(2016), which goes back to Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997). The alphabet
has ten symbols: 0..7 to be copied, a blank, 8, and a delimiter, 9. A sequence with delay T has T +
20 steps:

    input    10 random symbols, T - 1 blanks, the delimiter, 10 blanks
    target   T + 10 blanks, the 10 symbols in order

The first symbol is due one step after the delimiter.

Legend: N samples, T the delay, V = symbols + 2 = 10, one column for each symbol, the blank and the
delimiter. The delimiter is never a target; targets have its column nevertheless, so that inputs and
targets share an alphabet.
"""

from __future__ import annotations

import math

import numpy as np

from echocell.tasks.encoding import (
    Floats,
    Integers,
    check_count,
    one_hot_decode,
    one_hot_encode,
    random_values,
)

__all__ = [
    "COPIED",
    "SYMBOLS",
    "generate_examples",
    "generate_sequences",
    "memoryless_score",
    "one_hot_decode",
    "one_hot_encode",
]

#: The number of different symbols to be copied, 0..7. The blank is 8, the delimiter 9.
SYMBOLS = 8
#: The number of symbols to be copied in a sequence.
COPIED = 10


def generate_sequences(
    count: int,
    delay: int = 100,
    symbols: int = SYMBOLS,
    copied: int = COPIED,
    rng: np.random.Generator | None = None,
) -> tuple[Integers, Integers]:
    """Returns inputs and targets as places in the alphabet: [N, T + 20] each, int64.

    Args:
        count: N.
        delay: T, at least 1; with 1, the delimiter directly follows the symbols.
        symbols: S; the symbols to be copied are 0..S-1 with equal probability, the blank is S, the
            delimiter S + 1. Default 8.
        copied: K, the number of symbols to be copied; a sequence has T + 2 K steps. Default 10.
        rng: the random generator; see `echocell.tasks`.
    """
    check_count("generate_sequences: count", count)
    check_count("generate_sequences: delay", delay)
    check_count("generate_sequences: symbols", symbols)
    check_count("generate_sequences: copied", copied)
    drawn = random_values((count, copied), symbols, rng)
    inputs = np.full((count, delay + 2 * copied), symbols, dtype=np.int64)
    targets = inputs.copy()
    inputs[:, :copied] = drawn
    inputs[:, copied + delay - 1] = symbols + 1
    targets[:, -copied:] = drawn
    return inputs, targets


def generate_examples(
    count: int,
    delay: int = 100,
    symbols: int = SYMBOLS,
    copied: int = COPIED,
    rng: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Returns `generate_sequences` one-hot: x and y [N, T + 20, V], a target at every step."""
    inputs, targets = generate_sequences(count, delay, symbols, copied, rng)
    return one_hot_encode(inputs, symbols + 2), one_hot_encode(targets, symbols + 2)


def memoryless_score(delay: int, symbols: int = SYMBOLS, copied: int = COPIED) -> float:
    """Returns the best crossentropy without memory of the symbols: 10 ln 8 / (T + 20).

    This is the mean over the steps if the blanks are certain and all symbols equally probable.
    """
    check_count("memoryless_score: delay", delay)
    check_count("memoryless_score: symbols", symbols)
    check_count("memoryless_score: copied", copied)
    return copied * math.log(symbols) / (delay + 2 * copied)
