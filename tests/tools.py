"""What the tests of the core share: networks from reference cells, random problems, comparisons.

Letters: B batch, T time steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import reference as ref
from echocell import _core

Array = np.ndarray

#: How far the core may be off, as a share of the largest number compared.
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
DTYPES = ["float64", "float32"]
#: On both sides of every vector width.
SIZES = st.sampled_from([1, 2, 3, 5, 15, 17, 31, 33])
STEPS = st.sampled_from([1, 2, 3, 5, 9, 17])
BOUNDED = ["tanh", "sigmoid", "hard_sigmoid", "softsign", "bipolar_sigmoid", "bipolar_sigmoid_2"]
UNBOUNDED = ["relu", "linear", "elu", "softplus"]
#: For gates, between 0 and 1. Beyond them a cell may be chaotic, and rounding grows with time.
GATE_FUNCTIONS = ["sigmoid", "hard_sigmoid"]
NAMES = ("kernel", "recurrent_kernel", "bias", "peephole_kernel")


def assert_close(
    actual: Any,
    expected: Any,
    dtype: str = "float64",
    what: str = "",
    floor: float = 0.1,
    slack: float = 0.0,
) -> None:
    """All numbers within TOLERANCE[dtype] of each other, measured by the largest expected one.

    floor: the size of what was added up, where that may have cancelled: rounding is measured by it.
    slack: a difference that is allowed besides.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: {actual.shape} is not {expected.shape}"
    if expected.size == 0:
        return
    assert np.isfinite(actual).all(), f"{what} is not finite"
    scale = max(float(np.abs(expected).max()), floor)
    error = float(np.abs(actual - expected).max())
    allowed = TOLERANCE[dtype] * scale + slack
    assert error <= allowed, f"{what}: off by {error:.3g} of {scale:.3g}, allowed {allowed:.3g}"


def squared_error_floors(
    outputs: Array, targets: Array, scale: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """For assert_close: how large a squared error and its derivatives would be if outputs and
    targets did not cancel. scale: the weight of each item in the mean.
    """
    size = float(np.abs(outputs).max() + np.abs(targets).max())
    weight = float(np.abs(scale).max())
    return {"floor": size**2}, {"floor": 2.0 * size * weight / outputs.shape[-1]}


def sgd(**options: Any) -> _core.OptimizerOptions:
    return _core.OptimizerOptions(kind="sgd", **{"learning_rate": 0.1, **options})


def make_network(
    layers: Sequence[_core.LayerOptions],
    input_shape: Sequence[int],
    dtype: str = "float64",
    weights: dict[int, Sequence[Array]] | None = None,
    loss: _core.LossOptions | None = None,
    seed: int = 1,
) -> _core.Network:
    """A compiled network. weights: of some layers, by their number; the others stay zero."""
    network = _core.make_network(layers, input_shape, dtype, seed)
    for layer, arrays in (weights or {}).items():
        for index, array in enumerate(arrays):
            network.set_parameter(layer, index, contiguous(array, dtype))
    network.compile(loss or _core.LossOptions(kind="mean_squared_error"), [], sgd())
    return network


def contiguous(array: Any, dtype: str) -> Array:
    return np.ascontiguousarray(array, dtype)


def mask_bytes(mask: Array | None) -> Array | None:
    return None if mask is None else np.ascontiguousarray(mask, np.uint8)


def named(weights: ref.Weights) -> dict[str, Array]:
    """In the order of get_weights()."""
    return {name: weights[name] for name in NAMES if name in weights}


def ordered(weights: ref.Weights) -> list[Array]:
    """In the order of get_weights()."""
    return list(named(weights).values())


def core_options(cell: ref.Cell, **options: Any) -> _core.LayerOptions:
    """The core's options of a reference cell."""
    kind = getattr(_core, type(cell).__name__ + "Options")
    return kind(**asdict(cell), **options)


def random_weights(
    shapes: dict[str, tuple[int, ...]], rng: np.random.Generator, dtype: str
) -> ref.Weights:
    """Of a size that keeps sums near 1, representable in dtype."""
    weights = {}
    for name, shape in shapes.items():
        rows = shape[0] if len(shape) == 2 and name.endswith("kernel") else 4
        weights[name] = (rng.standard_normal(shape) / np.sqrt(rows)).astype(dtype).astype(float)
    return weights


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    return rng.standard_normal(shape).astype(dtype).astype(float)


# ------------------------------------------------------------------------- one recurrent layer


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
    seed: int  # of what the tests draw besides

    def shaken(self) -> Problem:
        """The problem with all numbers off by as much as rounding to float32 may change them."""
        rng = np.random.default_rng(self.seed)

        def shake(array: Array) -> Array:
            return array * (1.0 + 2.0**-24 * rng.choice([-1.0, 1.0], array.shape))

        states = None if self.states is None else [shake(state) for state in self.states]
        weights = {name: shake(value) for name, value in self.weights.items()}
        return replace(self, x=shake(self.x), weights=weights, states=states)

    def __repr__(self) -> str:
        """What a failing test prints: everything but the numbers."""
        fields = f"{self.cell}, {self.dtype}, x {self.x.shape}, go_backwards={self.go_backwards}"
        extra = f"masked={self.mask is not None}, initial state={self.states is not None}"
        return f"Problem({fields}, return_sequences={self.return_sequences}, {extra})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For Hypothesis, which would print every number."""
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
        """The layer, behind a Masking layer if there is a mask; see place."""
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


#: Where the masked steps of a row are. Few: most rows have no valid step at all, often none has.
PADDING = ["behind", "in front", "anywhere", "few"]


def make_mask(rng: np.random.Generator, padding: str, batch: int, count: int) -> Array:
    """[B, T] bool, the rows of different lengths, from 0 to T."""
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
    """What is not given is drawn."""
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
    """The core's results against the reference's. In float32 they may besides be off by ten times
    what rounding does to the problem itself; where it explodes, nothing is compared.
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
    """Output and final states of the layer by itself."""

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
    """Gates over time, in the order of processing, at the steps that were taken. names: from the
    core's name to the reference's.
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
    """What a problem is trained for: a squared error with sample weights."""

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
        """The loss, its derivative by the outputs, and the weight of each item in the mean."""
        losses, derivative = ref.mean_squared_error(self.targets, outputs)
        # A mask goes to the loss as it came in: reversed outputs meet it unreversed.
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
    """Loss, gradients of all weights and of x. The initial state comes in as the carried state of a
    stateful layer.
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
    """gradients() leaves weights, carried states and random numbers alone."""
    assert network.random_state == random_state
    for index, value in enumerate(ordered(problem.weights)):
        assert (network.get_parameter(problem.place, index) == value).all()
    if problem.states is not None:
        carried = network.get_states(problem.place)
        for actual, state in zip(carried, problem.states, strict=True):
            assert (actual == state).all()


# ---------------------------------------------------------------------------------------- dropout


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
# Layers that are run by themselves draw from the streams from here on.
FIRST_LAYER_STREAM = 2**63


def read_masks(problem: Problem, make_probe: MakeProbe, **dropout: float) -> ref.Drops:
    """The dropout masks that the core draws for this problem: read off probes that stand at the
    same place and draw from the same stream. make_probe(cell, batch, side, block) is for
    side "x" or "h"; F must be H.
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
    """0 or 1 / (1 - rate), by chance; masks of their own for every block only with both rates."""
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
    """Training with dropout against the reference with the same masks."""
    drops = read_masks(problem, make_probe, **dropout)
    check_masks(drops, dropout["dropout"], dropout["recurrent_dropout"])
    check_gradients(problem, drops, **dropout)


# ----------------------------------------------------------------------------- finite differences


def assert_gradient(
    loss: Callable[[Array], float], value: Array, gradient: Array, what: str = ""
) -> None:
    """Compares gradient with central differences of loss(value) along two random directions.

    A kink (relu, hard_sigmoid) may lie between the two points; then a smaller step avoids it.
    """
    assert gradient.shape == value.shape, f"{what}: {gradient.shape} is not {value.shape}"
    rng = np.random.default_rng(value.size)
    for _ in range(2):
        direction = rng.standard_normal(value.shape)
        expected = float((gradient * direction).sum())
        scale = max(1e-2, float(np.abs(gradient * direction).sum()))
        errors = []
        for step in (1e-5, 1e-6, 1e-7):
            slope = (loss(value + step * direction) - loss(value - step * direction)) / (2 * step)
            errors.append(abs(slope - expected) / scale)
            if errors[-1] < 1e-6:
                break
        assert min(errors) < 1e-6, f"{what}: off by {errors} of {scale}"
