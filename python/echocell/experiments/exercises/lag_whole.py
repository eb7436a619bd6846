"""lag-whole: the whole sequence so far as context, padded and masked."""

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

BEFORE = "padded before, masked"
BEHIND = "padded after, masked"
UNMASKED = "padded before, not masked"


@dataclass(frozen=True)
class WholeSettings(Settings):
    """Settings of lag-whole.

    Attributes:
        lengths: the varied numbers of integers in a sequence, and of time steps of its rows.
        window: time steps of the rows that the whole sequences are compared with.
        n_values: number of different integers.
        units: units of the LSTM.
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
    """

    lengths: tuple[int, ...] = (10, 20, 40)
    window: int = 5
    n_values: int = 25
    units: int = 25
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.window <= min(self.lengths):
            raise ValueError(
                "expected a window of at least 2 steps and lengths of at least as many, received "
                f"window={self.window} lengths={self.lengths}"
            )


def run_whole(settings: WholeSettings, run: Run) -> Outcome:
    """Trains with a window, and with the whole sequence so far, padded in three ways."""
    window = f"window of {settings.window}, masked"
    most = (settings.most_sequences, settings.check_every, settings.tests)

    def ways(length: int) -> dict[str, PaddedRows]:
        return {
            window: PaddedRows(settings.window, MASK_VALUE, masked=True),
            BEFORE: PaddedRows(length, MASK_VALUE, masked=True),
            BEHIND: PaddedRows(length, MASK_VALUE, masked=True, behind=True),
            UNMASKED: PaddedRows(length, MASK_VALUE),
        }

    points = sweep(
        run,
        [
            (f"{length} steps, {way}", (Case(length, settings.n_values, settings.units), rows))
            for length in settings.lengths
            for way, rows in ways(length).items()
        ],
        lambda place, label, rng: train(place[0], place[1], most, run, label, rng),
    )
    rows = rows_by_turn(points, [window, BEFORE, BEHIND, UNMASKED])
    done = sum(point.solved for point in rows[BEFORE])
    answer = (
        f"with the whole sequence so far, padded before and masked, {done} of "
        f"{len(settings.lengths)} lengths were learned; "
        + compared(rows, BEFORE, "it", window, f"a window of {settings.window} steps")
        + "; "
        + compared(rows, BEHIND, "padding after the values", BEFORE, "padding before them")
        + " (with a mask the two are the same task); "
        + compared(rows, UNMASKED, "leaving out the mask", BEFORE, "masking")
        + f"; {solved_text(points, 'setting')}."
    )
    panels = cost_panels(rows, "sequence length (time steps)", settings.lengths)
    return sweep_outcome(updates_table("rows", points), points, answer, panels, run.seed)


LAG_WHOLE = exercise(
    "lag-whole",
    "echo of t-1 with the whole sequence so far as context, padded and masked",
    takeaway=(
        "No window length has to be chosen, but there is more and more to read before the answer. "
        "The mask skips the padding on either side, so padding before and after the values is the "
        "same task, and any difference between them is due to chance."
    ),
    settings=WholeSettings(),
    run=run_whole,
    takes=11,
)
