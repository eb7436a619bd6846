"""Checks of the dropout of a layer: the numbers of its masks, and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from echocell import _core
from support import reference as ref
from support.layer_problems import Problem, check_gradients
from support.tools import Array, contiguous, core_options, make_network, ordered


@dataclass
class Probe:
    """A linear layer whose output after one step, from x = 1 or h = 1, is one dropout mask."""

    cell: ref.Cell
    weights: ref.Weights
    states: list[Array]

    @staticmethod
    def blank(cell: ref.Cell, features: int, batch: int) -> Probe:
        linear = {"activation": "linear"}
        if not isinstance(cell, ref.SimpleRNN):
            linear["recurrent_activation"] = "linear"
        if isinstance(cell, ref.LSTM):
            linear["peephole"] = False
        cell = replace(cell, **linear)
        weights = {name: np.zeros(shape) for name, shape in cell.shapes(features).items()}
        return Probe(cell, weights, [np.zeros((batch, cell.units))] * cell.state_count)

    def let_through(self, side: str, k: int) -> None:
        """Block k sees x, or h, as it is."""
        name = "kernel" if side == "x" else "recurrent_kernel"
        units = self.cell.units
        ref.block(self.weights[name], k, units)[...] = np.eye(units)
        if side == "h":
            self.states = [np.ones_like(self.states[0]), *self.states[1:]]


MakeProbe = Callable[[ref.Cell, int, str, int], Probe]


def read_masks(problem: Problem, make_probe: MakeProbe, **dropout: float) -> ref.Drops:
    """Returns the dropout masks that the core draws for this problem.

    They are read from probes, layers at the same position that draw from the same stream.
    make_probe(cell, batch, side, block) is for side "x" or "h"; F must be H.
    """
    batch, _, features = problem.x.shape
    assert features == problem.cell.units
    sides = []
    for side in ("x", "h"):
        masks = []
        for k in range(len(problem.cell.blocks)):
            probe = make_probe(problem.cell, batch, side, k)
            places = [_core.ActivationOptions(activation="linear")] * problem.place
            layers = [*places, core_options(probe.cell, **dropout)]
            weights = {problem.place: ordered(probe.weights)}
            network = make_network(layers, [-1, features], problem.dtype, weights)
            ones = np.ones((batch, 1, features), problem.dtype)
            states = [contiguous(state, problem.dtype) for state in probe.states]
            masks.append(network.run_layer(problem.place, ones, None, states, True)[0])
        sides.append(np.array(masks, float))
    return ref.Drops(*sides)


def check_masks(drops: ref.Drops, dropout: float, recurrent_dropout: float) -> None:
    """Checks that masks are 0 or 1 / (1 - rate), and differ between blocks only with both rates."""
    for masks, rate in ((drops.x, dropout), (drops.h, recurrent_dropout)):
        assert masks is not None
        if rate == 0:
            assert (masks == 1).all()
            continue
        kept = masks != 0
        np.testing.assert_allclose(masks[kept], 1 / (1 - rate), rtol=1e-6)
        assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / kept[0].size)
        assert not (kept == kept[:, :1]).all(), "the same mask in every row"
        own = len(masks) > 1 and recurrent_dropout > 0
        assert own != (masks == masks[0]).all()


def check_dropout(problem: Problem, make_probe: MakeProbe, **dropout: float) -> None:
    """Compares training with dropout with the reference under the same masks."""
    drops = read_masks(problem, make_probe, **dropout)
    check_masks(drops, dropout["dropout"], dropout["recurrent_dropout"])
    check_gradients(problem, drops, **dropout)
