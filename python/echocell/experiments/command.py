"""The subcommands `echocell list` and `echocell run`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echocell import plotting
from echocell._common import terminal
from echocell._common.usage import UsageError
from echocell.experiments.catalogue import EXPERIMENTS, GROUPS, find, groups
from echocell.experiments.run import settings as settings_of
from echocell.experiments.run.experiment import Experiment
from echocell.experiments.run.journal import JournalError
from echocell.experiments.run.report import Report, run_experiment
from echocell.experiments.run.settings import UnknownNameError
from echocell.experiments.run.tables import (
    joined_table,
    spread_table,
    summary_table,
    with_shared_headings,
)


def list_experiments() -> int:
    """Prints the groups and their experiments; returns the exit code."""
    headings = ("experiment", "task", "published result", "seconds")
    for index, (group, experiments) in enumerate(groups().items()):
        rows = [
            (one.name, one.summary, one.published.figure, _seconds(one.takes))
            for one in experiments
        ]
        heading = terminal.paragraph(f"{group}: {GROUPS[group]}")
        print("\n" * (index > 0) + heading + "\n")
        print(terminal.table(headings, rows, right=(3,)))
    footnote = (
        "seconds: about what one run takes on two cores with AVX-512, without its picture. Other "
        "processors take up to twice as long."
    )
    print("\n" + terminal.paragraph(footnote))
    return 0


def _seconds(takes: float) -> str:
    return "under 1" if takes < 1 else f"{takes:.0f}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `echocell run`."""
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="experiments or groups of experiments, as `echocell list` shows them; `all` stands "
        "for the group tutorials",
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the first run (default: 7)")
    parser.add_argument(
        "--runs",
        type=int,
        default=1,
        help="number of runs of each experiment, with consecutive seeds (default: 1)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("echocell-results"),
        metavar="DIR",
        help="folder for pictures and JSON files (default: ./echocell-results)",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="settings other than the defaults below; each experiment takes those that it has",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print the results without progress bars"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue an interrupted run with the same settings; finished parts are not repeated",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _settings_help()


def _settings_help() -> str:
    """Returns the settings of every experiment with their defaults."""
    width = max(map(len, EXPERIMENTS))
    lines = [
        terminal.paragraph(
            f"{name.ljust(width)}  {settings_of.as_text(one.settings)}",
            indent="  ",
            hanging=" " * (width + 4),
        )
        for name, one in EXPERIMENTS.items()
    ]
    return "\n".join(["settings and defaults:", *lines])


def run(arguments: argparse.Namespace) -> int:
    """Runs the chosen experiments and prints their reports; returns the exit code.

    Raises:
        UsageError: if an argument is wrong.
    """
    chosen = _chosen(arguments.names, arguments.set)
    if arguments.runs < 1:
        raise UsageError(f"--runs: expected at least 1, received {arguments.runs}")
    if not 0 <= arguments.seed <= 2**32 - arguments.runs:
        raise UsageError(f"--seed: expected 0..{2**32 - arguments.runs}, received {arguments.seed}")
    _make_folder(arguments.out)
    try:
        reports = [
            run_experiment(
                experiment,
                settings=settings,
                seed=arguments.seed,
                runs=arguments.runs,
                out=arguments.out,
                quiet=arguments.quiet,
                resume=arguments.resume,
                keep_journal=True,
            )
            for experiment, settings in chosen
        ]
    except JournalError as error:
        raise UsageError(str(error)) from None
    for report in reports:  # before this, --resume finds the finished pieces of all experiments
        report.journal.remove()
    _print_reports(reports, arguments)
    return 0


def _chosen(names: Sequence[str], assignments: Sequence[str]) -> list[tuple[Experiment[Any], Any]]:
    """Returns the experiments and their settings.

    Each experiment takes the assignments of its own settings; an assignment that none of them has
    is an error.
    """
    try:
        experiments = list({one.name: one for name in names for one in _named(name)}.values())
        values = settings_of.parse_assignments(assignments)
        known = {key for one in experiments for key in settings_of.names(one.settings)}
        for key in values:
            if key not in known:
                raise UnknownNameError("setting", key, sorted(known))
        return [
            (one, settings_of.changed(one.settings, _having(values, one.settings)))
            for one in experiments
        ]
    except ValueError as error:
        raise UsageError(str(error)) from None


def _named(name: str) -> list[Experiment[Any]]:
    """Returns the experiment of that name, or the experiments of that group."""
    return groups().get("tutorials" if name == "all" else name) or [find(name)]


def _having(values: dict[str, str], settings: Any) -> dict[str, str]:
    """Returns the assignments of fields of the settings."""
    known = settings_of.names(settings)
    return {key: value for key, value in values.items() if key in known}


def _make_folder(path: Path) -> None:
    """Makes the output folder, before any training."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out: cannot make the folder {path}: {error.strerror}") from None


def _print_reports(reports: Sequence[Report], arguments: argparse.Namespace) -> None:
    """Prints the takeaway and the notes of each report, then the tables."""
    joined = with_shared_headings(reports)
    print()
    for report in reports:
        print(terminal.paragraph(f"{report.experiment.name}: {report.experiment.takeaway}"))
        print(
            terminal.paragraph(f"Published in {report.experiment.published.source}.", indent="  ")
        )
        for note in report.notes:
            print(terminal.paragraph(note, indent="  "))
        if report.table and report not in joined:
            headings, *rows = report.table
            print("\n" + terminal.table(headings, rows, indent="    ") + "\n")
    print()
    if joined:
        print(joined_table(joined), end="\n\n")
    if arguments.runs > 1:
        print(spread_table(reports), end="\n\n")
    if not plotting.available():
        print(
            terminal.paragraph(f"No pictures were drawn: {plotting.MissingPlotExtraError()}"),
            end="\n\n",
        )
    print(f"Pictures and results as JSON: {arguments.out}", end="\n\n")
    print(summary_table(reports))
