"""The task of the echo exercises and its training.

From Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section
"Extensions": longer sequences, larger alphabets, other optimizers, larger batches. Unless an
exercise varies it, the task is that of the experiment `echo`: return the third of five integers
between 0 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.sweep import Draw, train_until_correct
from echocell.experiments.tutorials.echo import build
from echocell.optimizers import SGD
from echocell.tasks import echo
from echocell.tasks.encoding import Floats


@dataclass(frozen=True)
class Case:
    """An echo task and its training.

    Attributes:
        length: integers in a sequence.
        n_values: number of different integers.
        out_index: position of the integer that is the answer.
        units: units of the LSTM.
        batch_size: sequences per update.
        learning_rate: that of SGD; 0 for Adam with its defaults.
        momentum: that of SGD.
        bias: the initializer of the LSTM's bias.
    """

    length: int = 5
    n_values: int = 10
    out_index: int = 2
    units: int = 25
    batch_size: int = 1
    learning_rate: float = 0.0
    momentum: float = 0.0
    bias: str = "zeros"


@dataclass(frozen=True)
class Limits:
    """The limits of a training.

    Attributes:
        most_samples: sequences after which it is stopped.
        check_every: sequences between tests (at least one update).
        tests: test sequences, all of which have to be answered correctly.
        data: size of the data set to train on; 0 for new sequences in every update.
    """

    most_samples: int
    check_every: int
    tests: int
    data: int = 0


def train(case: Case, limits: Limits, run: Run, label: str, rng: np.random.Generator) -> Result:
    """Trains a case until every test answer is correct; returns a Point's fields but its label."""
    model = build(case.length, case.n_values, case.units, case.bias)
    if case.learning_rate > 0:
        optimizer = SGD(case.learning_rate, momentum=case.momentum)
        model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    shape = (case.length, case.n_values, case.out_index)

    def draw(count: int) -> tuple[Floats, Floats]:
        return echo.generate_examples(count, *shape, rng=rng)

    return train_until_correct(
        model,
        _shuffled(*draw(limits.data), rng) if limits.data > 0 else draw,
        draw(limits.tests),
        run,
        label=label,
        most_updates=max(1, limits.most_samples // case.batch_size),
        check_every=max(1, limits.check_every // case.batch_size),
        batch_size=case.batch_size,
    )


def _shuffled(x: Floats, y: Floats, rng: np.random.Generator) -> Draw:
    """Returns a function that draws from a data set, pass by pass, each in a new order."""
    left = np.empty(0, np.int64)

    def draw(count: int) -> tuple[Floats, Floats]:
        nonlocal left
        while len(left) < count:
            left = np.concatenate([left, rng.permutation(len(x))])
        chosen, left = left[:count], left[count:]
        return x[chosen], y[chosen]

    return draw
