"""Random problems for one recurrent layer, and comparisons of the core with the reference.

Legend: B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from echocell import _core
from support import reference as ref
from support.tools import (
    DTYPES,
    SIZES,
    Array,
    assert_close,
    contiguous,
    core_options,
    make_network,
    mask_bytes,
    named,
    normal,
    ordered,
    random_weights,
    squared_error_floors,
)


@dataclass(repr=False)
class Problem:
    """A recurrent layer with weights and data, all representable in dtype."""

    cell: ref.Cell
    dtype: str
    weights: ref.Weights
    x: Array  # [B, T, F], zeros where masked
    mask: Array | None  # [B, T] bool
    states: list[Array] | None
    go_backwards: bool
    return_sequences: bool
    seed: int  # for further random numbers of the tests

    def shaken(self) -> Problem:
        """Returns the problem with all numbers changed by as much as rounding to float32 may."""
        rng = np.random.default_rng(self.seed)

        def shake(array: Array) -> Array:
            return array * (1.0 + 2.0**-24 * rng.choice([-1.0, 1.0], array.shape))

        states = None if self.states is None else [shake(state) for state in self.states]
        weights = {name: shake(value) for name, value in self.weights.items()}
        return replace(self, x=shake(self.x), weights=weights, states=states)

    def __repr__(self) -> str:
        """Returns the description that a failing test prints, without the numbers."""
        fields = f"{self.cell}, {self.dtype}, x {self.x.shape}, go_backwards={self.go_backwards}"
        extra = f"masked={self.mask is not None}, initial state={self.states is not None}"
        return f"Problem({fields}, return_sequences={self.return_sequences}, {extra})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Keeps Hypothesis from printing every number."""
        printer.text(repr(self))

    def reference(self, drops: ref.Drops | None = None) -> ref.Run:
        return ref.forward(
            self.cell, self.weights, self.x, self.mask, self.states, self.go_backwards, drops
        )

    def options(self, **more: Any) -> _core.LayerOptions:
        return core_options(
            self.cell,
            go_backwards=self.go_backwards,
            return_sequences=self.return_sequences,
            **more,
        )

    def network(self, **more: Any) -> _core.Network:
        """Makes the layer, after a Masking layer if there is a mask; see place."""
        masking = [] if self.mask is None else [_core.MaskingOptions(mask_value=0.0)]
        layers = [*masking, self.options(**more)]
        shape = [-1, self.x.shape[2]]
        return make_network(layers, shape, self.dtype, {self.place: ordered(self.weights)})

    @property
    def place(self) -> int:
        """The number of the layer in network()."""
        return 0 if self.mask is None else 1

    def core_x(self) -> Array:
        return contiguous(self.x, self.dtype)

    def core_states(self) -> list[Array] | None:
        if self.states is None:
            return None
        return [contiguous(state, self.dtype) for state in self.states]


#: Positions of the masked steps. Few: most rows have no valid step, often none has.
PADDING = ["behind", "in front", "anywhere", "few"]


def make_mask(rng: np.random.Generator, padding: str, batch: int, count: int) -> Array:
    """Returns a mask [B, T], bool, with rows of different lengths from 0 to T."""
    if padding == "few":
        return rng.random((batch, count)) < 0.3 / count
    valid = np.arange(count) < rng.integers(0, count + 1, (batch, 1))
    if padding == "in front":
        return valid[:, ::-1].copy()
    return rng.permuted(valid, axis=1) if padding == "anywhere" else valid


def draw_problem(
    draw: st.DrawFn,
    cell: ref.Cell,
    steps: st.SearchStrategy[int],
    dtype: str | None = None,
    features: int | None = None,
    batch: int | None = None,
) -> Problem:
    """Makes a problem; arguments that are not given are drawn."""
    dtype = dtype or draw(st.sampled_from(DTYPES))
    batch = batch or draw(SIZES)
    count = draw(steps)
    features = features or draw(SIZES)
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    x = normal(rng, (batch, count, features), dtype)
    mask = None
    if draw(st.booleans()):
        mask = make_mask(rng, draw(st.sampled_from(PADDING)), batch, count)
        x = np.where(mask[..., None], x, 0.0)
    states = None
    if draw(st.booleans()):
        states = [normal(rng, (batch, cell.units), dtype) for _ in range(cell.state_count)]
    return Problem(
        cell=cell,
        dtype=dtype,
        weights=random_weights(cell.shapes(features), rng, dtype),
        x=x,
        mask=mask,
        states=states,
        go_backwards=draw(st.booleans()),
        return_sequences=draw(st.booleans()),
        seed=seed,
    )


Results = dict[str, Array]


def compare(
    problem: Problem,
    actual: Results,
    reference: Callable[[Problem], Results],
    floors: dict[str, float] | None = None,
) -> None:
    """Compares the core's results with the reference's.

    In float32 a difference of ten times the effect of rounding the problem is allowed; diverging
    problems are not compared.
    """
    expected = reference(problem)
    assume(all(np.abs(value).max() < 1e4 for value in expected.values()))
    shaken = expected if problem.dtype == "float64" else reference(problem.shaken())
    assert list(actual) == list(expected)
    for name, value in expected.items():
        slack = 10.0 * float(np.abs(shaken[name] - value).max())
        floor = (floors or {}).get(name, 0.1)
        assert_close(actual[name], value, problem.dtype, name, floor, slack)


def check_forward(problem: Problem) -> None:
    """Compares output and final states of the layer by itself."""

    def reference(problem: Problem) -> Results:
        run = problem.reference()
        output = run.outputs if problem.return_sequences else run.last_output
        return {"output": output} | {f"state {k}": state for k, state in enumerate(run.states)}

    output, states = problem.network().run_layer(
        problem.place, problem.core_x(), mask_bytes(problem.mask), problem.core_states()
    )
    assert output.dtype == problem.dtype
    actual = {"output": output} | {f"state {k}": state for k, state in enumerate(states)}
    compare(problem, actual, reference)


def check_trace(problem: Problem, names: dict[str, str]) -> None:
    """Compares gates over time, in the order of processing, at the valid steps.

    names: maps the core's names to the reference's.
    """

    def reference(problem: Problem) -> Results:
        run = problem.reference()
        return {name: run.over_time(names[name]) * run.mask[..., None] for name in names}

    trace = problem.network().trace_layer(
        problem.place, problem.core_x(), mask_bytes(problem.mask), problem.core_states()
    )
    assert set(trace) == set(names)
    taken = problem.reference().mask[..., None]
    compare(problem, {name: np.where(taken, trace[name], 0.0) for name in names}, reference)


@dataclass
class Task:
    """The training objective of a problem: a squared error with sample weights."""

    targets: Array  # like the outputs
    sample_weight: Array  # [B] or [B, T]

    @staticmethod
    def of(problem: Problem) -> Task:
        rng = np.random.default_rng([problem.seed, 1])
        batch, steps, _ = problem.x.shape
        lead = (batch, steps) if problem.return_sequences else (batch,)
        per_step = problem.return_sequences and bool(rng.integers(2))
        weight = rng.uniform(0.2, 2.0, lead if per_step else lead[:1])
        targets = normal(rng, (*lead, problem.cell.units), problem.dtype)
        return Task(targets, weight.astype(problem.dtype).astype(float))

    def loss(self, problem: Problem, outputs: Array) -> tuple[float, Array, Array]:
        """Returns the loss, its derivative by the outputs, and the weight of each item in the
        mean.
        """
        losses, derivative = ref.mean_squared_error(self.targets, outputs)
        # The mask reaches the loss as given: reversed outputs meet it in its original order.
        mask = problem.mask if problem.return_sequences else None
        loss, scale = ref.weighted_mean(losses, self.sample_weight, mask)
        return loss, derivative * scale[..., None], scale

    def reference(self, problem: Problem, drops: ref.Drops | None) -> Results:
        run = problem.reference(drops)
        outputs = run.outputs if problem.return_sequences else run.last_output
        loss, derivative, _ = self.loss(problem, outputs)
        if not problem.return_sequences:
            derivative = ref.at_last_step(run, derivative)
        gradients = ref.backward(run, derivative)
        return {"loss": np.asarray(loss), "x": gradients.x} | named(gradients.weights)

    def floors(self, problem: Problem, drops: ref.Drops | None) -> dict[str, float]:
        run = problem.reference(drops)
        outputs = run.outputs if problem.return_sequences else run.last_output
        scale = self.loss(problem, outputs)[2]
        loss, gradient = squared_error_floors(outputs, self.targets, scale)
        floors = dict.fromkeys(["x", *named(problem.weights)], gradient["floor"])
        return {"loss": loss["floor"], **floors}


def check_gradients(problem: Problem, drops: ref.Drops | None = None, **options: Any) -> None:
    """Compares the loss and the gradients of all weights and of x.

    The initial state is given as the carried state of a stateful layer.
    """
    task = Task.of(problem)
    network = problem.network(stateful=problem.states is not None, **options)
    if problem.states is not None:
        network.set_states(problem.place, problem.core_states())
    if drops is not None:
        network.random_state = (network.random_state[0], FIRST_LAYER_STREAM)
    before = network.random_state
    loss, gradients, dx = network.gradients(
        problem.core_x(),
        contiguous(task.targets, problem.dtype),
        contiguous(task.sample_weight, problem.dtype),
        training=drops is not None,
    )
    names = [name for name, _ in network.parameters(problem.place)]
    actual = {"loss": loss, "x": dx} | dict(zip(names, gradients[problem.place], strict=True))
    floors = task.floors(problem, drops)
    compare(problem, actual, lambda p: task.reference(p, drops), floors)
    assert_nothing_changed(network, problem, before)


def assert_nothing_changed(network: _core.Network, problem: Problem, random_state: Any) -> None:
    """Checks that gradients() changes no weights, carried states or random numbers."""
    assert network.random_state == random_state
    for index, value in enumerate(ordered(problem.weights)):
        assert (network.get_parameter(problem.place, index) == value).all()
    if problem.states is not None:
        carried = network.get_states(problem.place)
        for actual, state in zip(carried, problem.states, strict=True):
            assert (actual == state).all()


FIRST_LAYER_STREAM = 2**63
