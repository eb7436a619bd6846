"""Tables over the reports of several experiments, as text."""

from __future__ import annotations

from collections.abc import Sequence

from echocell._common import terminal
from echocell.experiments.run.report import Report


def summary_table(reports: Sequence[Report]) -> str:
    """Returns one row for each experiment: its published figure and ours."""
    headings = ("experiment", "published", "ours", "updates/s", "seconds", "picture")
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
    return terminal.table(headings, rows, right=(3, 4))


def with_shared_headings(reports: Sequence[Report]) -> list[Report]:
    """Returns the reports whose tables share their headings with another one (trials do)."""
    headings = [tuple(report.table[0]) if report.table else () for report in reports]
    return [
        report
        for report, own in zip(reports, headings, strict=True)
        if own and headings.count(own) > 1
    ]


def joined_table(reports: Sequence[Report]) -> str:
    """Returns the tables of several experiments, all with the headings of the first, as one."""
    headings = ["experiment", *reports[0].table[0]]
    rows = []
    for report in reports:
        for index, row in enumerate(report.table[1:]):
            rows.append([report.experiment.name if index == 0 else "", *row])
    return terminal.table(headings, rows, right=range(2, len(headings)))


def spread_table(reports: Sequence[Report]) -> str:
    """Returns each figure over several runs: mean ± sd, min, max, share of perfect runs."""
    headings = ("experiment", "figure", "mean ± sd", "min", "max", "perfect runs")
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
    return terminal.table(headings, rows, right=(2, 3, 4, 5))
