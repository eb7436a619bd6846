"""Generators of sequence problems: what to learn, as NumPy arrays ready for `fit`.

echo: give back one integer of a sequence. lag: give the integer before, or one further back.
memory: two sequences that only a memory tells apart. alphabet: the letter that follows. copying:
ten symbols, again after a delay. languages: the symbols that may follow in a^n b^n and a^n b^n c^n.
timing: spikes at the right step, periodic functions. airline: a monthly series, and baselines to
compare forecasts with.

Where a function takes `rng`, it is a numpy.random.Generator; without it, one is seeded from
NumPy's global generator, so that np.random.seed(n) makes the data repeatable. Nothing here needs
the rest of echocell.
"""
