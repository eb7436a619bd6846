"""Tasks 6a and 6b: the order of two or three symbols that are far apart in noise.

The criterion is a mean error below 0.1, and no error above 0.3 at any output in 2000 sequences.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import TestedSettings, chrono_lstm, paper_experiment
from echocell.experiments.paper_1997.network import Network1997
from echocell.experiments.paper_1997.networks import NETWORK_6A, NETWORK_6B
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.recipes import run_task, task_by_errors, within
from echocell.experiments.run.running import Run
from echocell.experiments.run.trials import PaperRow
from echocell.tasks import temporal_order

# The minimum number of steps of a sequence.
STEPS = 100
SYMBOLS = len(temporal_order.SYMBOLS)


def run_temporal_order(
    generate: Callable[[int, Any], Any],
    classes: int,
    row: PaperRow,
    old: Callable[[TestedSettings], tuple[Network1997, int, int]],
    settings: TestedSettings,
    run: Run,
) -> Outcome:
    """Runs trials of a task.

    Args:
        generate: draws sequences.
        classes: the number of classes.
        row: the row of the paper.
        old: returns the network of 1997, its limit of sequences, and the sequences between tests.
        settings: the settings.
        run: the run that measures the trainings.
    """
    task = task_by_errors(generate, settings.tests, within(0.1, 0.3), [row])
    network, most, check_every = old(settings)
    recipe = network.recipe(lambda: network.build(SYMBOLS, classes), row, most, check_every)
    ours = chrono_lstm(settings, STEPS, SYMBOLS, classes, "softmax")
    return run_task(settings, run, task, ours, recipe)


_SETTINGS = TestedSettings(
    units=16, learning_rate=0.005, batch_size=4, most_sequences=62_000, check_every=500
)
_TAKEAWAY = "What is kept determines what the next relevant symbol means: the order is learned."

TEMPORAL_ORDER = paper_experiment(
    "temporal-order",
    "classify the order of two symbols that are far apart in noise (task 6a of 1997)",
    takeaway=_TAKEAWAY,
    figure="31,390 sequences",
    where="section 5.6, table 9",
    settings=_SETTINGS,
    run=partial(
        run_temporal_order,
        temporal_order.generate_6a,
        len(temporal_order.CLASSES_6A),
        published.TASK_6A,
        lambda settings: (NETWORK_6A, 5 * settings.most_sequences, 1000),
    ),
    takes=5,
)
TEMPORAL_ORDER_3 = paper_experiment(
    "temporal-order-3",
    "classify the order of three symbols that are far apart in noise (task 6b of 1997)",
    takeaway=_TAKEAWAY,
    figure="571,100 sequences",
    where="section 5.6, table 9",
    settings=_SETTINGS,
    run=partial(
        run_temporal_order,
        temporal_order.generate_6b,
        len(temporal_order.CLASSES_6B),
        published.TASK_6B,
        lambda settings: (NETWORK_6B, 20 * settings.most_sequences, 5000),
    ),
    takes=80,
)
