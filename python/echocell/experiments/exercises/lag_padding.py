"""Rows with missing time steps: dropped, padded, or padded and masked.

At the beginning of a sequence there are fewer previous integers than a window holds. From Jason
Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section "Extensions".
The answer to a row is the integer before its last one, which every row with an answer contains:
missing steps are never needed. One update trains on the rows of one sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echocell.experiments.exercises.lag_task import Limits, batch_rows, build, learn
from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Rows
from echocell.experiments.run.running import Run
from echocell.experiments.run.sweep import geometric_mean_ratio
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag_rows import to_rows


@dataclass(frozen=True)
class PaddedRows:
    """The form of the rows.

    Attributes:
        steps: time steps of a row.
        missing: the value of missing steps; None drops incomplete rows.
        masked: whether missing steps are skipped.
        behind: whether missing steps follow the others.
    """

    steps: int
    missing: float | None
    masked: bool = False
    behind: bool = False


@dataclass(frozen=True)
class Case:
    """The size of a task and its network.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        units: units of the LSTM.
    """

    length: int
    n_values: int
    units: int


def train(
    case: Case,
    rows: PaddedRows,
    most: tuple[int, int, int],
    run: Run,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains until every row is answered correctly.

    Args:
        case: the size of the task and its network.
        rows: the form of the rows.
        most: most_sequences, check_every and tests of the `Limits`.
        run: the run that measures the training.
        label: the name of the model.
        rng: draws the sequences.

    Returns:
        The fields of a Point except its label.
    """

    def generate(count: int) -> tuple[Floats, Floats]:
        sequences = random_values((count, case.length), case.n_values, rng)
        x, y = to_rows(
            sequences, case.n_values, rows.steps, missing=rows.missing, behind=rows.behind
        )
        return batch_rows(x), batch_rows(y)

    mask = rows.missing if rows.masked else None
    model = build(rows.steps, case.n_values, case.units, mask=mask)
    batch = len(generate(1)[0])
    return learn(model, generate, Limits(*most, batch), run, label)


def compared(rows: Rows, way: str, text: str, other: str, other_text: str) -> str:
    """Returns a sentence on the updates and the time of one way relative to another.

    Args:
        rows: the points of each way.
        way: the compared way.
        text: its name in the sentence.
        other: the way that it is compared with.
        other_text: the name of that way in the sentence.
    """
    updates = geometric_mean_ratio(rows[way], rows[other], lambda p: p.updates)
    seconds = geometric_mean_ratio(rows[way], rows[other], lambda p: p.seconds)
    if np.isnan(updates):
        return f"{text} cannot be compared with {other_text}: nothing was learned in both ways"
    return (
        f"{text} took {updates:.2f} times the updates and {seconds:.2f} times the time of "
        f"{other_text}"
    )
