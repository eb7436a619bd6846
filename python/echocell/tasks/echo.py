"""Echo: read a sequence of random integers and return one of them.

There are two forms. A whole sequence is one sample, and the answer is the integer at a fixed index
(memory within a sequence), after Jason Brownlee, "Long Short-Term Memory Networks With Python"
(2017). Or every integer is a sample, and the answer is the integer itself (no memory needed), after
his "How to Learn to Echo Random Integers with LSTMs in Keras" (2017).

Legend: N samples, T time steps (the length of the sequence), V = n_values.
"""

from __future__ import annotations

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
    "generate_current_example",
    "generate_example",
    "generate_examples",
    "generate_sequence",
    "one_hot_decode",
    "one_hot_encode",
]


def generate_sequence(
    length: int = 5, n_values: int = 10, rng: np.random.Generator | None = None
) -> Integers:
    """Returns `length` integers drawn uniformly from 0..n_values-1."""
    check_count("generate_sequence: length", length)
    return random_values(length, n_values, rng)


def generate_examples(
    count: int,
    length: int = 5,
    n_values: int = 10,
    out_index: int = 2,
    rng: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Returns `count` sequences with their integers at `out_index`, one-hot: x [N, T, V], y [N, V].

    Raises:
        ValueError: if out_index is not in 0..length-1.
    """
    check_count("generate_examples: count", count)
    check_count("generate_examples: length", length)
    if not 0 <= out_index < length:
        raise ValueError(
            f"generate_examples: expected out_index 0..{length - 1}, received {out_index}"
        )
    sequences = random_values((count, length), n_values, rng)
    return one_hot_encode(sequences, n_values), one_hot_encode(sequences[:, out_index], n_values)


def generate_example(
    length: int = 5,
    n_values: int = 10,
    out_index: int = 2,
    rng: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Returns one sequence and its integer at `out_index`: x [1, T, V], y [1, V], one-hot."""
    return generate_examples(1, length, n_values, out_index, rng)


def generate_current_example(
    length: int = 25, n_values: int = 100, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats]:
    """Returns a sequence as T samples of one step with the same integer: x [T, 1, V], y [T, V]."""
    encoded = one_hot_encode(generate_sequence(length, n_values, rng), n_values)
    return encoded[:, np.newaxis, :], encoded
