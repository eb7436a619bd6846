"""The minimum cost of one shape of each kind of work on this machine, and its actual cost.

    python -m bench.compare.limits [NAME ...] [--ghz 3.7] [--kernels PROGRAM] perf record -D 2000
    python -m bench.compare.limits NAME --spin 10

The model: products over all steps at once run at the rate of sgemm; products of single steps run at
that rate too, or at the rate of reading their weights, whichever takes longer; activations and the
optimizer take the cycles that were counted for their loops (PROFILE.md). The parts run one after
the other, so their times add up. All on one thread.

PROGRAM is bench_kernels of the same instruction set (bench/core). With it rates are compared with
the peak too: fused multiply-adds in registers, measured in the same run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.compare.one_thread import limit_threads

LANES = 16  # float32, 512 bits
CELL_CYCLES = 85.0  # per vector of LSTM units, forward
ADAM_CYCLES = 11.4  # per vector of parameters
NAMES = ("tiny", "middle", "wide", "large", "step", "long")
HEAD = ("work", "Mflop, all steps", "Mflop, by step", "MB read", "products", "cells", "optimizer")


@dataclass(frozen=True)
class Model:
    """The model of one unit of work.

    Attributes:
        whole: operations of the products over all steps at once.
        stepwise: operations of the products of single steps.
        read: bytes of weights that the steps read.
        cells: vectors of units.
        parameters: number of parameters that Adam updates.
    """

    whole: float
    stepwise: float
    read: float
    cells: float
    parameters: float = 0.0

    def seconds(self, sgemm: float, reading: float, ghz: float) -> tuple[float, float, float]:
        """Returns the times of products, cells and optimizer; sgemm in GF/s, reading in GB/s."""
        products = self.whole / sgemm + max(self.stepwise / sgemm, self.read / reading)
        cycles = self.cells * CELL_CYCLES, self.parameters / LANES * ADAM_CYCLES
        return products / 1e9, cycles[0] / ghz / 1e9, cycles[1] / ghz / 1e9


@dataclass(frozen=True)
class Case:
    """A model, and the work: `units` of it per call."""

    title: str
    model: Model
    run: Callable[[], object]
    units: int = 1


def vectors(units: int) -> int:
    return -(-units // LANES)


def case(name: str) -> Case:
    """Imports echocell."""
    import numpy as np

    from bench.compare.recurrent import Net, Ours

    rng = np.random.default_rng(0)
    if name == "tiny":
        return _tiny()
    if name == "step":
        h, net = 64, Net("LSTM", 64, 1, 1, 1)
        model, row = Ours(net, net.weights(rng)).model, np.ones((1, 1), np.float32)

        def steps() -> None:
            for _ in range(1000):
                model.step(row)

        counted = Model(8.0 * h, 8.0 * h * h, 16.0 * h * h, vectors(h))
        return Case("one step of a stream, H = 64, F = 1", counted, steps, 1000)
    net = {
        "middle": Net("LSTM", 128, 32, 100, 128),
        "wide": Net("LSTM", 256, 64, 50, 256),
        "large": Net("LSTM", 512, 64, 50, 512),
        "long": Net("LSTM", 64, 1, 1000, 64),
    }[name]
    model = Ours(net, net.weights(rng), net.steps).model
    x, y = net.data(rng)
    stepwise = 16.0 * net.batch * net.steps * net.units**2
    cells = net.batch * net.steps * vectors(net.units)
    counted = Model(net.flops(True) - stepwise, stepwise, net.read(True), cells)
    title = f"train step, (H, B, T, F) = {net.name}"
    return Case(title, counted, lambda: model.train_on_batch(x, y))


def _tiny() -> Case:
    """Returns the first of the small shapes, whose one-hot inputs need no product."""
    import numpy as np

    from bench.compare.peers import Echocell
    from bench.compare.workloads import SHAPES, shapes

    _, t, f, h, classes = SHAPES[0]
    workload = next(shapes())
    learner = Echocell(workload, workload.weights(np.random.default_rng(0)))
    block = workload.draw(10_000, np.random.default_rng(0))
    prepared = learner.prepare(block)
    counted = Model(
        whole=8.0 * t * h * h + 6.0 * h * classes,
        stepwise=16.0 * t * h * h,
        read=32.0 * t * h * h,
        cells=t * vectors(h),
        parameters=4.0 * h * (f + h + 1) + (h + 1.0) * classes,
    )
    title = f"one update in fit, (B, T, F, H, classes) = {workload.name}"
    return Case(title, counted, lambda: learner.train(prepared), block.updates)


def spin(found: Case, seconds: float) -> None:
    """Repeats the work for some seconds, for perf."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        found.run()


def report(names: list[str], ghz: float, seconds: float, kernels: Path | None) -> str:
    """Returns a Markdown table of limits and times."""
    from bench.compare import machine
    from bench.compare.report import amount, markdown
    from bench.compare.timing import Race, repeat

    sgemm, reading = machine.sgemm_rate(1, 1.5), machine.reading_rate(1.0)
    peak = machine.peak_rate(kernels) if kernels else None
    rows = [[*HEAD, "limit", "measured", "share", *(["of the peak"] if peak else [])]]
    for name in names:
        found = case(name)
        parts = found.model.seconds(sgemm, reading, ghz)
        took = Race(seconds)({name: repeat(found.run)})[name] / found.units
        m, limit = found.model, sum(parts)
        sizes = [f"{value / 1e6:.3g}" for value in (m.whole, m.stepwise, m.read)]
        times = [amount(value, "s") if value else "–" for value in (*parts, limit, took)]
        row = [found.title, *sizes, *times, f"{limit / took:.0%}"]
        if peak:
            row.append(f"{(m.whole + m.stepwise) / took / 1e9 / peak:.0%}")
        rows.append(row)
    about = f", multiply-adds in registers {peak:.0f} GF/s" if peak else ""
    return (
        f"sgemm {sgemm:.0f} GF/s, weights read at {reading:.0f} GB/s, {ghz:g} GHz, one "
        f"thread{about}\n\n" + markdown(rows, [False] + [True] * (len(rows[0]) - 1))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--ghz", type=float, default=3.7, help="the clock under load (3.7)")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each (2.0)")
    parser.add_argument("--kernels", type=Path, help="the program that measures the peak")
    parser.add_argument("--spin", type=float, help="only repeat the work of one NAME for this time")
    options = parser.parse_args()
    names = options.names or list(NAMES)
    if any(name not in NAMES for name in names):
        parser.error(f"expected names of {', '.join(NAMES)}, received {', '.join(names)}")
    limit_threads()
    import echocell

    echocell.set_num_threads(1)
    if options.spin is not None:
        spin(case(names[0]), options.spin)
    else:
        print(report(names, options.ghz, options.seconds, options.kernels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
