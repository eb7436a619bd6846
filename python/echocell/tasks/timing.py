"""Timing: spikes at given steps, and periodic functions, from little or no input.

After Gers, Schraudolph and Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks"
(2002): generating timed spikes (GTS) and periodic function generation (PFG). There is one output
unit and one input unit, which carries little or no information. Steps are t = 0, 1, 2, ...; a
network starts at t = 0 with a zero state and is never reset.

Timed spikes: the target is 1 at the spikes and 0 between them. The first spike is at
T(1) = F + I(1), the others at T(n) = T(n-1) + F + I(n), with a fixed F = base and delays I(n) drawn
from a set. The task is solved while every output is off by less than 0.49.

Periodic functions of period F, 10 or 25, in the range [0, 1]; m = t mod F:

    cosine      (1 - cos(2 pi t / F)) / 2
    triangle    1 - 2 m / F for m <= F / 2, else 2 m / F - 1
    rectangle   0 for m <= F / 2, else 1

The task is solved while every output is off by less than 0.3 (in a second, stricter row of the
paper, 0.15 for the cosine of period 25).

Decisions where the paper leaves a choice:
- The inputs. "none": 0 at every step. "constant": 1 at every step; for a cell with biases this is
  equivalent to "none". "delays", for spikes with different delays: the delay I(n) is the input at
  the step where its interval starts, t = 0 or the previous spike, and 0 is the input of all other
  steps.
- There is no spike at t = 0; the last step of a sequence is its last spike.
- The triangle, as quoted, lies in [1, 2]; here it is shifted to the range of the other functions,
  with the same slope and period.
- The functions start at t = 0 of their formulas; at m = F / 2, for even F, the rectangle is 0.

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

#: The periodic functions, the periods of the paper, and the kinds of input.
FUNCTIONS = ("cosine", "triangle", "rectangle")
PERIODS = (10, 25)
INPUTS = ("none", "constant", "delays")
#: The smallest deviation that is an error, for spikes and for functions.
SPIKE_LIMIT = 0.49
FUNCTION_LIMIT = 0.3


def generate_intervals(
    count: int,
    base: int = 10,
    delays: Sequence[int] = (0,),
    rng: np.random.Generator | None = None,
) -> Integers:
    """Returns `count` intervals F + I(n): [N], int64.

    Args:
        count: N; 100 in training and 1000 in the test of the paper.
        base: F, at least 1.
        delays: the set that the I(n) are drawn from, uniformly. Default (0,): all intervals are F.
        rng: the random generator; see `echocell.tasks`.

    Raises:
        ValueError: if there is no delay, or a negative one.
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
    """Returns the steps of the spikes, T(1), T(2), ...: [N], int64.

    Raises:
        ValueError: if an interval is below 1.
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
    """Returns timed spikes: x [1, T, 1], y [1, T, 1]; T = T(N) + 1, the last step is a spike.

    Args:
        count: N.
        base: F.
        delays: the set of the I(n). Several delays can only be predicted with inputs="delays".
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
    """Returns the function at t = 0..T-1: [T].

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
    """Returns a function over whole periods: x [1, T, 1], y [1, T, 1], T = periods * F.

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
    """Returns the number of steps before the first error |output - target| of `limit` or more.

    An output of NaN is an error.

    Args:
        outputs: the steps along one axis: [T], [1, T, 1], ...
        targets: of the same shape.
        limit: the smallest deviation that is an error.
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
