"""Runs an experiment over seeds, writes its picture and its JSON file, returns a report."""

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
from echocell._common.files import atomic_draft
from echocell.experiments.run.experiment import Experiment, Outcome
from echocell.experiments.run.journal import Journal
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import as_dict
from echocell.experiments.run.statistics import Statistic
from echocell.utils import set_random_seed


@dataclass(frozen=True)
class Record:
    """One run: its seed, its figures, and the updates and seconds of its trainings."""

    seed: int
    figures: dict[str, float]
    perfect: bool | None
    updates: int
    seconds: float


@dataclass
class Report:
    """An experiment over one or more runs.

    Attributes:
        experiment: the experiment.
        settings: its settings.
        records: one record for each run.
        notes: the notes of the first run.
        table: the table of the first run.
        picture: the file of the picture; None if none was written.
        results: the JSON file; None if none was written.
        journal: the results of finished pieces, on disk until it is removed.
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
        """The updates of all runs."""
        return sum(record.updates for record in self.records)

    @property
    def seconds(self) -> float:
        """The time of all trainings in all runs."""
        return sum(record.seconds for record in self.records)

    @property
    def updates_per_second(self) -> float:
        """The rate over the time of all trainings; 0 without a training."""
        return self.updates / self.seconds if self.seconds > 0 else 0.0

    @property
    def statistics(self) -> dict[str, Statistic]:
        """The statistic of each figure over the runs."""
        return {
            name: Statistic.of([record.figures[name] for record in self.records])
            for name in self.records[0].figures
        }

    @property
    def perfect_share(self) -> float | None:
        """The share of the runs without a mistake, 0..1; None where that does not apply."""
        perfect = [record.perfect for record in self.records]
        if any(value is None for value in perfect):
            return None
        return sum(bool(value) for value in perfect) / len(perfect)

    @property
    def ours(self) -> str:
        """The text of the column "ours" of the summary."""
        return self.experiment.headline(self.statistics)

    def as_json(self) -> dict[str, Any]:
        """Returns the contents of the JSON file."""
        published = self.experiment.published
        return {
            "experiment": self.experiment.name,
            "takeaway": self.experiment.takeaway,
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

    Args:
        experiment: the experiment.
        settings: an instance of the experiment's settings; its defaults if None.
        seed: the seed of the first run.
        runs: the number of runs.
        out: the folder for NAME.json and NAME.png (the picture of the first run), which is made if
            it does not exist; None writes no files. Without matplotlib no picture is drawn.
        quiet: show no progress bar.
        resume: continue an interrupted call with the same settings. The results of finished pieces
            are in NAME.partial.jsonl until the experiment is finished.
        keep_journal: keep NAME.partial.jsonl until the caller removes the journal of the report.

    Returns:
        The report over all runs.

    Raises:
        ValueError: if `runs` or `seed` is out of range.
        JournalError: if resume is set and NAME.partial.jsonl is of another run or damaged.
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
    """Returns the versions of echocell, NumPy and Python."""
    return {
        "echocell": version("echocell"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _run_once(report: Report, run: Run) -> Outcome:
    set_random_seed(run.seed)
    outcome = report.experiment.run(report.settings, run)
    report.records.append(
        Record(run.seed, dict(outcome.figures), outcome.perfect, run.updates, run.seconds)
    )
    return outcome


def picture_title(experiment: Experiment[Any], ours: str, seed: int) -> str:
    """Returns the lines above a picture: the task, the figures, the takeaway."""
    return (
        f"{experiment.name}: {experiment.summary}\n"
        f"Published: {experiment.published.figure}. Ours: {ours} (seed {seed}).\n"
        f"{experiment.takeaway}"
    )


def _draw(report: Report, outcome: Outcome, out: Path | None) -> Path | None:
    if out is None or not plotting.available():
        return None
    experiment = report.experiment
    title = picture_title(experiment, report.ours, report.records[0].seed)
    path = out / f"{experiment.name}.png"
    out.mkdir(parents=True, exist_ok=True)
    figure = outcome.draw(title)
    with atomic_draft(path) as temporary:
        plotting.save(figure, temporary)
    return path


def _run_as_json(record: Record) -> dict[str, Any]:
    rate = record.updates / record.seconds if record.seconds > 0 else 0.0
    return {**vars(record), "updates_per_second": rate}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_draft(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _finite(content: Any) -> Any:
    """Returns the content with None in place of NaN and infinity, which JSON lacks."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
