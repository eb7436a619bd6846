"""One time step of one stream, compared with torch.nn.LSTMCell without gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure, Ratio, Table
from bench.compare.machine import optional, set_threads
from bench.compare.recurrent import TOLERANCE, Net, Ours, Torch, distance
from bench.compare.timing import Work, repeat

CHECKED_STEPS = 30
UNITS = (8, 16, 32, 64, 128)
PEERS = ("no_grad", "inference_mode")  # the faster one counts
LABELS = tuple(f"LSTMCell, {name}" for name in PEERS)
TABLE = Table(
    "step",
    "One step of a stream, model.step(x)",
    "(H, F), one sequence",
    (Ratio("torch.nn.LSTMCell", LABELS, least=25.0),),
)


def run(context: Context) -> Iterator[Figure]:
    set_threads(1)
    for h in context.some(UNITS, 3):
        for f in (1, h):
            yield _measure(context, h, f)


def _measure(context: Context, units: int, features: int) -> Figure:
    rng = np.random.default_rng(0)
    net = Net("LSTM", units, 1, CHECKED_STEPS, features)
    weights = net.weights(rng)
    x = net.data(rng)[0][0]  # [T, F]
    model = Ours(net, weights).model
    got = np.concatenate([model.step(row[np.newaxis]) for row in x])
    row = x[:1].copy()
    works: dict[str, Work] = {OURS: repeat(lambda: model.step(row))}
    errors = {}
    torch = optional("torch")
    if torch is not None:
        cell = torch.nn.LSTMCell(features, units)
        whole = Torch(net, weights)
        cell.load_state_dict(
            {name.removesuffix("_l0"): value for name, value in whole.cell.state_dict().items()}
        )
        with torch.no_grad():
            right = whole.outputs(whole.tensor(x[np.newaxis])).numpy()[:, 0]
        errors[OURS] = distance([got], [right])
        works |= {
            label: _cell_work(getattr(torch, mode), cell, torch.from_numpy(row))
            for mode, label in zip(PEERS, LABELS, strict=True)
        }
    took = context.race(0.75 * context.seconds)(works)
    figure = Figure(
        TABLE.name,
        f"({units}, {features})",
        took,
        errors,
        TOLERANCE,
        flops=8.0 * units * (units + features),
        read=16.0 * units * (units + features),
    )
    say(f"step {figure.case}: " + ", ".join(f"{name} {1e6 * t:.2f} µs" for name, t in took.items()))
    return figure


def _cell_work(mode: object, cell: object, x: object) -> Work:
    """Returns the work of running the cell with its state, which starts at zero."""

    def work(count: int) -> None:
        state = None
        with mode():  # type: ignore[operator]
            for _ in range(count):
                state = cell(x, state)  # type: ignore[operator]

    return work
