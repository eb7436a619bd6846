"""Runs the workloads of the comparison that need echocell only, in the process of one version.

    python -m bench.compare.worker THREADS

versions.py starts it in the environment of each version. It writes the names of its workloads, then
answers requests, one line of JSON each: {"make": name} prepares a workload and runs it once, and
{"run": count} runs it `count` times. The answer is the duration of the last run in seconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.compare.one_thread import limit_threads

Timed = Callable[[int], float]  # does its work a number of times, returns the seconds
Make = Callable[[], Timed]
SEED = 20


def timed(work: Callable[[int], object]) -> Timed:
    """Returns a function that measures the wall time of the work."""

    def run(count: int) -> float:
        start = time.perf_counter()
        work(count)
        return time.perf_counter() - start

    return run


def workloads(threads: int) -> Iterator[tuple[str, Make]]:
    """Yields the name of each workload, and a function that prepares it.

    Workloads that are too small for several threads are only included for one.
    """
    if threads == 1:
        yield from _updates()
        yield from _calls()
        yield from _streams()
        yield "import", _import
    yield from _layers()
    yield from _activations()
    yield from _wrappers()
    yield from _masks()


def _updates() -> Iterator[tuple[str, Make]]:
    """Yields updates within one fit: the small shapes, and the experiments."""
    import numpy as np

    from bench.compare.peers import Echocell
    from bench.compare.timing import repeat
    from bench.compare.workloads import Workload, shapes
    from bench.compare.workloads import workloads as experiments

    def make(workload: Workload) -> Timed:
        rng = np.random.default_rng(SEED)
        learner = Echocell(workload, workload.weights(rng))
        prepared = learner.prepare(workload.draw(200, rng))
        return timed(repeat(lambda: learner.train(prepared)))

    for workload in [*shapes(), *experiments()]:
        yield f"updates {workload.name}", partial(make, workload)


def _calls() -> Iterator[tuple[str, Make]]:
    """Yields one call of fit and of predict."""
    import numpy as np

    from bench.compare.peers import Echocell
    from bench.compare.timing import repeat
    from bench.compare.workloads import shapes

    def make(call: str, dtype: str) -> Timed:
        workload = next(shapes())
        model = Echocell(workload, workload.weights(np.random.default_rng(SEED))).model
        x, y = workload.sequence(np.random.default_rng(SEED))
        x, y = np.asarray(x, dtype), np.asarray(y, dtype)
        if call == "fit":
            return timed(repeat(lambda: model.fit(x, y, epochs=1, verbose=0)))
        return timed(repeat(lambda: model.predict(x, verbose=0)))

    for dtype in ("float64", "int64", "float32"):
        for call in ("fit", "predict"):
            yield f"call {call} {dtype}", partial(make, call, dtype)


def _streams() -> Iterator[tuple[str, Make]]:
    """One step of a stream."""
    import numpy as np

    from bench.compare.recurrent import Net, Ours
    from bench.compare.rows.streaming import UNITS
    from bench.compare.timing import repeat

    def make(units: int, features: int) -> Timed:
        rng = np.random.default_rng(SEED)
        net = Net("LSTM", units, 1, 1, features)
        model = Ours(net, net.weights(rng)).model
        row = np.ones((1, features), np.float32)
        return timed(repeat(lambda: model.step(row)))

    for h in UNITS:
        for f in (1, h):
            yield f"step ({h}, {f})", partial(make, h, f)


def _import() -> Timed:
    """Returns the import beyond NumPy's, in fresh processes."""
    from bench.compare.rows.startup import IMPORTS, import_seconds

    def run(count: int) -> float:
        took = [import_seconds(IMPORTS["echocell"]) for _ in range(count)]
        return sum(seconds for seconds in took if seconds is not None)

    return run


def _step_of(net: Any, forward: bool) -> Timed:
    """Returns a train step of this network, or its forward pass."""
    import numpy as np

    from bench.compare.recurrent import Ours
    from bench.compare.timing import repeat

    rng = np.random.default_rng(SEED)
    model = Ours(net, net.weights(rng), net.steps).model
    x, y = net.data(rng)
    if forward:
        return timed(repeat(lambda: model.predict_on_batch(x)))
    return timed(repeat(lambda: model.train_on_batch(x, y)))


def _layers() -> Iterator[tuple[str, Make]]:
    """Yields recurrent layers over the grid of shapes."""
    from bench.compare.recurrent import with_cell
    from bench.compare.rows import train

    for cell in train.CELLS.values():
        for net in with_cell(train.GRID, cell):
            for kind in ("train", "forward"):
                yield f"{kind} {cell} {net.name}", partial(_step_of, net, kind == "forward")


def _activations() -> Iterator[tuple[str, Make]]:
    """Yields layers with other activations than the usual ones, which are looked up by name.

    H is not a multiple of the numbers of a register, so that the last units are fewer.
    """
    import numpy as np

    from bench.compare.timing import repeat

    def make(cell: str, options: dict[str, str]) -> Timed:
        import echocell

        model = echocell.Sequential(
            [getattr(echocell.layers, cell)(20, **options), echocell.layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        x = np.random.default_rng(SEED).normal(size=(32, 20, 4)).astype(np.float32)
        y = np.zeros((32, 1), np.float32)
        return timed(repeat(lambda: model.train_on_batch(x, y)))

    for cell, options in (
        ("LSTM", {"activation": "relu"}),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
        ("GRU", {"activation": "elu"}),
        ("SimpleRNN", {"activation": "relu"}),
    ):
        yield f"train {cell}(20, {options})", partial(make, cell, options)


def _wrappers() -> Iterator[tuple[str, Make]]:
    """Yields two directions, two layers, and Dense on every step."""
    from dataclasses import replace

    from bench.compare.rows import wrappers

    for kind, change in wrappers.KINDS.items():
        for net in wrappers.WRAPPED_NETS:
            yield f"train {kind} {net.name}", partial(_step_of, replace(net, **change), False)


def _masks() -> Iterator[tuple[str, Make]]:
    """Yields sequences of unequal length, padded and as lists."""
    import numpy as np

    from bench.compare.recurrent import Ours
    from bench.compare.rows import wrappers
    from bench.compare.timing import repeat

    def make(net: Any, listed: bool) -> Timed:
        rng = np.random.default_rng(SEED)
        weights, data = net.weights(rng), wrappers.Unequal(net, rng)
        x, y = (data.listed(data.x), data.listed(data.y)) if listed else data.padded
        model = Ours(net, weights, None if listed else net.steps, not listed).model
        return timed(repeat(lambda: model.train_on_batch(x, y)))

    for net in wrappers.MASKED_NETS:
        for kind in ("Masking", "list"):
            yield f"masked {kind} {net.name}", partial(make, net, kind == "list")


def main() -> int:
    threads = int(sys.argv[1])
    limit_threads()
    from bench.compare.machine import set_threads

    set_threads(threads)
    makers = dict(workloads(threads))
    print(json.dumps(list(makers)), flush=True)
    work: Timed = timed(lambda count: None)
    for line in sys.stdin:
        request = json.loads(line)
        if "make" in request:
            work = makers[request["make"]]()
            work(1)
        print(json.dumps(work(request.get("run", 1))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
