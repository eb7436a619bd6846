"""echo-sgd: the updates needed with each learning rate and momentum of SGD, against Adam."""

from __future__ import annotations

from dataclasses import dataclass

from echocell.experiments.exercises.echo_task import Case, Limits, train
from echocell.experiments.run.experiment import Outcome
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.sweep import exercise, sweep, sweep_outcome, updates_table
from echocell.experiments.run.sweep_plot import Panel


@dataclass(frozen=True)
class SgdSettings(Settings):
    """Settings of echo-sgd.

    Attributes:
        rates: the varied learning rates of SGD.
        momenta: the varied momenta of SGD.
        most_samples: sequences after which a training is stopped.
        check_every: sequences between tests.
        tests: test sequences.
    """

    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    momenta: tuple[float, ...] = (0.0, 0.5, 0.9, 0.99)
    most_samples: int = 50_000
    check_every: int = 500
    tests: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.rates) <= 0 or not 0 <= min(self.momenta) <= max(self.momenta) < 1:
            raise ValueError(
                "expected rates above 0 and momenta of at least 0 and below 1, received "
                f"rates={self.rates} momenta={self.momenta}"
            )


def run_sgd(settings: SgdSettings, run: Run) -> Outcome:
    """Trains with Adam, and with SGD at each learning rate and momentum."""
    limits = Limits(settings.most_samples, settings.check_every, settings.tests)
    grid = [
        (f"SGD, rate {rate:g}, momentum {momentum:g}", Case(learning_rate=rate, momentum=momentum))
        for momentum in settings.momenta
        for rate in settings.rates
    ]
    points = sweep(
        run,
        [("Adam", Case()), *grid],
        lambda case, label, rng: train(case, limits, run, label, rng),
    )
    adam, *others = points
    solved = [point for point in others if point.solved]
    answer = (
        f"no setting of SGD in the grid learned the task within {settings.most_samples:,} updates; "
        f"Adam needed {adam.updates_text}"
    )
    if solved:
        best = min(solved, key=lambda p: p.updates)
        answer = (
            f"the fastest setting of SGD was rate {best.label.removeprefix('SGD, rate ')} with "
            f"{best.updates:,} updates; Adam needed {adam.updates_text}; {len(solved)} of "
            f"{len(others)} settings of SGD learned the task"
        )
    columns = len(settings.rates)
    rows = {
        f"momentum {momentum:g}": others[k * columns : (k + 1) * columns]
        for k, momentum in enumerate(settings.momenta)
    }
    panel = Panel.updates(rows, "learning rate", settings.rates)
    panels = [panel.with_line("Adam, rate 0.001", float(adam.updates))]
    return sweep_outcome(updates_table("optimizer", points), points, answer + ".", panels, run.seed)


ECHO_SGD = exercise(
    "echo-sgd",
    "echo with SGD over a grid of learning rates and momenta: does it match Adam?",
    takeaway="SGD needs a suitable learning rate and momentum; Adam is used with its defaults.",
    settings=SgdSettings(),
    run=run_sgd,
    takes=3,
)
