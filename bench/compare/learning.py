"""Learners of one workload: each checked against the reference, then their updates timed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.compare.context import Context, say
from bench.compare.figures import Figure
from bench.compare.machine import set_threads
from bench.compare.peers import Peer, Reference
from bench.compare.timing import Work
from bench.compare.workloads import Array, Block, Workload

CHECKED_UPDATES = 48
TOLERANCE = 3e-5  # of the loss, relative
SEED = 20
BLOCK_SECONDS = 0.1
BLOCK_NUMBERS = 4_000_000  # of x in one block; more than the last cache holds is another task


def loss_of(learner: Peer, block: Block) -> float:
    """Over all samples, each batch from a state of zeros."""
    x, y, _ = block.batches()
    outputs = np.concatenate([learner.predict(batch) for batch in x])
    return block.workload.mean_loss(outputs, np.concatenate(y))


class Contestant:
    """One library on one workload: checked, then made ready for its race."""

    def __init__(self, peer: type[Peer], workload: Workload, weights: list[Array], data: Block):
        self.learner = peer(workload, weights)
        self.checked = self.learner.prepare(data)
        self.learner.train(self.checked)
        self.loss = loss_of(self.learner, data)
        self.prepared: Any = None
        self.updates = 0

    def size_block(self, workload: Workload, pilot_updates: int) -> None:
        """As many updates as fit into a short time, but not more than the experiment has."""
        start = time.perf_counter()
        self.learner.train(self.checked)
        pilot = (time.perf_counter() - start) / pilot_updates
        most = max(1, BLOCK_NUMBERS // workload.numbers)
        updates = max(1, min(workload.updates, most, int(BLOCK_SECONDS / pilot)))
        block = workload.draw(updates, np.random.default_rng(SEED))
        self.updates = block.updates
        self.prepared = self.learner.prepare(block)

    def work(self, count: int) -> None:
        """So many blocks. The first may compile."""
        for _ in range(count):
            self.learner.train(self.prepared)


def measure(
    context: Context,
    table: str,
    workload: Workload,
    peers: Mapping[str, type[Peer]],
    seconds: float,
) -> Figure:
    """Seconds per update with every library, by label, on one thread: these models are too
    small for more. `seconds`: for all together.
    """
    set_threads(1)
    weights = workload.weights(np.random.default_rng(SEED))
    data = workload.draw(CHECKED_UPDATES, np.random.default_rng(SEED))
    right = Contestant(Reference, workload, weights, data).loss
    contestants = {peer.label: Contestant(peer, workload, weights, data) for peer in peers.values()}
    errors = {label: abs(c.loss - right) / abs(right) for label, c in contestants.items()}
    for contestant in contestants.values():
        contestant.size_block(workload, data.updates)
    works: dict[str, Work] = {label: c.work for label, c in contestants.items()}
    blocks = context.race(seconds)(works)
    took = {label: blocks[label] / c.updates for label, c in contestants.items()}
    say(f"{table} {workload.name}: loss after {data.updates} updates: reference {right:.6f}")
    for label, c in contestants.items():
        say(f"  {label}: {c.loss:.6f} ({errors[label]:.0e}), {1e6 * took[label]:.2f} µs per update")
    return Figure(table, workload.name, took, errors, TOLERANCE)
