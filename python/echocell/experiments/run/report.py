"""Runs an experiment over seeds, writes its picture and its JSON file, and sums it up in text."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from echocell import plotting
from echocell._common import terminal
from echocell._common.files import written_beside
from echocell.experiments.run.base import Experiment, Outcome, Run
from echocell.experiments.run.journal import Journal
from echocell.experiments.run.settings import as_dict
from echocell.experiments.run.statistics import Statistic
from echocell.utils import set_random_seed


@dataclass(frozen=True)
class Record:
    """One run: its seed, its figures, and the cost of its training."""

    seed: int
    figures: dict[str, float]
    perfect: bool | None
    updates: int
    seconds: float


@dataclass
class Report:
    """An experiment over one or more runs. notes, table: of the first. picture, results: the files
    written, or None. journal: what the runs are made of, on disk until it is removed.
    """

    experiment: Experiment[Any]
    settings: Any
    records: list[Record] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    table: Sequence[Sequence[str]] = ()
    picture: Path | None = None
    results: Path | None = None
    journal: Journal = field(default_factory=lambda: Journal(None, {}))

    @property
    def updates(self) -> int:
        """Over all runs."""
        return sum(record.updates for record in self.records)

    @property
    def seconds(self) -> float:
        """Of training alone, over all runs."""
        return sum(record.seconds for record in self.records)

    @property
    def updates_per_second(self) -> float:
        """Of training alone."""
        return self.updates / self.seconds if self.seconds > 0 else 0.0

    @property
    def statistics(self) -> dict[str, Statistic]:
        """Every figure over the runs."""
        return {
            name: Statistic.of([record.figures[name] for record in self.records])
            for name in self.records[0].figures
        }

    @property
    def perfect_share(self) -> float | None:
        """Share of the runs without a mistake, 0..1; None where that has no meaning."""
        perfect = [record.perfect for record in self.records]
        if any(value is None for value in perfect):
            return None
        return sum(bool(value) for value in perfect) / len(perfect)

    @property
    def ours(self) -> str:
        """The column "ours" of the table."""
        return self.experiment.headline(self.statistics)

    def as_json(self) -> dict[str, Any]:
        """Everything that is worth keeping, as JSON can hold it."""
        published = self.experiment.published
        return {
            "experiment": self.experiment.name,
            "shows": self.experiment.shows,
            "published": {"figure": published.figure, "source": published.source},
            "ours": self.ours,
            "settings": as_dict(self.settings),
            "versions": versions(),
            "runs": [_run_as_json(record) for record in self.records],
            "statistics": {name: vars(value) for name, value in self.statistics.items()},
            "perfect_share": self.perfect_share,
            "updates": self.updates,
            "seconds": self.seconds,
            "updates_per_second": self.updates_per_second,
            "notes": list(self.notes),
            "table": [list(row) for row in self.table],
            "picture": self.picture.name if self.picture else None,
        }


def run_experiment(
    experiment: Experiment[Any],
    *,
    settings: Any = None,
    seed: int = 7,
    runs: int = 1,
    out: Path | None = None,
    quiet: bool = True,
    resume: bool = False,
    keep_journal: bool = False,
) -> Report:
    """Runs an experiment `runs` times, with the seeds seed, seed + 1, ...

    settings: an instance of the experiment's settings, its defaults if None.
    out: the folder for NAME.json and NAME.png (the first run's picture), made where it is missing;
        None writes nothing. Without matplotlib there is no picture.
    quiet: no progress bar.
    resume: go on where an earlier call with the same settings was interrupted: experiments of
        several trainings keep those that are done in NAME.partial.jsonl until the end.
    keep_journal: keep them longer: until the caller removes the report's journal.
    """
    if runs < 1:
        raise ValueError(f"run_experiment: expected at least 1 run, received {runs}")
    if not 0 <= seed <= 2**32 - runs:
        raise ValueError(f"run_experiment: expected seed 0..{2**32 - runs}, received {seed}")
    report = Report(experiment, experiment.settings if settings is None else settings)
    journal = report.journal = _journal(report, out, resume)
    for index in range(runs):
        label = experiment.name if runs == 1 else f"{experiment.name} (run {index + 1} of {runs})"
        run = Run(seed + index, label=label, quiet=quiet, leave=runs == 1, journal=journal)
        outcome = _run_once(report, run)
        if index == 0:
            report.notes = outcome.notes
            report.table = outcome.table
            report.picture = _draw(report, outcome, out)
    if out is not None:
        report.results = out / f"{experiment.name}.json"
        _write(report.results, report.as_json())
    if not keep_journal:
        journal.remove()
    return report


def _journal(report: Report, out: Path | None, resume: bool) -> Journal:
    name = report.experiment.name
    head = {
        "experiment": name,
        "settings": as_dict(report.settings),
        "echocell": versions()["echocell"],
    }
    return Journal(None if out is None else out / f"{name}.partial.jsonl", head, resume=resume)


def versions() -> dict[str, str]:
    """What the figures were made with."""
    return {
        "echocell": version("echocell"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def table(reports: Sequence[Report]) -> str:
    """The table at the end: one row per experiment."""
    heads = ("experiment", "published", "ours", "updates/s", "seconds", "picture")
    rows = [
        (
            report.experiment.name,
            report.experiment.published.figure,
            report.ours,
            f"{report.updates_per_second:,.0f}",
            f"{report.seconds:.2f}",
            "-" if report.picture is None else report.picture.name,
        )
        for report in reports
    ]
    return terminal.table(heads, rows, right=(3, 4))


def with_one_table(reports: Sequence[Report]) -> list[Report]:
    """Those whose tables have the same heads, where there are several: trials."""
    heads = [tuple(report.table[0]) if report.table else () for report in reports]
    return [
        report for report, own in zip(reports, heads, strict=True) if own and heads.count(own) > 1
    ]


def joined_table(reports: Sequence[Report]) -> str:
    """The tables of several experiments, one below the other; all have the heads of the first."""
    heads = ["experiment", *reports[0].table[0]]
    rows = []
    for report in reports:
        for index, row in enumerate(report.table[1:]):
            rows.append([report.experiment.name if index == 0 else "", *row])
    return terminal.table(heads, rows, right=range(2, len(heads)))


def spread_table(reports: Sequence[Report]) -> str:
    """Every figure over several runs: mean ± sd, least, greatest, share of perfect runs."""
    heads = ("experiment", "figure", "mean ± sd", "min", "max", "perfect runs")
    rows = []
    for report in reports:
        share = report.perfect_share
        perfect = "-" if share is None else f"{100 * share:.0f} % of {len(report.records)}"
        rows += [
            (
                report.experiment.name,
                name,
                statistic.text(2),
                f"{statistic.minimum:.2f}",
                f"{statistic.maximum:.2f}",
                perfect,
            )
            for name, statistic in report.statistics.items()
        ]
    return terminal.table(heads, rows, right=(2, 3, 4, 5))


def _run_once(report: Report, run: Run) -> Outcome:
    set_random_seed(run.seed)
    outcome = report.experiment.run(report.settings, run)
    report.records.append(
        Record(run.seed, dict(outcome.figures), outcome.perfect, run.updates, run.seconds)
    )
    return outcome


def picture_title(experiment: Experiment[Any], ours: str, seed: int) -> str:
    """Returns the lines above a picture: the task, the figures, and what is to be seen."""
    return (
        f"{experiment.name}: {experiment.summary}\n"
        f"Published: {experiment.published.figure}. Ours: {ours} (seed {seed}).\n"
        f"{experiment.shows}"
    )


def _draw(report: Report, outcome: Outcome, out: Path | None) -> Path | None:
    if out is None or not plotting.available():
        return None
    experiment = report.experiment
    title = picture_title(experiment, report.ours, report.records[0].seed)
    path = out / f"{experiment.name}.png"
    out.mkdir(parents=True, exist_ok=True)
    figure = outcome.draw(title)
    with written_beside(path) as temporary:
        plotting.save(figure, temporary)
    return path


def _run_as_json(record: Record) -> dict[str, Any]:
    rate = record.updates / record.seconds if record.seconds > 0 else 0.0
    return {**vars(record), "updates_per_second": rate}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    with written_beside(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _finite(content: Any) -> Any:
    """The same with None where a number is none, or infinite: JSON has no word for these."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
