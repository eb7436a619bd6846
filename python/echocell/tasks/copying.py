"""Copying: read ten symbols, wait for T steps, write the ten symbols again.

The copy memory problem of Arjovsky, Shah and Bengio, "Unitary Evolution Recurrent Neural Networks"
(2016), which goes back to Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997). An alphabet
of ten: the symbols 0..7 to be copied, a blank, 8, and a delimiter, 9. For delay T a sequence has
T + 20 steps:

    input    10 random symbols, T - 1 blanks, the delimiter, 10 blanks
    target   T + 10 blanks, the 10 symbols in their order

The delimiter asks for the answer one step ahead: the first symbol is due at the step after it.

Legend: N samples, T the delay, V = symbols + 2 = 10, one column for each symbol, the blank and the
delimiter. The target never is the delimiter; it has its column all the same, so that inputs and
targets are of one alphabet.
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

#: Different symbols that may have to be copied: 0..7. The blank is 8, the delimiter 9.
SYMBOLS = 8
#: Symbols to be copied in a sequence.
COPIED = 10


def generate_sequences(
    count: int,
    delay: int = 100,
    symbols: int = SYMBOLS,
    copied: int = COPIED,
    rng: np.random.Generator | None = None,
) -> tuple[Integers, Integers]:
    """Inputs and targets as places in the alphabet: [N, T + 20] each, int64.

    Args:
        count: N.
        delay: T, at least 1; with 1 the delimiter follows the symbols at once.
        symbols: S, the symbols to be copied are 0..S-1, each as likely as the others; the blank is
            S, the delimiter S + 1. Default 8.
        copied: K, how many of them; a sequence has T + 2 K steps. Default 10.
        rng: where the symbols are drawn from.
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
    """`generate_sequences`, one-hot: x [N, T + 20, V], y [N, T + 20, V], a target at every step."""
    inputs, targets = generate_sequences(count, delay, symbols, copied, rng)
    return one_hot_encode(inputs, symbols + 2), one_hot_encode(targets, symbols + 2)


def memoryless_score(delay: int, symbols: int = SYMBOLS, copied: int = COPIED) -> float:
    """The crossentropy, mean over the steps, of who knows the time but no symbol: certain of the
    blanks, then every symbol as likely as the others: 10 ln 8 / (T + 20).
    """
    check_count("memoryless_score: delay", delay)
    check_count("memoryless_score: symbols", symbols)
    check_count("memoryless_score: copied", copied)
    return copied * math.log(symbols) / (delay + 2 * copied)
