"""Timing: spikes at the right step, and periodic functions, from little or no input.

After Gers, Schraudolph and Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks"
(2002): generating timed spikes (GTS) and periodic function generation (PFG). One output unit; one
input unit, which says nothing or next to nothing of the time. Steps are counted t = 0, 1, 2, ...;
a network begins at t = 0 with the state zero and is never reset.

Timed spikes: the target is 1 at the spikes and 0 between them. The first comes at
T(1) = F + I(1), the others at T(n) = T(n-1) + F + I(n), with F = base fixed and the delays I(n)
drawn from a set. Solved while no output is off by 0.49 or more.

Periodic functions of period F, 10 or 25, all within [0, 1]; m = t mod F:

    cosine      (1 - cos(2 pi t / F)) / 2
    triangle    1 - 2 m / F where m <= F / 2, 2 m / F - 1 beyond
    rectangle   0 where m <= F / 2, 1 beyond

Solved while no output is off by 0.3 or more (in a second, stricter row 0.15, for the cosine of
period 25).

The paper leaves some of it open. Decided here:

- The inputs. "none": 0 at every step. "constant": a spike at every step, 1, always the same; a cell
  with biases gets no more from it than from "none". "delays", for spikes whose delays differ: the
  task is measuring the delays of spikes with input and target exchanged, so the delay I(n) is given
  at the step where its interval begins, t = 0 or the spike before, and 0 at all other steps.
- Time begins at t = 0 with no spike there; the last step of a sequence is its last spike.
- The formula of the triangle, as it is quoted, is 1 higher than here and lies in [1, 2]. It is
  shifted to the range of the other two; its slope and its period, which make it hard or easy, stay.
- The functions begin at t = 0 of their formulas; at m = F / 2, for even F, the rectangle is 0.

Legend: N spikes, T steps, F = base or period. Arrays are [1, T, 1], one sample of one feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.tasks.encoding import Floats, Integers, check_count, generator

__all__ = [
    "FUNCTIONS",
    "FUNCTION_LIMIT",
    "INPUTS",
    "PERIODS",
    "SPIKE_LIMIT",
    "generate_function",
    "generate_intervals",
    "generate_spikes",
    "periodic",
    "spike_places",
    "steps_within",
]

#: The periodic functions, the periods of the paper, and what may be given as input.
FUNCTIONS = ("cosine", "triangle", "rectangle")
PERIODS = (10, 25)
INPUTS = ("none", "constant", "delays")
#: An error that ends a sequence: of spikes, of functions.
SPIKE_LIMIT = 0.49
FUNCTION_LIMIT = 0.3


def generate_intervals(
    count: int,
    base: int = 10,
    delays: Sequence[int] = (0,),
    rng: np.random.Generator | None = None,
) -> Integers:
    """`count` intervals F + I(n): [N], int64.

    Args:
        count: N; 100 in training and 1000 in the test of the paper.
        base: F, at least 1.
        delays: the set of the I(n), each as likely as the others. Default (0,): all intervals F.
        rng: the random generator; see `echocell.tasks`.

    Raises ValueError where there is no delay, or a negative one.
    """
    check_count("generate_intervals: count", count)
    check_count("generate_intervals: base", base)
    choices = np.asarray(delays)
    if choices.ndim != 1 or choices.size == 0 or not np.issubdtype(choices.dtype, np.integer):
        raise ValueError(
            f"generate_intervals: expected delays to be one or more integers, received {delays!r}"
        )
    if choices.min() < 0:
        raise ValueError(
            f"generate_intervals: expected delays of at least 0, received {choices.min()}"
        )
    return base + generator(rng).choice(choices.astype(np.int64), size=count)


def spike_places(intervals: ArrayLike) -> Integers:
    """The steps t of the spikes, T(1), T(2), ...: [N], int64. The first is at the first interval.

    Raises ValueError where an interval is below 1.
    """
    array = np.asarray(intervals)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"spike_places: expected one or more integers, received shape {array.shape} and dtype "
            f"{array.dtype}"
        )
    if array.min() < 1:
        raise ValueError(f"spike_places: expected intervals of at least 1, received {array.min()}")
    return np.asarray(np.cumsum(array), dtype=np.int64)


def generate_spikes(
    count: int,
    base: int = 10,
    delays: Sequence[int] = (0,),
    inputs: str = "none",
    rng: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Timed spikes: x [1, T, 1], y [1, T, 1]; T = T(N) + 1, the last step is a spike.

    Args:
        count: N.
        base: F.
        delays: the set of the I(n). More than one is only to be known from inputs="delays".
        inputs: "none", "constant" or "delays".
        rng: the random generator; see `echocell.tasks`.
    """
    _check_choice("generate_spikes: inputs", inputs, INPUTS)
    intervals = generate_intervals(count, base, delays, rng)
    places = spike_places(intervals)
    x = _inputs(int(places[-1]) + 1, inputs)
    y = np.zeros_like(x)
    y[0, places, 0] = 1.0
    if inputs == "delays":
        x[0, [0, *places[:-1]], 0] = intervals - base
    return x, y


def periodic(function: str, period: int, steps: int) -> Floats:
    """The function at t = 0..T-1: [T].

    Args:
        function: "cosine", "triangle" or "rectangle".
        period: F, at least 2.
        steps: T.
    """
    _check_choice("periodic: function", function, FUNCTIONS)
    check_count("periodic: period", period, 2)
    check_count("periodic: steps", steps)
    m = np.arange(steps) % period
    late = 2 * m > period
    if function == "cosine":
        values = (1 - np.cos(2 * np.pi * m / period)) / 2
    elif function == "triangle":
        values = np.where(late, 2 * m / period - 1, 1 - 2 * m / period)
    else:
        values = late.astype(np.float64)
    return np.asarray(values, dtype=np.float32)


def generate_function(
    function: str, period: int = 10, periods: int = 100, inputs: str = "none"
) -> tuple[Floats, Floats]:
    """A function over whole periods: x [1, T, 1], y [1, T, 1], T = periods * F.

    Args:
        function: "cosine", "triangle" or "rectangle".
        period: F. Default 10.
        periods: default 100; 1000 in the test of the paper.
        inputs: "none" or "constant".
    """
    _check_choice("generate_function: inputs", inputs, INPUTS[:2])
    check_count("generate_function: periods", periods)
    y = periodic(function, period, periods * period)[np.newaxis, :, np.newaxis]
    return _inputs(y.shape[1], inputs), y


def steps_within(outputs: ArrayLike, targets: ArrayLike, limit: float = SPIKE_LIMIT) -> int:
    """The steps before the first error |output - target| of `limit` or more; all of them where
    there is none. An output that is no number is an error.

    outputs, targets: of one shape, with the steps along one axis: [T], [1, T, 1], ...
    """
    first: NDArray[Any] = np.asarray(outputs)
    second: NDArray[Any] = np.asarray(targets)
    if first.shape != second.shape or max(first.shape, default=0) != first.size:
        raise ValueError(
            f"steps_within: expected outputs and targets of one shape, a number at each step, "
            f"received shapes {first.shape} and {second.shape}"
        )
    within = np.abs(first.astype(np.float64) - second).ravel() < limit
    return int(within.size if within.all() else np.argmin(within))


def _inputs(steps: int, inputs: str) -> Floats:
    return np.full((1, steps, 1), 1.0 if inputs == "constant" else 0.0, dtype=np.float32)


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, received {value!r}")
