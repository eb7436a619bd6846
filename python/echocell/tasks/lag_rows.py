"""Lag by rows: windows of many sequences of random integers, with an earlier integer as answer.

The task is that of `echocell.tasks.lag`, for many sequences at once, with an answer any number of
places back and with missing steps that can be filled and placed on either side.

Legend: S sequences, T integers in each, N rows of a sequence, K = steps, V = n_values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from echocell.tasks.encoding import Floats, check_count, one_hot_encode

__all__ = ["MASK_VALUE", "to_rows"]

# A value for missing steps that does not occur in one-hot rows.
MASK_VALUE = -1.0


def to_rows(
    sequences: ArrayLike,
    n_values: int,
    steps: int,
    lag: int = 1,
    missing: float | None = None,
    behind: bool = False,
) -> tuple[Floats, Floats]:
    """Returns the last `steps` integers at every time, one-hot: x [S, N, K, V], y [S, N, V].

    The row of time t holds the values at t-K+1..t, oldest first; its answer is the value at t-lag.
    There is a row for every time with an answer, t = lag..T-1.

    Args:
        sequences: integers 0..n_values-1 of shape [S, T].
        n_values: V, the number of different values.
        steps: K, at least 1. Rows of up to `lag` steps do not contain their answer.
        lag: at least 1, below T.
        missing: the value of all features of steps before the start of the sequence; None drops
            rows with such steps.
        behind: whether missing steps follow the values instead of preceding them.

    Raises:
        ValueError: if the shape is wrong, values are out of range, or no row is left.
    """
    values = np.asarray(sequences)
    if values.ndim != 2:
        raise ValueError(f"to_rows: expected sequences of shape [S, T], received {values.shape}")
    check_count("to_rows: steps", steps)
    length = values.shape[1]
    if not 1 <= lag < length:
        raise ValueError(
            f"to_rows: expected a lag from 1 to {length - 1}, below the {length} integers of a "
            f"sequence, received {lag}"
        )
    first = lag if missing is not None else max(lag, steps - 1)
    if first >= length:
        raise ValueError(
            f"to_rows: expected sequences of at least {steps} integers where rows with missing "
            f"steps are dropped, received {length}"
        )
    times = np.arange(first, length)[:, np.newaxis]
    places = times - steps + 1 + np.arange(steps)  # [N, K]
    if behind:
        places = places - np.minimum(0, places[:, :1])  # a row begins with its first value
    present = (places >= 0) & (places <= times)
    encoded = one_hot_encode(values, n_values)
    x = encoded[:, np.where(present, places, 0)]
    x[:, ~present] = 0.0 if missing is None else missing
    return x, encoded[:, first - lag : length - lag]
