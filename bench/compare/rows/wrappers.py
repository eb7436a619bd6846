"""Train steps with two directions, two layers, a Dense on every step, or sequences of unequal
length, compared with PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench.compare import steps
from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure, Ratio, Table
from bench.compare.machine import optional, set_threads
from bench.compare.recurrent import TOLERANCE, Net, Ours, Torch, distance
from bench.compare.timing import Work, repeat
from bench.compare.workloads import Array

SMALL, MIDDLE = Net("LSTM", 16, 16, 200, 16), Net("LSTM", 64, 32, 50, 64)
LARGE, ODD = Net("LSTM", 128, 32, 100, 128), Net("LSTM", 65, 7, 40, 31)
WRAPPED_NETS, MASKED_NETS = (MIDDLE, SMALL, ODD), (MIDDLE, LARGE, ODD)
KINDS: dict[str, dict[str, Any]] = {
    "2 directions": {"bidirectional": True},
    "2 layers": {"depth": 2},
    "Dense(20)": {"outputs": 20},
}
PACKED, PADDED = "PyTorch, packed", "PyTorch, padded"
WRAPPED = Table(
    "wrapped",
    "Bidirectional, stacked, TimeDistributed: train step",
    "(H, B, T, F) of the LSTM; Dense(20) is on every step",
    (Ratio("PyTorch", ("PyTorch",), least=1.0),),
)
MASKED = Table(
    "masked",
    "Sequences of unequal length: train step",
    "(H, B, T, F) of the LSTM, lengths uniform in 1..T",
    (Ratio("PyTorch, the better of packed and padded", (PACKED, PADDED), least=1.0),),
)


def run(context: Context) -> Iterator[Figure]:
    for threads in context.threads:
        for kind, change in KINDS.items():
            for net in context.some(WRAPPED_NETS, 3):
                wrapped = replace(net, **change)
                yield from steps.measure(context, wrapped, threads, WRAPPED.name, prefix=f"{kind} ")
        for net in context.some(MASKED_NETS, 3):
            yield from _masked(context, net, threads)


class Unequal:
    """Sequences of unequal length: padded with zeros, and as a list."""

    def __init__(self, net: Net, rng: np.random.Generator):
        self.x, self.y = net.data(rng)
        self.lengths = rng.integers(1, net.steps + 1, net.batch)
        self.valid = np.arange(net.steps) < self.lengths[:, np.newaxis]
        self.padded = [
            np.where(self.valid[..., np.newaxis], a, np.float32(0)) for a in (self.x, self.y)
        ]

    @property
    def share(self) -> float:
        """Of valid steps."""
        return float(self.valid.mean())

    def listed(self, array: Array) -> list[Array]:
        return [row[:length].copy() for row, length in zip(array, self.lengths, strict=True)]


def _masked(context: Context, net: Net, threads: int) -> Iterator[Figure]:
    """Measures Masking and lists, compared with the faster of two ways in PyTorch.

    The same network with sequences of full length is measured too.
    """
    set_threads(threads)
    rng = np.random.default_rng(steps.SEED)
    weights, data = net.weights(rng), Unequal(net, rng)
    whole = Ours(net, weights, net.steps).model
    x, y = data.padded
    given = {"Masking": (x, y), "list": (data.listed(data.x), data.listed(data.y))}
    models = {
        name: Ours(net, weights, None if name == "list" else net.steps, name == "Masking")
        for name in given
    }
    theirs, right = _torch_works(net, weights, data)
    works: dict[str, Work] = {"whole": repeat(lambda: whole.train_on_batch(data.x, data.y))}
    errors = {}
    for name, model in models.items():
        gradients = model.gradients(*given[name])
        if right:
            errors[name] = distance(Torch(net, weights).arranged(gradients), right)
        works[name] = _train(model.model, *given[name])
    took = context.race(1.5 * context.seconds, threads)(works | theirs)
    for name in given:
        figure = Figure(
            MASKED.name,
            f"{name} {net.name}",
            {OURS: took[name], **{label: took[label] for label in theirs}},
            {OURS: errors[name]} if right else {},
            TOLERANCE,
            threads,
            note=f"{data.share:.0%} of the steps are valid, and take "
            f"{took[name] / took['whole']:.0%} of the time of all",
        )
        say(f"masked {figure.case}: ratio {figure.ratio((PACKED, PADDED))}, {figure.note}")
        yield figure


def _train(model: Any, x: Any, y: Any) -> Work:
    return repeat(lambda: model.train_on_batch(x, y))


def _torch_works(
    net: Net, weights: list[Array], data: Unequal
) -> tuple[dict[str, Work], list[Array]]:
    """Returns PyTorch's two ways, and its gradients; the data are packed or padded in advance."""
    torch = optional("torch")
    if torch is None:
        return {}, []
    rnn, functional = torch.nn.utils.rnn, torch.nn.functional
    packed, padded = Torch(net, weights), Torch(net, weights)
    tx, ty = (packed.tensor(array) for array in data.padded)
    lengths = torch.from_numpy(data.lengths)
    px, py = (rnn.pack_padded_sequence(a, lengths, enforce_sorted=False) for a in (tx, ty))
    mask = packed.tensor(data.valid[..., np.newaxis].astype(np.float32))
    count = float(data.valid.sum()) * net.width

    def train_packed() -> None:
        packed.optimizer.zero_grad()
        functional.mse_loss(packed.cell(px)[0].data, py.data).backward()
        packed.optimizer.step()

    def train_padded() -> None:
        padded.optimizer.zero_grad()
        loss = functional.mse_loss(padded.cell(tx)[0] * mask, ty, reduction="sum") / count
        loss.backward()
        padded.optimizer.step()

    train_packed()
    right = [gradient.copy() for gradient in packed.gradients()]
    return {PACKED: repeat(train_packed), PADDED: repeat(train_padded)}, right
