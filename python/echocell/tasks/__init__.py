"""Generators of sequence problems: NumPy arrays that are ready for `fit`.

Tutorials and exercises:

    echo          return one integer of a sequence
    lag           return the previous integer, or an earlier one
    lag_rows      the same for many sequences at once
    memory        two sequences that only their first value distinguishes
    middles       the same with middles of any length
    alphabet      the next letter
    airline       a monthly series; series and baselines to forecast it with

Tasks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), by the numbers of the paper:

    reber           1: the embedded Reber grammar, and endless streams of it
    long_lag        2a, 2b, 2c: return an early symbol at the end
    two_sequence    3a, 3b, 3c: the first elements tell the class, noise follows
    adding          4, 5: the sum or the product of two marked values; the adding problem of later
                    papers
    temporal_order  6a, 6b: the order of two or three marks that are far apart

Tasks of later papers:

    copying       ten symbols, repeated after a delay
    languages     the legal next symbols of a^n b^n and a^n b^n c^n
    timing        timed spikes and periodic functions

Random functions take `rng`, a numpy.random.Generator. With None, a generator is seeded from NumPy's
global one, so that np.random.seed(n) makes the data reproducible. The modules import nothing else
of echocell.
"""

import typing as _typing

from echocell._common import lazy as _lazy

if _typing.TYPE_CHECKING:
    from echocell.tasks import (
        adding,
        airline,
        alphabet,
        baselines,
        copying,
        echo,
        encoding,
        lag,
        lag_rows,
        languages,
        long_lag,
        memory,
        middles,
        reber,
        series,
        temporal_order,
        timing,
        two_sequence,
    )
else:
    __getattr__, __dir__ = _lazy.attach(__name__, {})

__all__ = [
    "adding",
    "airline",
    "alphabet",
    "baselines",
    "copying",
    "echo",
    "encoding",
    "lag",
    "lag_rows",
    "languages",
    "long_lag",
    "memory",
    "middles",
    "reber",
    "series",
    "temporal_order",
    "timing",
    "two_sequence",
]
