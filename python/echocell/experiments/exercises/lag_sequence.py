"""lag-sequence: whole sequences with one output per step, compared with windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echocell.experiments.exercises.lag_task import Limits, batch_rows, build, cost_panels, learn
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import rows_by_turn
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    geometric_mean_ratio,
    solved_text,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag import to_lagged
from echocell.tasks.lag_rows import to_rows

PER_STEP = "one output per step"
PER_WINDOW = "one output per window"


@dataclass(frozen=True)
class SequenceSettings(Settings):
    """Settings of lag-sequence.

    Attributes:
        lags: the varied distances between an answer and its step.
        length: integers in a sequence, which is one update.
        n_values: number of different integers.
        units: units of the LSTM.
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
    """

    lags: tuple[int, ...] = (1, 2, 3, 5, 10)
    length: int = 25
    n_values: int = 10
    units: int = 50
    most_sequences: int = 60_000
    check_every: int = 250
    tests: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= min(self.lags) <= max(self.lags) < self.length:
            raise ValueError(f"lags: expected lags of 1 to {self.length - 1}, received {self.lags}")


def run_sequence(settings: SequenceSettings, run: Run) -> Outcome:
    """Trains on whole sequences with one output per step, and on windows, at each lag."""

    def train(place: tuple[int, str], label: str, rng: np.random.Generator) -> Result:
        lag, way = place
        per_step = way == PER_STEP
        steps, batch = (settings.length, 1) if per_step else (lag + 1, settings.length - lag)

        def generate(count: int) -> tuple[Floats, Floats]:
            sequences = random_values((count, settings.length), settings.n_values, rng)
            if per_step:
                return to_lagged(sequences, settings.n_values, depth=lag)[:2]
            x, y = to_rows(sequences, settings.n_values, steps, lag)
            return batch_rows(x), batch_rows(y)

        model = build(steps, settings.n_values, settings.units, per_step=per_step)
        limits = Limits(settings.most_sequences, settings.check_every, settings.tests, batch)
        return learn(model, generate, limits, run, label)

    ways = (PER_STEP, PER_WINDOW)
    places = [(f"t-{lag}, {way}", (lag, way)) for lag in settings.lags for way in ways]
    points = sweep(run, places, train)
    rows = rows_by_turn(points, ways)
    panels = cost_panels(rows, "lag (time steps)", settings.lags, log_x=False)
    updates, seconds = (
        geometric_mean_ratio(rows[PER_STEP], rows[PER_WINDOW], of)
        for of in (lambda p: float(p.updates), lambda p: p.seconds)
    )
    done = sum(point.solved for point in rows[PER_STEP])
    answer = f"{done} of {len(settings.lags)} lags were learned with {PER_STEP}"
    if not np.isnan(updates):
        answer += (
            f"; where both ways succeeded, they took {updates:.2f} times the sequences and "
            f"{seconds:.2f} times the time of windows with one output each"
        )
    answer = f"{answer}; {solved_text(points, 'lag')}."
    return sweep_outcome(updates_table("echo of", points), points, answer, panels, run.seed)


LAG_SEQUENCE = exercise(
    "lag-sequence",
    "echo of a whole lagged sequence, one output per time step, compared with windows",
    takeaway=(
        "With an output at every time step the network has to hold several values at once, each "
        "for as long as the lag; with a window it has to hold only one."
    ),
    settings=SequenceSettings(),
    run=run_sequence,
    takes=6,
)
