"""Times two installed versions of echocell in turn, over the workloads of compare.py without peers.

    python bench/versions.py OLD NEW [--only TEXT] [--threads 1,2] [--seconds 0.6] [--json FILE]

OLD and NEW are Python interpreters, each of an environment that has one version installed. Every
version runs in a process of its own; the two take turns of some milliseconds on the same workload,
so that a change in the machine's speed meets both. Prints the ratio new / old of each workload,
its best turns compared, and the geometric mean. ECHOCELL_ISA selects the instruction set of both.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from one_thread import limit_threads

HERE = Path(__file__).resolve().parent
TURN = 0.02  # seconds of one turn
LEAST_TURNS = 7

Make = Callable[[], Callable[[int], object]]


# ---- the workloads, in the process of one version ------------------------------------------------


def workloads(threads: int) -> Iterator[tuple[str, Make]]:
    """The name of each workload, and a function that prepares it."""
    if threads == 1:
        yield from _updates()
        yield from _calls()
        yield from _streams()
    yield from _steps()
    yield from _masks()


def _updates() -> Iterator[tuple[str, Make]]:
    import numpy as np

    from learning import SEED
    from peers import Echocell
    from workloads import Workload, shapes
    from workloads import workloads as experiments

    def make(workload: Workload) -> Callable[[int], object]:
        rng = np.random.default_rng(SEED)
        learner = Echocell(workload, workload.weights(rng))
        prepared = learner.prepare(workload.draw(200, rng))

        def work(count: int) -> None:
            for _ in range(count):
                learner.train(prepared)

        return work

    for workload in [*shapes(), *experiments()]:
        yield f"updates {workload.name}", partial(make, workload)


def _calls() -> Iterator[tuple[str, Make]]:
    import numpy as np

    from learning import SEED
    from peers import Echocell
    from timing import repeat
    from workloads import shapes

    def make(call: str, dtype: Any) -> Callable[[int], object]:
        workload = next(shapes())
        model = Echocell(workload, workload.weights(np.random.default_rng(SEED))).model
        x, y = workload.sequence(np.random.default_rng(SEED))
        x, y = np.asarray(x, dtype), np.asarray(y, dtype)
        if call == "fit":
            return repeat(lambda: model.fit(x, y, epochs=1, verbose=0))
        return repeat(lambda: model.predict(x, verbose=0))

    for dtype in ("float64", "int64", "float32"):
        for call in ("fit", "predict"):
            yield f"call {call} {dtype}", partial(make, call, dtype)


def _streams() -> Iterator[tuple[str, Make]]:
    import numpy as np

    from recurrent import Net, Ours
    from timing import repeat

    def make(units: int, features: int) -> Callable[[int], object]:
        rng = np.random.default_rng(0)
        net = Net("LSTM", units, 1, 1, features)
        model = Ours(net, net.weights(rng)).model
        row = np.ones((1, features), np.float32)
        return repeat(lambda: model.step(row))

    for h in (8, 16, 32, 64, 128):
        for f in (1, h):
            yield f"step ({h}, {f})", partial(make, h, f)


def _steps() -> Iterator[tuple[str, Make]]:
    from dataclasses import replace

    from recurrent import with_cell
    from rows import train, wrappers
    from steps import Pair

    def make(net: Any, forward: bool) -> Callable[[int], object]:
        pair = Pair.of(net)
        works = pair.forwards() if forward else pair.trains()
        return works["echocell"]

    for cell in ("LSTM", "GRU", "SimpleRNN"):
        for net in with_cell(train.GRID, cell):
            for forward in (False, True):
                kind = "forward" if forward else "train"
                yield f"{kind} {cell} {net.name}", partial(make, net, forward)
    for kind, change in wrappers.KINDS.items():
        for net in (wrappers.MIDDLE, wrappers.SMALL, wrappers.ODD):
            wrapped = replace(net, **change)
            yield f"train {kind} {net.name}", partial(make, wrapped, False)


def _masks() -> Iterator[tuple[str, Make]]:
    import numpy as np

    from recurrent import Ours
    from rows import wrappers
    from steps import SEED
    from timing import repeat

    def make(net: Any, listed: bool) -> Callable[[int], object]:
        rng = np.random.default_rng(SEED)
        weights, data = net.weights(rng), wrappers.Unequal(net, rng)
        x, y = (data.listed(data.x), data.listed(data.y)) if listed else data.padded
        model = Ours(net, weights, None if listed else net.steps, not listed).model
        return repeat(lambda: model.train_on_batch(x, y))

    for net in (wrappers.MIDDLE, wrappers.LARGE, wrappers.ODD):
        for listed in (False, True):
            kind = "list" if listed else "Masking"
            yield f"masked {kind} {net.name}", partial(make, net, listed)


def serve(threads: int) -> None:
    """Answers requests, a line of JSON each: {"make": name} and {"run": count}."""
    import time

    from machine import set_threads

    set_threads(threads)
    makers = dict(workloads(threads))
    print(json.dumps(list(makers)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "make" in request:
            work = makers[request["make"]]()
            work(1)
        start = time.perf_counter()
        work(request.get("run", 1))
        print(json.dumps(time.perf_counter() - start), flush=True)


# ---- the race, in the process that was started ---------------------------------------------------


class Version:
    """The process of one version."""

    def __init__(self, python: str, threads: int) -> None:
        self._python = python
        command = [python, str(Path(__file__).resolve()), "--serve", str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
        )
        self.names: list[str] = self._answer()

    def ask(self, **request: Any) -> float:
        """The seconds that the request took."""
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return float(self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self._python} ended")
        return json.loads(line)


def race(versions: Sequence[Version], name: str, seconds: float) -> list[float]:
    """The least seconds per unit of work of each version."""
    took = [version.ask(make=name) for version in versions]
    counts = [max(1, round(TURN / max(once, 1e-7))) for once in took]
    counts = [
        max(1, round(TURN * count / version.ask(run=count)))
        for version, count in zip(versions, counts, strict=True)
    ]
    best = [math.inf] * len(versions)
    turns = max(LEAST_TURNS, round(seconds / (TURN * len(versions))))
    for turn in range(turns):
        # Each version goes first in every second turn.
        order = range(len(versions)) if turn % 2 else reversed(range(len(versions)))
        for k in order:
            best[k] = min(best[k], versions[k].ask(run=counts[k]) / counts[k])
    return best


def compare(old: str, new: str, threads: int, only: str, seconds: float) -> dict[str, list[float]]:
    """Seconds per unit of work of both versions, by workload."""
    versions = [Version(old, threads), Version(new, threads)]
    found = {}
    try:
        for name in versions[0].names:
            if only not in name or name not in versions[1].names:
                continue
            found[name] = before, after = race(versions, name, seconds)
            print(
                f"{after / before:6.3f}  {1e6 * before:10.2f} -> {1e6 * after:10.2f} us  "
                f"{name}, {threads} thread(s)",
                flush=True,
            )
    finally:
        for version in versions:
            version.close()
    return found


def summary(ratios: Sequence[float]) -> str:
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return (
        f"{len(ratios)} workloads: time new / old, geometric mean {mean:.3f}, "
        f"least {min(ratios):.3f}, greatest {max(ratios):.3f}"
    )


def main() -> int:
    limit_threads()
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", help="the interpreter of the old version's environment")
    parser.add_argument("new", help="that of the new version's")
    parser.add_argument("--only", default="", help="workloads whose name contains this text")
    parser.add_argument("--threads", default="1", help="1, 2 or 1,2 (default 1)")
    parser.add_argument("--seconds", type=float, default=0.6, help="for a workload (default 0.6)")
    parser.add_argument("--json", type=Path, help="writes the seconds of both versions")
    options = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    for threads in options.threads.split(","):
        os.environ["OMP_NUM_THREADS"] = threads
        times = compare(options.old, options.new, int(threads), options.only, options.seconds)
        found[threads] = times
    ratios = [after / before for times in found.values() for before, after in times.values()]
    if not ratios:
        parser.error(f"no workload has {options.only!r} in its name")
    print(summary(ratios))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
