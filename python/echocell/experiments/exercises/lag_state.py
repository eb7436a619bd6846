"""lag-state: windows that contain the answer, with the state carried or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echocell.experiments.exercises.lag_task import Limits, batch_rows, build, learn, learned_of
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Point, Rows, rows_by_turn
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    geometric_mean_ratio,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag_rows import to_rows

FRESH = "zero state"
PUBLISHED = "state carried as published"
CARRIED = "state carried in order"


@dataclass(frozen=True)
class StateSettings(Settings):
    """Settings of lag-state.

    Attributes:
        windows: the varied numbers of time steps of a sample; a window of one step does not contain
            the answer.
        n_values: number of different integers.
        units: units of the LSTM.
        samples: samples of a sequence, successive windows.
        batch: samples per update, a divisor of samples, check_every and most_sequences.
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
    """

    windows: tuple[int, ...] = (1, 2, 3, 5, 10)
    n_values: int = 100
    units: int = 50
    samples: int = 20
    batch: int = 5
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = (self.samples, self.check_every, self.most_sequences)
        if min(self.windows) < 1 or any(count % self.batch for count in counts):
            raise ValueError(
                "expected windows of at least 1 step, and a batch that divides samples, "
                f"check_every and most_sequences, received windows={self.windows} "
                f"batch={self.batch} samples={self.samples} check_every={self.check_every} "
                f"most_sequences={self.most_sequences}"
            )


def run_state(settings: StateSettings, run: Run) -> Outcome:
    """Trains at each window from a state of zeros and from carried states."""
    ways = (FRESH, PUBLISHED, CARRIED)
    points = sweep(
        run,
        [(f"window {steps}, {way}", (steps, way)) for steps in settings.windows for way in ways],
        lambda place, label, rng: _train_state(settings, place, run, label, rng),
    )
    rows = rows_by_turn(points, ways)
    panels = [
        Panel.updates(rows, "window length (time steps)", settings.windows),
        Panel.accuracy(rows, "window length (time steps)", settings.windows),
    ]
    answer = _state_answer(settings.windows, rows) + "."
    return sweep_outcome(updates_table("samples", points), points, answer, panels, run.seed)


def _train_state(
    settings: StateSettings, place: tuple[int, str], run: Run, label: str, rng: np.random.Generator
) -> Result:
    """Trains one way of carrying the state at one window length.

    FRESH and PUBLISHED: a batch consists of consecutive windows of one sequence, so that a carried
    state goes to the window one batch later. CARRIED: a batch consists of one window of each of
    several sequences, and the next batch of their next windows.
    """
    steps, way = place
    together = settings.batch if way == CARRIED else 1
    length = settings.samples + max(1, steps - 1)

    def generate(count: int) -> tuple[Floats, Floats]:
        sequences = random_values((count, length), settings.n_values, rng)
        x, y = to_rows(sequences, settings.n_values, steps)
        return batch_rows(x, together), batch_rows(y, together)

    carried = 0 if way == FRESH else settings.batch
    limits = Limits(
        settings.most_sequences,
        settings.check_every,
        # A multiple of the sequences that share a batch.
        -(-settings.tests // together) * together,
        settings.batch,
        reset_every=settings.samples * together if carried else 0,
    )
    model = build(steps, settings.n_values, settings.units, carried=carried)
    return learn(model, generate, limits, run, label)


def _state_answer(windows: Sequence[int], rows: Rows) -> str:
    """Returns whether carrying the state helps, with and without the answer in the window."""
    holding = [k for k, steps in enumerate(windows) if steps > 1]
    held = {way: [points[k] for k in holding] for way, points in rows.items()}
    texts = []
    if holding:
        texts.append(
            f"where the window contains the answer, {learned_of(held[FRESH])} window lengths were "
            f"learned with a {FRESH}"
        )
        texts += [
            f"with a {way}, {_compared(held[way], held[FRESH])}" for way in (CARRIED, PUBLISHED)
        ]
    without = [
        f"{points[k].accuracy:.1f} % with a {way}"
        for way, points in rows.items()
        for k, steps in enumerate(windows)
        if steps == 1
    ]
    if without:
        texts.append(
            "where the window does not contain it, the accuracy in the last test was "
            f"{', '.join(without)}"
        )
    return "; ".join(texts)


def _compared(points: Sequence[Point], fresh: Sequence[Point]) -> str:
    """Returns whether carrying helps: by the number learned, and if equal, by the updates."""
    ratio = geometric_mean_ratio(points, fresh, lambda p: p.updates)
    if np.isnan(ratio):
        return f"{learned_of(points)} were learned"
    more = sum(p.solved for p in points) - sum(p.solved for p in fresh)
    verdict = "no clear difference"
    if more > 0 or (more == 0 and ratio < 0.9):
        verdict = "carrying helps"
    elif more < 0 or ratio > 1.1:
        verdict = "carrying is a disadvantage"
    return (
        f"{learned_of(points)} were learned, with {ratio:.2f} times the updates where both ways "
        f"succeeded ({verdict})"
    )


LAG_STATE = exercise(
    "lag-state",
    "echo of t-1 from windows, with the state carried or not: does carrying it help?",
    takeaway=(
        "A carried state holds what came before the window, which is not needed where the window "
        "contains the answer. Carried in order, it goes to the next window; as published, where "
        "a batch consists of consecutive windows, it goes to the window one batch later."
    ),
    settings=StateSettings(),
    run=run_state,
    takes=25,
)
