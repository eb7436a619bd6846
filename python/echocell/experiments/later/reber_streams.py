"""Endless streams of the embedded Reber grammar: training chunks, tests, the growth of cells.

A stream ends in training at its first error; another stream takes its place at the start of a
string.

Legend: B parallel streams, T symbols of a chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echocell.models import Sequential
from echocell.tasks import reber
from echocell.tasks.encoding import Floats, Integers

Booleans = NDArray[np.bool_]

LIMIT = 0.49
# Symbols of a stream that are drawn at a time, and symbols of a test predicted at a time.
_DRAWN, _TESTED = 4000, 2000
# Beyond this state the output of a cell (tanh) is 1 or -1 to within 1e-4.
FULL = 5.0


class Streams:
    """Parallel streams, each read chunk by chunk until it is ended."""

    def __init__(self, count: int, chunk: int, rng: np.random.Generator) -> None:
        self.begun = count
        self._chunk = chunk
        size = max(_DRAWN, chunk)
        self._sources = [reber.pieces(size, child) for child in rng.spawn(count)]
        # Drawn symbols that were not read yet, with their legal next symbols.
        self._left: list[tuple[Floats, Booleans]] = [_drawn(source) for source in self._sources]

    def read(self) -> tuple[Floats, Floats]:
        """Returns the next chunk of every stream: x [B, T, 7] and targets [B, T, 7]."""
        chunks = []
        for row, source in enumerate(self._sources):
            while len(self._left[row][0]) < self._chunk:
                self._left[row] = _joined(self._left[row], _drawn(source))
            chunks.append([part[: self._chunk] for part in self._left[row]])
            self._left[row] = _from(self._left[row], self._chunk)
        x, legal = zip(*chunks, strict=True)
        return np.stack(x), np.stack(legal).astype(np.float32)

    def end(self, row: int) -> None:
        """Starts another stream in this row, at the start of the next string."""
        self.begun += 1
        while (start := _first_string(self._left[row])) < 0:
            # The last symbol is kept: it may be the end of a string.
            self._left[row] = _joined(_from(self._left[row], -1), _drawn(self._sources[row]))
        self._left[row] = _from(self._left[row], start)


def _drawn(source: Any) -> tuple[Floats, Booleans]:
    x, _, legal = next(source)
    return x, legal


def _joined(a: tuple[Floats, Booleans], b: tuple[Floats, Booleans]) -> tuple[Floats, Booleans]:
    return np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])


def _from(part: tuple[Floats, Booleans], start: int) -> tuple[Floats, Booleans]:
    return part[0][start:], part[1][start:]


def _first_string(part: tuple[Floats, Booleans]) -> int:
    """Returns the position of the first start of a string, a B after an E; -1 for none."""
    x = part[0]
    begins = x[1:, reber.SYMBOLS.index("B")] * x[:-1, reber.SYMBOLS.index("E")]
    return int(begins.argmax()) + 1 if begins.any() else -1


def wrong(outputs: Floats, targets: Floats) -> Booleans:
    """Returns where the error of any output is LIMIT or more: [B, T]."""
    return np.asarray((~(np.abs(outputs - targets) < LIMIT)).any(axis=-1))


def predict_ahead(model: Sequential, x: Floats) -> Floats:
    """Returns the outputs for x [B, T, 7] from the carried states, and restores these states."""
    layer: Any = model.layers[0]
    states = layer.get_states()
    outputs: Floats = model.predict(x, batch_size=len(x), verbose=0)
    if states:
        layer.set_states(states)
    else:
        layer.reset_states()
    return outputs


def correct_symbols(
    model: Sequential, count: int, symbols: int, rng: np.random.Generator
) -> Integers:
    """Returns the symbols of new streams before the first error, at most `symbols`: [count]."""
    sources = [reber.pieces(min(_TESTED, symbols), child) for child in rng.spawn(count)]
    right, going = np.zeros(count, np.int64), np.ones(count, np.bool_)
    model.reset_states()
    while going.any() and right.max() < symbols:
        x, legal = (np.stack(part) for part in zip(*map(_drawn, sources), strict=True))
        errors = wrong(model.predict(x, batch_size=count, verbose=0), legal.astype(np.float32))
        first = np.where(errors.any(axis=1), errors.argmax(axis=1), errors.shape[1])
        right += np.where(going, first, 0)
        going &= first == errors.shape[1]
    model.reset_states()
    return np.minimum(right, symbols)


def marks(symbols: int) -> list[int]:
    """Returns the positions at which cells are measured: powers of ten, and the end."""
    powers = [10**k for k in range(1, len(str(symbols))) if 10**k < symbols]
    return [*powers, symbols]


def cell_growth(
    model: Sequential, places: Sequence[int], rng: np.random.Generator
) -> tuple[list[float], float]:
    """Returns the largest absolute cell state at each position of a stream.

    Also returns the percentage of cells beyond FULL at the last position.
    """
    layer: Any = model.layers[0]
    x, _, _ = reber.stream(places[-1], rng)
    model.reset_states()
    sizes = np.zeros(0)
    largest = []
    for start, end in zip([0, *places], places, strict=False):
        model.predict(x[np.newaxis, start:end], batch_size=1, verbose=0)
        sizes = np.abs(layer.get_states()[1])
        largest.append(float(sizes.max()))
    model.reset_states()
    return largest, 100.0 * float((sizes > FULL).mean())
