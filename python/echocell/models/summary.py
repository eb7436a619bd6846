"""The table that `summary()` prints, in Keras 2's form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from echocell._common import terminal
from echocell.layers.layer import Layer

LEAST_WIDTH = 65
# Ends of the columns, as fractions of the line.
POSITIONS = (0.45, 0.85, 1.0)


def summary_lines(
    name: str,
    layers: Sequence[Layer],
    width: int | None = None,
    positions: Sequence[float] | None = None,
) -> Iterator[str]:
    """Yields the lines of the table; a layer that is not built has the shape "?" and 0 weights.

    Args:
        name: name of the model.
        layers: its layers.
        positions: ends of the columns, as fractions of the width.
        width: width of a line. None: 65, or more if the cells need it and the terminal is wide
            enough.
    """
    if width is None:
        needed = _needed_width(layers) if positions is None else LEAST_WIDTH
        width = max(LEAST_WIDTH, min(needed, terminal.width()))
    ends = [int(width * share) if share <= 1 else int(share) for share in positions or POSITIONS]
    yield f'Model: "{name}"'
    yield "_" * width
    yield _row(("Layer (type)", "Output Shape", "Param #"), ends)
    yield "=" * width
    for k, layer in enumerate(layers):
        yield _row(_cells(layer), ends)
        yield ("=" if k == len(layers) - 1 else "_") * width
    total = sum(layer.count_params() for layer in layers if layer.built)
    trainable = sum(layer.count_params() for layer in layers if layer.built and layer.trainable)
    yield f"Total params: {total:,}"
    yield f"Trainable params: {trainable:,}"
    yield f"Non-trainable params: {total - trainable:,}"
    yield "_" * width


def _needed_width(layers: Sequence[Layer]) -> int:
    """Returns the width at which no cell is truncated."""
    shares = [end - start for start, end in zip((0.0, *POSITIONS), POSITIONS, strict=False)]
    return max(
        (
            math.ceil((len(cell) + 2) / share)
            for layer in layers
            for cell, share in zip(_cells(layer), shares, strict=True)
        ),
        default=0,
    )


def _cells(layer: Layer) -> tuple[str, str, str]:
    title = f"{layer.name} ({type(layer).__name__})"
    if not layer.built:
        return title, "?", "0 (unbuilt)"
    return title, str(layer.output_shape), str(layer.count_params())


def _row(cells: Sequence[str], ends: Sequence[int]) -> str:
    line = ""
    for cell, end in zip(cells[:-1], ends, strict=False):
        # A cell that is too long is truncated one space before the next column; a number is not.
        line = (line + cell)[: end - 1].ljust(end)
    return line + cells[-1]
