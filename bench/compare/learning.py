"""Trains each library on one workload: checks it against the reference, then times its updates."""

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
TOLERANCE = 3e-5  # relative error of the loss
SEED = 20
BLOCK_SECONDS = 0.1
BLOCK_NUMBERS = 4_000_000  # limit of x in one block, to stay within the last-level cache


def loss_of(learner: Peer, block: Block) -> float:
    """Returns the loss over all samples, each batch from a state of zeros."""
    x, y, _ = block.batches()
    outputs = np.concatenate([learner.predict(batch) for batch in x])
    return block.workload.mean_loss(outputs, np.concatenate(y))


class Contestant:
    """One library on one workload, checked and prepared for its race."""

    def __init__(self, peer: type[Peer], workload: Workload, weights: list[Array], data: Block):
        self.learner = peer(workload, weights)
        self.checked = self.learner.prepare(data)
        self.learner.train(self.checked)
        self.loss = loss_of(self.learner, data)
        self.prepared: Any = None
        self.updates = 0

    def size_block(self, workload: Workload, pilot_updates: int) -> None:
        """Sets the number of updates that fit into a short time, at most those of the
        experiment.
        """
        start = time.perf_counter()
        self.learner.train(self.checked)
        pilot = (time.perf_counter() - start) / pilot_updates
        most = max(1, BLOCK_NUMBERS // workload.numbers)
        updates = max(1, min(workload.updates, most, int(BLOCK_SECONDS / pilot)))
        block = workload.draw(updates, np.random.default_rng(SEED))
        self.updates = block.updates
        self.prepared = self.learner.prepare(block)

    def work(self, count: int) -> None:
        """Trains on `count` blocks. The first call may compile."""
        for _ in range(count):
            self.learner.train(self.prepared)


def measure(
    context: Context,
    table: str,
    workload: Workload,
    peers: Mapping[str, type[Peer]],
    seconds: float,
) -> Figure:
    """Returns seconds per update of every library, by label, on one thread.

    These models are too small for several threads. `seconds` is the time for all libraries
    together.
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
