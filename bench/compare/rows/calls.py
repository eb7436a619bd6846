"""One call of fit or predict from Python with one sample, compared with Keras on JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure, Ratio, Table
from bench.compare.learning import SEED, TOLERANCE
from bench.compare.machine import set_threads
from bench.compare.peers import Echocell, Keras, Peer, Reference
from bench.compare.timing import repeat
from bench.compare.workloads import shapes

CALLS = 8  # calls before the result is checked
KERAS = "Keras on JAX"
TABLES = {
    name: Table(
        f"call-{name}",
        f"One call of {name}",
        "(T, F) of the one sample, and its dtype: LSTM(25), Dense(10) with softmax, Adam",
        (Ratio(KERAS, (KERAS,), least=goal),),
    )
    for name, goal in (("fit", 80.0), ("predict", 150.0))
}


def run(context: Context, peers: Mapping[str, type[Peer]]) -> Iterator[Figure]:
    set_threads(1)
    workload = next(shapes())
    weights = workload.weights(np.random.default_rng(SEED))
    x, y = (np.asarray(a) for a in workload.sequence(np.random.default_rng(SEED)))
    learners: dict[str, Keras] = {OURS: Echocell(workload, weights)}
    if "keras" in peers:
        learners[KERAS] = Keras(workload, weights)
    reference = Reference(workload, weights)
    reference.train([(x, y, True)] * CALLS)
    right = reference.predict(x)
    errors = {}
    for name, learner in learners.items():
        for _ in range(CALLS):
            learner.model.fit(x, y, epochs=1, verbose=0)
        got = np.asarray(learner.model.predict(x, verbose=0))
        errors[name] = float(np.abs(got - right).max() / np.abs(right).max())
    for dtype in context.some((np.float64, np.int64, np.float32), 3):
        given = x.astype(dtype), y.astype(dtype)
        for call, table in TABLES.items():
            works = {
                name: repeat(_call(learner.model, call, *given))
                for name, learner in learners.items()
            }
            took = context.race()(works)
            case = f"(5, 10), {np.dtype(dtype).name}"
            say(
                f"{table.name} {case}: "
                + ", ".join(f"{n} {1e6 * t:.1f} µs" for n, t in took.items())
            )
            yield Figure(table.name, case, took, errors, TOLERANCE)


def _call(model: Any, name: str, x: Any, y: Any) -> Callable[[], object]:
    if name == "fit":
        return lambda: model.fit(x, y, epochs=1, verbose=0)
    return lambda: model.predict(x, verbose=0)
