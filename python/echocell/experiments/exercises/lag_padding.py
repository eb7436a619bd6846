"""The open exercises on rows with missing steps: at the beginning of a sequence there is less to
look back on than a window holds. Such rows can be dropped, marked, or marked and masked.

From Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section
"Extensions". The answer to every row is the integer before its last, which every row that has an
answer holds: what is missing is never needed. One update learns from the rows of one sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from echocell.experiments.exercises.lag_sweeps import (
    Limits,
    build,
    by_way,
    learn,
    side_by_side,
    times_as_many,
)
from echocell.experiments.run.base import Experiment, Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.experiments.run.sweep import (
    EXERCISE,
    Point,
    outcome,
    solved_headline,
    solved_text,
    sweep,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag_rows import MASK_VALUE, to_rows


@dataclass(frozen=True)
class Rows:
    """How rows are made. steps: of a row; missing: as `to_rows` has it; masked: whether the missing
    steps are skipped; behind: whether they stand behind the others.
    """

    steps: int
    missing: float | None
    masked: bool = False
    behind: bool = False


@dataclass(frozen=True)
class Case:
    """length: integers of a sequence; n_values: how many there are to tell apart; units: of the
    network.
    """

    length: int
    n_values: int
    units: int


def train(
    case: Case,
    rows: Rows,
    most: tuple[int, int, int],
    run: Run,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains until no row is answered wrongly; gives the fields of a Point but its label.

    most: most_sequences, check_every and tests, see Limits.
    """

    def generate(count: int) -> tuple[Floats, Floats]:
        sequences = random_values((count, case.length), case.n_values, rng)
        x, y = to_rows(
            sequences, case.n_values, rows.steps, missing=rows.missing, behind=rows.behind
        )
        return side_by_side(x), side_by_side(y)

    mask = rows.missing if rows.masked else None
    model = build(rows.steps, case.n_values, case.units, mask=mask)
    batch = len(generate(1)[0])
    return learn(model, generate, Limits(*most, batch), run, label)


def _panels(rows: Mapping[str, Sequence[Point]], xlabel: str, x: Sequence[int]) -> list[Panel]:
    return [
        Panel.of("updates (one sequence each)", rows, xlabel, x),
        Panel.of("training and test time (s)", rows, xlabel, x, of=lambda p: p.seconds),
        Panel.accuracy(rows, xlabel, x),
    ]


def _compared(
    rows: Mapping[str, Sequence[Point]], way: str, text: str, other: str, other_text: str
) -> str:
    """How many times the updates and the time of another way a way took; both as the subject of a
    sentence.
    """
    updates = times_as_many(rows[way], rows[other], lambda p: p.updates)
    seconds = times_as_many(rows[way], rows[other], lambda p: p.seconds)
    if np.isnan(updates):
        return f"{text} cannot be compared with {other_text}: nothing was learned in both ways"
    return (
        f"{text} took {updates:.2f} times the updates and {seconds:.2f} times the time of "
        f"{other_text}"
    )


# ---- lag-masked --------------------------------------------------------------------------------

DROPPED = "dropped"
MARKED = "padded"
MASKED = "padded, masked"


@dataclass(frozen=True)
class MaskedSettings:
    """steps: of a row; of a sequence's length - 1 rows, steps - 2 have missing ones. For the others
    see Case and Limits.
    """

    steps: tuple[int, ...] = (3, 5, 10, 20)
    length: int = 25
    n_values: int = 25
    units: int = 25
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        if not 2 <= min(self.steps) <= max(self.steps) <= self.length:
            raise ValueError(f"steps: expected 2 to {self.length}, received {self.steps}")


def run_masked(settings: MaskedSettings, run: Run) -> Outcome:
    """Sequences needed with rows that miss steps dropped, marked, and marked and masked."""
    ways = {
        DROPPED: (None, False),
        MARKED: (MASK_VALUE, False),
        MASKED: (MASK_VALUE, True),
    }
    case = Case(settings.length, settings.n_values, settings.units)
    most = (settings.most_sequences, settings.check_every, settings.tests)
    points = sweep(
        run,
        [
            (f"{steps} steps, {way}", Rows(steps, missing, masked))
            for steps in settings.steps
            for way, (missing, masked) in ways.items()
        ],
        lambda rows, label, rng: train(case, rows, most, run, label, rng),
    )
    rows = by_way(points, list(ways))
    answer = (
        _compared(rows, MASKED, "padding with a mask", DROPPED, "dropping incomplete rows")
        + "; "
        + _compared(rows, MARKED, "padding without a mask", DROPPED, "dropping")
        + f"; with rows of {max(settings.steps)} time steps, dropping leaves "
        f"{settings.length - max(settings.steps) + 1} of the {settings.length - 1} rows of a "
        f"sequence, and no answer to the others; {solved_text(points, 'setting')}."
    )
    panels = _panels(rows, "row length (time steps)", settings.steps)
    return outcome(updates_table("rows", points), points, answer, panels, run.seed)


# ---- lag-whole ---------------------------------------------------------------------------------

BEFORE = "padded before, masked"
BEHIND = "padded after, masked"
UNMASKED = "padded before, not masked"


@dataclass(frozen=True)
class WholeSettings:
    """lengths: integers of a sequence, and the steps of its rows; window: steps of the rows that
    the whole sequences are compared with. For the others see Case and Limits.
    """

    lengths: tuple[int, ...] = (10, 20, 40)
    window: int = 5
    n_values: int = 25
    units: int = 25
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        if not 2 <= self.window <= min(self.lengths):
            raise ValueError(
                "expected a window of at least 2 steps and lengths of at least as many, received "
                f"window={self.window} lengths={self.lengths}"
            )


def run_whole(settings: WholeSettings, run: Run) -> Outcome:
    """Sequences needed with everything so far as context, padded, and with a window."""
    window = f"window of {settings.window}, masked"
    most = (settings.most_sequences, settings.check_every, settings.tests)

    def ways(length: int) -> dict[str, Rows]:
        return {
            window: Rows(settings.window, MASK_VALUE, masked=True),
            BEFORE: Rows(length, MASK_VALUE, masked=True),
            BEHIND: Rows(length, MASK_VALUE, masked=True, behind=True),
            UNMASKED: Rows(length, MASK_VALUE),
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
    rows = by_way(points, [window, BEFORE, BEHIND, UNMASKED])
    done = sum(point.solved for point in rows[BEFORE])
    answer = (
        f"with the whole sequence so far, padded before and masked, {done} of "
        f"{len(settings.lengths)} lengths were learned; "
        + _compared(rows, BEFORE, "it", window, f"a window of {settings.window} steps")
        + "; "
        + _compared(rows, BEHIND, "padding after the values", BEFORE, "padding before them")
        + " (with a mask the two are the same task); "
        + _compared(rows, UNMASKED, "leaving out the mask", BEFORE, "masking")
        + f"; {solved_text(points, 'setting')}."
    )
    panels = _panels(rows, "sequence length (time steps)", settings.lengths)
    return outcome(updates_table("rows", points), points, answer, panels, run.seed)


LAG_MASKED = Experiment(
    name="lag-masked",
    summary="echo of t-1 with missing time steps: rows dropped, padded with -1, or masked",
    shows="Masked time steps are skipped; without a mask, the padding of -1 is read like a value.",
    published=EXERCISE,
    settings=MaskedSettings(),
    headline=solved_headline,
    run=run_masked,
    group="exercises",
    takes=5,
)
LAG_WHOLE = Experiment(
    name="lag-whole",
    summary="echo of t-1 with the whole sequence so far as context, padded and masked",
    shows=(
        "No window length has to be chosen, but there is more and more to read before the answer. "
        "The mask skips the padding on either side, so padding before and after the values is the "
        "same task, and any difference between them is due to chance."
    ),
    published=EXERCISE,
    settings=WholeSettings(),
    headline=solved_headline,
    run=run_whole,
    group="exercises",
    takes=11,
)
PADDING_EXERCISES = (LAG_MASKED, LAG_WHOLE)
