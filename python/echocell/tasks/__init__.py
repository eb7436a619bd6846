"""Generators of sequence problems: what to learn, as NumPy arrays ready for `fit`.

echo: give back one integer of a sequence. lag: give the integer before, or one further back;
lag_rows: the same from many sequences. memory: two sequences that only a memory tells apart;
middles: the same around middles of any length. alphabet: the letter that follows. copying: ten
symbols, again after a delay. languages: the symbols that may follow in a^n b^n and a^n b^n c^n.
timing: spikes at the right step, periodic functions. airline: a monthly series, and baselines to
compare forecasts with.

The experiments of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), by the paper's
numbers. reber (1): the embedded Reber grammar, and its endless stream. long_lag (2a, 2b, 2c): give
the first symbol again at the end. two_sequence (3a, 3b, 3c): the first elements tell the class, the
rest is noise. adding (4, 5): the sum or the product of two marked values, and the adding problem
of later papers. temporal_order (6a, 6b): the order of two or three marks far apart.

Where a function takes `rng`, it is a numpy.random.Generator; without it, one is seeded from
NumPy's global generator, so that np.random.seed(n) makes the data repeatable. Nothing here needs
the rest of echocell.
"""

import typing as _typing

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

    def __getattr__(name):
        """The submodules, imported when they are first used."""
        from echocell._common.lazy import submodule

        return submodule(__name__, name)

    def __dir__():
        from echocell._common.lazy import attributes

        return attributes(__name__)


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
