"""Formats the figures as Markdown tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from bench.compare.figures import OURS, Figure, Table, Verdict, times


def markdown(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Formats a Markdown table whose first row is the head; `right` marks right-aligned columns."""
    lines = [rows[0], ["---:" if r else "---" for r in right], *rows[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def amount(value: float, unit: str) -> str:
    """Formats a time in a suitable unit; another amount in its own unit."""
    if unit != "s":
        return f"{value:.3g} {unit}"
    for factor, name in ((1e6, "µs"), (1e3, "ms")):
        scaled = value * factor
        if scaled < 1000:
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{scaled:.{digits}f} {name}"
    return f"{value:.2f} s"


def libraries(figures: Sequence[Figure]) -> list[str]:
    """Returns all libraries in the figures, echocell first."""
    return list(dict.fromkeys([OURS, *(name for figure in figures for name in figure.amounts)]))


def table_text(table: Table, figures: Sequence[Figure], sgemm: dict[int, float]) -> str:
    """Formats one table with its description, its targets, and the libraries with wrong answers."""
    names = libraries(figures)
    many = len({figure.threads for figure in figures}) > 1
    rates = any(figure.rate for figure in figures)
    notes = any(figure.note for figure in figures)
    head = ["case", *(["threads"] if many else []), *names]
    head += ["GF/s", "of sgemm"] if rates else []
    rows = [head + (["note"] if notes else [])]
    for figure in figures:
        row = [figure.case, *([str(figure.threads)] if many else [])]
        row += [_cell(figure, name, table.unit) for name in names]
        row += _rates(figure, sgemm) if rates else []
        rows.append(row + ([figure.note] if notes else []))
    right = [False, *[True] * (len(head) - 1), *([False] if notes else [])]
    lines = [f"### {table.title}", "", f"Cases: {table.legend}.", "", markdown(rows, right), ""]
    lines += [_sentence(table, verdict) for verdict in table.verdicts(figures)]
    lines += [f"- {text}" for text in _wrong(figures)]
    return "\n".join(lines)


def _cell(figure: Figure, name: str, unit: str) -> str:
    """Formats a cell such as "812 µs (54×) †": amount, multiple of echocell's, wrong answer."""
    if name not in figure.amounts:
        return "–"
    text = amount(figure.amounts[name], unit)
    ratio = figure.ratio((name,))
    if name != OURS and ratio is not None:
        text += f" ({times(ratio)})"
    return text + (" †" if figure.is_wrong(name) else "")


def _rates(figure: Figure, sgemm: dict[int, float]) -> list[str]:
    if figure.rate is None:
        return ["–", "–"]
    whole = sgemm.get(figure.threads)
    return [f"{figure.rate:.0f}", f"{figure.rate / whole:.0%}" if whole else "–"]


def _sentence(table: Table, verdict: Verdict) -> str:
    about = [verdict.work.removeprefix(table.title).lstrip(", "), verdict.against]
    text = (
        f"- {', '.join(part for part in about if part not in ('', '–')) or OURS}: {verdict.result}"
    )
    if verdict.met is None:
        return text
    return f"{text}; target {verdict.target}: {'met' if verdict.met else 'not met'}"


def _wrong(figures: Sequence[Figure]) -> Iterator[str]:
    for name in libraries(figures):
        wrong = [figure for figure in figures if figure.is_wrong(name)]
        if wrong:
            listed = ", ".join(f"{f.case} ({f.errors[name]:.0e})" for f in wrong)
            yield f"† {name} did not give the right answer: {listed}"
    errors = [e for f in figures for name, e in f.errors.items() if not f.is_wrong(name)]
    if errors:
        yield f"all other checked answers are correct to {max(errors):.0e}, relative"


def summary(verdicts: Sequence[Verdict]) -> str:
    """Formats all targets in one table."""
    rows = [["work", "against", "reached", "target", "met"]]
    for v in verdicts:
        met = "–" if v.met is None else "yes" if v.met else "no"
        rows.append([v.work, v.against, v.result, v.target, met])
    return markdown(rows, [False, False, True, True, False])


def record(
    figures: Sequence[Figure],
    tables: Sequence[Table],
    verdicts: Sequence[Verdict],
    about: dict[str, Any],
) -> dict[str, Any]:
    """Returns the content of the JSON file: date, machine, versions, command, figures, verdicts."""
    return {
        **about,
        "unit": "seconds per unit of work, and megabytes of the wheel",
        "tables": [asdict(table) for table in tables],
        "figures": [{**asdict(f), "rate": f.rate} for f in figures],
        "verdicts": [asdict(v) for v in verdicts],
    }
