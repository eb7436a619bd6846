"""Tasks 4 and 5: the sum or the product of two marked numbers in a long sequence."""

from __future__ import annotations

from dataclasses import replace

from echocell.experiments.paper_1997 import published
from echocell.experiments.paper_1997.common import LongSettings, chrono_lstm, paper_experiment
from echocell.experiments.paper_1997.networks import NETWORK_4, NETWORK_5
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.recipes import run_task, task_by_errors, within
from echocell.experiments.run.running import Run
from echocell.experiments.run.trials import PaperRow
from echocell.tasks import adding


def run_adding(settings: LongSettings, run: Run) -> Outcome:
    """Runs trials of task 4.

    The criterion is a mean error below 0.01, and no error above 0.04 in 2000 sequences.
    """
    length, most = settings.length, settings.most_sequences
    paper = [
        PaperRow(f"2 blocks of 2, T = {steps}", sequences)
        for steps, sequences in published.TASK_4.items()
        if steps == length
    ]
    task = task_by_errors(
        lambda count, rng: adding.generate_adding(count, length, rng),
        settings.tests,
        within(0.01, 0.04),
        paper,
    )
    long = length > 100  # a trial of the old recipe takes minutes
    old = [
        NETWORK_4.recipe(
            lambda: NETWORK_4.build(2, 1),
            row,
            most if long else 2 * most,
            check_every=2000,
            trials=2 if long else None,
        )
        for row in paper
    ]
    return run_task(settings, run, task, chrono_lstm(settings, length, 2, 1, "linear"), *old)


def run_multiplication(settings: LongSettings, run: Run) -> Outcome:
    """Runs trials of task 5; the criterion is an error above 0.04 in fewer than 13 of 2000."""
    paper = published.TASK_5.get(settings.length, ())
    task = task_by_errors(
        lambda count, rng: adding.generate_multiplication(count, settings.length, rng),
        settings.tests,
        lambda errors: bool((~(errors <= 0.04)).sum() < 13 / 2000 * settings.tests),
        paper,
    )
    old = [
        NETWORK_5.recipe(lambda: NETWORK_5.build(2, 1), row, 3 * settings.most_sequences, 5000)
        for row in paper[-1:]
    ]
    ours = chrono_lstm(settings, settings.length, 2, 1, "linear")
    return run_task(settings, run, task, ours, *old)


_SETTINGS = LongSettings(
    units=32, learning_rate=0.003, batch_size=8, most_sequences=148_000, check_every=1000
)
ADDING = paper_experiment(
    "adding",
    "add the two marked numbers among a hundred (task 4 of 1997)",
    takeaway="Two real numbers have to be kept precisely, among others, for up to a hundred steps.",
    figure="74,000 sequences",
    where="section 5.4, table 7",
    settings=_SETTINGS,
    run=run_adding,
    takes=20,
)
ADDING_500 = paper_experiment(
    "adding-500",
    "add the two marked numbers among five hundred (task 4 of 1997)",
    takeaway="The same task over five times as many steps: more noise to ignore, no more to keep.",
    figure="209,000 sequences",
    where="section 5.4, table 7",
    settings=replace(_SETTINGS, length=500, check_every=2500, most_sequences=418_000),
    run=run_adding,
    takes=105,
)
ADDING_1000 = paper_experiment(
    "adding-1000",
    "add the two marked numbers among a thousand (task 4 of 1997)",
    takeaway="The same task over ten times as many steps: more noise to ignore, no more to keep.",
    figure="853,000 sequences",
    where="section 5.4, table 7",
    settings=replace(_SETTINGS, length=1000, check_every=5000, most_sequences=850_000),
    run=run_adding,
    takes=300,
)
MULTIPLICATION = paper_experiment(
    "multiplication",
    "multiply the two marked numbers among a hundred (task 5 of 1997)",
    takeaway="The values kept in cells need not only add up: the network learns their product.",
    figure="1,273,000 sequences",
    where="section 5.5, table 8",
    settings=replace(_SETTINGS, check_every=2000, most_sequences=500_000),
    run=run_multiplication,
    takes=210,
)
