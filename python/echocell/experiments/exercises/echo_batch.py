"""echo-batch: the updates, samples and seconds needed with each batch size."""

from __future__ import annotations

from dataclasses import dataclass

from echocell.experiments.exercises.echo_task import Case, Limits, train
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import (
    exercise,
    solved_text,
    sweep,
    sweep_outcome,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel


@dataclass(frozen=True)
class BatchSettings(Settings):
    """Settings of echo-batch.

    Attributes:
        batch_sizes: the varied sequences per update.
        data: sequences of the data set.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences.
    """

    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    data: int = 20_000
    most_samples: int = 500_000
    check_every: int = 500
    tests: int = 500


def run_batch(settings: BatchSettings, run: Run) -> Outcome:
    """Trains with each batch size on one data set."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests, settings.data)
    points = sweep(
        run,
        [(f"batch size {size}", size) for size in settings.batch_sizes],
        lambda size, label, rng: train(Case(batch_size=size), limits, run, label, rng),
    )
    answer = f"{solved_text(points, 'batch size')}."
    solved = [point for point in points if point.solved]
    if solved:
        samples = min(solved, key=lambda p: p.samples)
        updates = min(solved, key=lambda p: p.updates)
        fastest = min(solved, key=lambda p: p.seconds)
        answer = (
            f"the fewest samples ({samples.samples:,}) were needed with {samples.label}, the "
            f"fewest updates ({updates.updates:,}) with {updates.label}, and the least time "
            f"({fastest.seconds:.2f} s) with {fastest.label}; {answer}"
        )
    x, axis = settings.batch_sizes, "batch size"
    panels = [
        Panel.updates(points, axis, x),
        Panel.of("samples read in training", points, axis, x, of=lambda p: float(p.samples)),
        Panel.seconds(points, axis, x),
    ]
    return sweep_outcome(updates_table("training", points), points, answer, panels, run.seed)


ECHO_BATCH = exercise(
    "echo-batch",
    "echo from one data set with batch sizes of 1 to 256: updates, samples and seconds",
    takeaway="Larger batches need fewer updates but more samples; the fastest size is measured.",
    settings=BatchSettings(),
    run=run_batch,
    takes=2,
)
