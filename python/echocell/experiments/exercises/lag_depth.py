"""lag-depth: the updates and units needed for answers that lie further and further back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from echocell.experiments.exercises.lag_task import Limits, batch_rows, build, learn, learned_of
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Point, Rows, rows_by_turn
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import exercise, extremes, sweep, sweep_outcome
from echocell.experiments.run.sweep_plot import Panel
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag_rows import to_rows


@dataclass(frozen=True)
class DepthSettings(Settings):
    """Settings of lag-depth.

    All windows have the length that the greatest lag needs, so that only the lag varies.

    Attributes:
        lags: the varied distances between the answer and the last step.
        units: the numbers of units that are tried at each lag.
        n_values: number of different integers.
        samples: windows of a sequence, one update.
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
    """

    lags: tuple[int, ...] = tuple(range(1, 11))
    units: tuple[int, ...] = (5, 10, 20, 40)
    n_values: int = 10
    samples: int = 15
    most_sequences: int = 20_000
    check_every: int = 250
    tests: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.lags) < 1 or min(self.units) < 1:
            raise ValueError(
                f"expected lags and units of at least 1, received lags={self.lags} "
                f"units={self.units}"
            )


def run_depth(settings: DepthSettings, run: Run) -> Outcome:
    """Trains networks of each size at each lag."""
    steps = max(settings.lags) + 1
    limits = Limits(settings.most_sequences, settings.check_every, settings.tests, settings.samples)

    def train(place: tuple[int, int], label: str, rng: np.random.Generator) -> Result:
        lag, units = place

        def generate(count: int) -> tuple[Floats, Floats]:
            shape = (count, settings.samples + steps - 1)
            sequences = random_values(shape, settings.n_values, rng)
            x, y = to_rows(sequences, settings.n_values, steps, lag)
            return batch_rows(x), batch_rows(y)

        return learn(build(steps, settings.n_values, units), generate, limits, run, label)

    places = [(lag, units) for lag in settings.lags for units in settings.units]
    points = sweep(run, [(f"t-{lag}, {units} units", (lag, units)) for lag, units in places], train)
    rows = rows_by_turn(points, [f"{units} units" for units in settings.units])
    fewest = _fewest_units(settings.units, rows)
    panels = [
        Panel.updates(rows, "lag (time steps)", settings.lags, log_x=False),
        Panel.accuracy(rows, "lag (time steps)", settings.lags, log_x=False),
    ]
    answer = _depth_answer(settings, points, rows, fewest) + "."
    table = _depth_table(settings, rows, fewest)
    return sweep_outcome(table, points, answer, panels, run.seed)


def _fewest_units(units: Sequence[int], rows: Rows) -> list[tuple[int, Point] | None]:
    """Returns the smallest network that learned each lag with its point; None where none did."""
    fewest: list[tuple[int, Point] | None] = []
    for points in zip(*rows.values(), strict=True):
        solved = [(count, p) for count, p in zip(units, points, strict=True) if p.solved]
        fewest.append(min(solved, key=lambda pair: pair[0]) if solved else None)
    return fewest


def _depth_table(
    settings: DepthSettings,
    rows: Rows,
    fewest: Sequence[tuple[int, Point] | None],
) -> list[list[str]]:
    """Returns the headings and a row for each lag: the updates with each number of units."""

    def cell(point: Point) -> str:
        return point.updates_text + ("" if point.solved else f" ({point.accuracy:.1f} %)")

    headings = ["echo of", *(f"updates, {way}" for way in rows), "fewest units"]
    cells = zip(*([cell(point) for point in points] for points in rows.values()), strict=True)
    return [
        headings,
        *(
            [f"t-{lag}", *row, str(found[0]) if found else f"over {max(settings.units)}"]
            for lag, row, found in zip(settings.lags, cells, fewest, strict=True)
        ),
    ]


def _depth_answer(
    settings: DepthSettings,
    points: Sequence[Point],
    rows: Rows,
    fewest: Sequence[tuple[int, Point] | None],
) -> str:
    most = max(settings.units)
    text = ""
    largest = zip(settings.lags, rows[f"{most} units"], strict=True)
    if compared := extremes([replace(point, label=f"t-{lag}") for lag, point in largest]):
        text = f"with {most} units, {compared}"
    found = [(f[0], f"t-{lag}") for lag, f in zip(settings.lags, fewest, strict=True) if f]
    if found:
        spans = [
            f"{units} for {', '.join(lag for own, lag in found if own == units)}"
            for units in sorted({units for units, _ in found})
        ]
        text += f"the fewest units that learned a lag were {'; '.join(spans)}; "
    none = [f"t-{lag}" for lag, f in zip(settings.lags, fewest, strict=True) if f is None]
    if none:
        text += f"no network learned {', '.join(none)}; "
    return f"{text}{learned_of(points)} networks learned their lag"


LAG_DEPTH = exercise(
    "lag-depth",
    "echo of t-1 to t-10: accuracy, and the updates and units that are needed",
    takeaway=(
        "The windows stay the same, while the requested value lies further and further back. The "
        "first step of a window is marked by the zero state before it; a step in the middle has "
        "to be found by counting."
    ),
    settings=DepthSettings(),
    run=run_depth,
    takes=15,
)
