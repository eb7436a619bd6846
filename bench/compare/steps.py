"""Checks and times a train step, and a forward pass, of one network.

A step is one call from Python on both sides: train_on_batch in echocell; forward, loss, backward
and update in PyTorch. Data are prepared in each library's own layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure
from bench.compare.machine import optional, set_threads
from bench.compare.recurrent import TOLERANCE, Net, Ours, Torch, bulk, distance
from bench.compare.timing import Work, repeat

SEED = 3


@dataclass
class Pair:
    """One network in both libraries, with data and the distance between their answers."""

    net: Net
    ours: Ours
    torch: Torch | None
    x: Any
    y: Any
    tx: Any = None
    ty: Any = None
    outputs_apart: float = 0.0
    gradients_apart: float = 0.0

    @classmethod
    def of(cls, net: Net) -> Pair:
        rng = np.random.default_rng(SEED)
        weights = net.weights(rng)
        x, y = net.data(rng)
        torch = Torch(net, weights) if optional("torch") else None
        pair = cls(net, Ours(net, weights, net.steps), torch, x, y)
        if torch is not None:
            pair.tx, pair.ty = torch.tensor(x), torch.tensor(y)
            pair._check(torch)
        return pair

    def _check(self, torch: Torch) -> None:
        outputs = self.ours.model.predict_on_batch(self.x)
        right = torch.outputs(self.tx).detach().numpy().swapaxes(0, 1)
        self.outputs_apart = distance([outputs], [right])
        gradients = torch.arranged(self.ours.gradients(self.x, self.y))
        torch.train(self.tx, self.ty)
        self.gradients_apart = distance(gradients, torch.gradients())

    def trains(self) -> dict[str, Work]:
        model, x, y = self.ours.model, self.x, self.y
        works = {OURS: repeat(lambda: model.train_on_batch(x, y))}
        if self.torch is not None:
            torch, tx, ty = self.torch, self.tx, self.ty
            works["PyTorch"] = repeat(lambda: torch.train(tx, ty))
        return works

    def forwards(self) -> dict[str, Work]:
        """Returns the forward passes, in which nothing is kept for a backward pass."""
        model, x = self.ours.model, self.x
        works = {OURS: repeat(lambda: model.predict_on_batch(x))}
        if self.torch is not None:
            torch, tx = self.torch, self.tx

            def forward(count: int) -> None:
                with torch.torch.inference_mode():
                    for _ in range(count):
                        torch.outputs(tx)

            works["PyTorch"] = forward
        return works


def measure(
    context: Context, net: Net, threads: int, train: str, forward: str = "", prefix: str = ""
) -> Iterator[Figure]:
    """Yields the figures. train, forward: names of the tables, without which there is no figure."""
    set_threads(threads)
    pair = Pair.of(net)
    for table, works, apart, is_train in (
        (train, pair.trains(), pair.gradients_apart, True),
        (forward, pair.forwards(), pair.outputs_apart, False),
    ):
        if not table:
            continue
        seconds = context.race(context.seconds * (1.0 if is_train else 0.5), threads)(works)
        figure = Figure(
            table,
            prefix + net.name,
            seconds,
            {OURS: apart} if pair.torch else {},
            TOLERANCE,
            threads,
            net.flops(is_train),
            net.read(is_train),
            bulk(net),
        )
        ratio = figure.ratio(("PyTorch",))
        say(
            f"{table} {figure.case}, {threads} thread(s): {1e6 * seconds[OURS]:.1f} µs"
            + (f", {ratio:.2f}×, answers {apart:.0e} apart" if ratio else "")
        )
        yield figure
