"""Train steps and forward passes of one recurrent layer over a grid of shapes, with PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

from bench.compare.context import Context
from bench.compare.figures import Figure, Ratio, Table
from bench.compare.recurrent import Net, with_cell
from bench.compare.steps import measure

GRID = [
    Net("LSTM", *shape)
    for shape in (
        (32, 1, 100, 32),
        (64, 1, 1000, 64),
        (16, 16, 1000, 16),
        (64, 32, 50, 64),
        (128, 32, 100, 128),
        (256, 64, 50, 256),
        (512, 64, 50, 512),
        # odd sizes
        (33, 3, 77, 17),
        (100, 10, 60, 50),
        (65, 7, 40, 31),
        (127, 20, 30, 63),
    )
]
CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
SHAPE = "(H, B, T, F)"


def tables(name: str) -> list[Table]:
    """Returns the tables of the row `name`, train and forward; with a target for sgemm if
    measured.
    """
    cell = CELLS[name]
    goals = {"mean": 2.2, "least": 1.1} if name == "lstm" else {"mean": 2.0, "least": 1.0}
    back = {"least": 1.0} if name == "lstm" else {}
    return [
        Table(
            f"{name}-train",
            f"Train step of {cell}",
            f"{SHAPE}: {cell}(H, return_sequences=True), mean squared error, SGD",
            (Ratio("PyTorch", ("PyTorch",), **goals),),
        ),
        Table(
            f"{name}-forward",
            f"Forward of {cell} alone",
            f"{SHAPE}: {cell}(H, return_sequences=True), nothing kept for a backward pass",
            (Ratio("PyTorch", ("PyTorch",), **back),),
        ),
    ]


def run(context: Context, name: str) -> Iterator[Figure]:
    """Measures all cases of one cell; those on one thread first."""
    nets = with_cell(context.some(GRID, 4), CELLS[name])
    for threads in context.threads:
        for net in nets:
            yield from measure(context, net, threads, f"{name}-train", f"{name}-forward")
