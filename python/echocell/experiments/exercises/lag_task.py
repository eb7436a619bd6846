"""The model and the training of the lag exercises.

From Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section
"Extensions": return an earlier integer of a sequence.

Legend: B samples, V = n_values, S sequences, N rows of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from echocell.experiments.run.journal import Result
from echocell.experiments.run.point import Point, Rows
from echocell.experiments.run.running import Run
from echocell.experiments.run.sweep import train_until_correct
from echocell.experiments.run.sweep_plot import Panel
from echocell.layers import LSTM, Dense, Input, Masking, TimeDistributed
from echocell.models import Sequential
from echocell.tasks.encoding import Floats

# Draws the given number of sequences: x and one-hot answers y, N samples of each sequence.
Generate = Callable[[int], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Limits:
    """The limits of a training.

    Attributes:
        most_sequences: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences, all answers to which have to be correct.
        batch: samples per update.
        reset_every: as for `train_until_correct`.
    """

    most_sequences: int
    check_every: int
    tests: int
    batch: int
    reset_every: int = 0


def build(
    steps: int,
    n_values: int,
    units: int,
    *,
    carried: int = 0,
    per_step: bool = False,
    mask: float | None = None,
) -> Sequential:
    """Returns a compiled model: one-hot [B, steps, V] -> probabilities of the values [B, V].

    Args:
        steps: time steps of a sample.
        n_values: V, the number of different integers.
        units: units of the LSTM.
        carried: the batch size of a model that carries its state from batch to batch; 0 for one
            that does not.
        per_step: whether there is an output at every step, [B, steps, V].
        mask: the value of steps that are skipped; None for no mask.
    """
    model = Sequential()
    model.add(Input(shape=(steps, n_values), batch_size=carried or None))
    if mask is not None:
        model.add(Masking(mask_value=mask))
    model.add(LSTM(units, stateful=carried > 0, return_sequences=per_step))
    dense = Dense(n_values, activation="softmax")
    model.add(TimeDistributed(dense) if per_step else dense)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def learn(model: Sequential, generate: Generate, limits: Limits, run: Run, label: str) -> Result:
    """Trains on new sequences until every answer is correct.

    The samples of `limits.check_every` sequences have to fill whole batches.

    Returns:
        The fields of a Point except its label.
    """
    test = generate(limits.tests)
    samples = len(test[0]) // limits.tests
    return train_until_correct(
        model,
        lambda count: generate(max(1, count // samples)),
        test,
        run,
        label=label,
        most_updates=max(1, limits.most_sequences * samples // limits.batch),
        check_every=max(1, limits.check_every * samples // limits.batch),
        batch_size=limits.batch,
        reset_every=limits.reset_every,
    )


def batch_rows(rows: Floats, together: int = 1) -> Floats:
    """Orders rows for batches: [S, N, ...] -> [S * N, ...].

    The first rows of `together` sequences come first, then their second rows, and so on.
    """
    sequences, count, *shape = rows.shape
    groups = rows.reshape(sequences // together, together, count, *shape)
    return np.ascontiguousarray(groups.swapaxes(1, 2)).reshape(sequences * count, *shape)


def learned_of(points: Sequence[Point]) -> str:
    """Returns the number of solved points and the number of points: "3 of 5"."""
    return f"{sum(point.solved for point in points)} of {len(points)}"


def cost_panels(rows: Rows, xlabel: str, x: Sequence[int], *, log_x: bool = True) -> list[Panel]:
    """Returns the panels of updates, time and accuracy, where one update is one sequence."""
    return [
        Panel.of("updates (one sequence each)", rows, xlabel, x, log_x=log_x),
        Panel.seconds(rows, xlabel, x, log_x=log_x),
        Panel.accuracy(rows, xlabel, x, log_x=log_x),
    ]
