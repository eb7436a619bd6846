"""lag-masked: rows with missing time steps, dropped, padded, or padded and masked."""

from __future__ import annotations

from dataclasses import dataclass

from echocell.experiments.exercises.lag_padding import Case, PaddedRows, compared, train
from echocell.experiments.exercises.lag_task import cost_panels
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.point import rows_by_turn
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    solved_text,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.tasks.lag_rows import MASK_VALUE

DROPPED = "dropped"
PADDED = "padded"
MASKED = "padded, masked"


@dataclass(frozen=True)
class MaskedSettings(Settings):
    """Settings of lag-masked.

    Attributes:
        steps: the varied numbers of time steps of a row; steps - 2 of the length - 1 rows of a
            sequence have missing steps.
        length: integers in a sequence.
        n_values: number of different integers.
        units: units of the LSTM.
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
    """

    steps: tuple[int, ...] = (3, 5, 10, 20)
    length: int = 25
    n_values: int = 25
    units: int = 25
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= min(self.steps) <= max(self.steps) <= self.length:
            raise ValueError(f"steps: expected 2 to {self.length}, received {self.steps}")


def run_masked(settings: MaskedSettings, run: Run) -> Outcome:
    """Trains with incomplete rows dropped, padded, and padded and masked."""
    ways = {
        DROPPED: (None, False),
        PADDED: (MASK_VALUE, False),
        MASKED: (MASK_VALUE, True),
    }
    case = Case(settings.length, settings.n_values, settings.units)
    most = (settings.most_sequences, settings.check_every, settings.tests)
    points = sweep(
        run,
        [
            (f"{steps} steps, {way}", PaddedRows(steps, missing, masked))
            for steps in settings.steps
            for way, (missing, masked) in ways.items()
        ],
        lambda rows, label, rng: train(case, rows, most, run, label, rng),
    )
    rows = rows_by_turn(points, list(ways))
    answer = (
        compared(rows, MASKED, "padding with a mask", DROPPED, "dropping incomplete rows")
        + "; "
        + compared(rows, PADDED, "padding without a mask", DROPPED, "dropping")
        + f"; with rows of {max(settings.steps)} time steps, dropping leaves "
        f"{settings.length - max(settings.steps) + 1} of the {settings.length - 1} rows of a "
        f"sequence, and no answer to the others; {solved_text(points, 'setting')}."
    )
    panels = cost_panels(rows, "row length (time steps)", settings.steps)
    return sweep_outcome(updates_table("rows", points), points, answer, panels, run.seed)


LAG_MASKED = exercise(
    "lag-masked",
    "echo of t-1 with missing time steps: rows dropped, padded with -1, or masked",
    takeaway=(
        "Masked time steps are skipped; without a mask, the padding of -1 is read like a value."
    ),
    settings=MaskedSettings(),
    run=run_masked,
    takes=5,
)
