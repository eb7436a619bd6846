"""International airline passengers: monthly totals in thousands, January 1949 to December 1960.

Source: G. E. P. Box and G. M. Jenkins, "Time Series Analysis: Forecasting and Control" (1970),
series G. The recipe (windows, scaler, split) is that of Jason Brownlee, "Time Series Prediction
with LSTM Recurrent Neural Networks in Python with Keras" (2016).

Legend: N = 144 months, L look-back, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echocell.tasks.series import MinMaxScaler, Series, look_back_pairs, split

SEASON = 12

# One row per year, January to December.
_PASSENGERS = """
    112 118 132 129 121 135 148 148 136 119 104 118
    115 126 141 135 125 149 170 170 158 133 114 140
    145 150 178 163 172 178 199 199 184 162 146 166
    171 180 193 181 183 218 230 242 209 191 172 194
    196 196 236 235 229 243 264 272 237 211 180 201
    204 188 235 227 234 264 302 293 259 229 203 229
    242 233 267 269 270 315 364 347 312 274 237 278
    284 277 317 313 318 374 413 405 355 306 271 306
    315 301 356 348 355 422 465 467 404 347 305 336
    340 318 362 348 363 435 491 505 404 359 310 337
    360 342 406 396 420 472 548 559 463 407 362 405
    417 391 419 461 472 535 622 606 508 461 390 432
"""


def passengers() -> Series:
    """Returns the series [144], float64, in thousands of passengers a month."""
    return np.array(_PASSENGERS.split(), dtype=np.float64)


def months() -> NDArray[np.datetime64]:
    """Returns the months of the series [144], datetime64[M], 1949-01 to 1960-12."""
    return np.arange("1949-01", "1961-01", dtype="datetime64[M]")


@dataclass(frozen=True)
class Part:
    """The pairs of one part of the series.

    Attributes:
        windows: [P, L], scaled, oldest month first.
        targets: [P], scaled.
        places: [P], the index of each target in the whole series.
    """

    windows: Series
    targets: Series
    places: NDArray[np.int64]


@dataclass(frozen=True)
class AirlineTask:
    """The series, its scaler, and the training and test pairs made from it."""

    series: Series
    scaler: MinMaxScaler
    train: Part
    test: Part


def airline(look_back: int = 1, share: float = 0.70) -> AirlineTask:
    """Returns the task as it was published, including two flaws.

    The scaler is fitted to the whole series, so that the maximum of the test part leaks into the
    training part. The pairs of each part are `range(len - look_back - 1)`, which leaves the last
    month of each part unused. The published figures depend on both.

    Args:
        look_back: L, the number of months before each target; at least 1.
        share: the share of the series that is the training part; 0.70 is 100 months.

    Raises:
        ValueError: if a part is too short for a pair.
    """
    series = passengers()
    scaler = MinMaxScaler.fit(series)
    before, after = split(scaler.transform(series), share)
    train = _part(before, look_back, 0)
    test = _part(after, look_back, before.size)
    return AirlineTask(series, scaler, train, test)


def _part(scaled: Series, look_back: int, start: int) -> Part:
    windows, targets, places = look_back_pairs(scaled, look_back, drop_last=True)
    if targets.size == 0:
        raise ValueError(
            f"look_back {look_back}: expected a part of at least {look_back + 2} months, "
            f"received one of {scaled.size}"
        )
    return Part(windows, targets, places + start)
