"""Measures echocell beside PyTorch, Keras and JAX, in one run.

    python bench/compare.py [ROW ...] [--quick] [--threads 1,2] [--out DIR] [--json FILE]

Every library does the same work from the same weights on the same data; its answer is checked, and
then all are timed in turn. Prints Markdown tables with ratios to echocell, the targets and whether
they are met; --out writes them with a JSON file and a picture. Libraries that are not installed are
left out. See bench/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import machine
from context import Context, say
from figures import OURS, Figure, Rate, Table, Verdict
from report import record, summary, table_text

Peers = Mapping[str, Any]
YARDSTICK_SECONDS = 1.5
SGEMM_SHARE = 0.9


@dataclass(frozen=True)
class Row:
    """Some tables that are measured together."""

    tables: Sequence[Table]
    run: Callable[[Context, Peers], Iterator[Figure]]


def rows() -> dict[str, Row]:
    """By name, in the order of the report. Imports echocell."""
    from rows import calls, startup, streaming, train, updates, wrappers

    def cell(name: str) -> Row:
        return Row(train.tables(name), lambda context, _: train.run(context, name))

    return {
        "updates": Row([updates.UPDATES], updates.run_updates),
        "calls": Row(list(calls.TABLES.values()), calls.run),
        "lstm": cell("lstm"),
        "step": Row([streaming.TABLE], lambda context, _: streaming.run(context)),
        "gru": cell("gru"),
        "rnn": cell("rnn"),
        "wrappers": Row(
            [wrappers.WRAPPED, wrappers.MASKED], lambda context, _: wrappers.run(context)
        ),
        "startup": Row([startup.IMPORT, startup.WHEEL], lambda context, _: startup.run(context)),
        "experiments": Row([updates.EXPERIMENTS], updates.run_experiments),
    }


def load() -> Peers:
    """The libraries that learn the small models, as far as they are installed."""
    from peers import PEERS, Reference

    Reference.load()
    found = {}
    for name, peer in PEERS.items():
        try:
            peer.load()
        except ImportError as error:
            say(f"{peer.label}: left out ({error})")
        else:
            found[name] = peer
    return found


def yardsticks(context: Context) -> tuple[dict[int, float], float]:
    """GF/s of sgemm by threads, and GB/s of reading from the second cache."""
    sgemm = {n: machine.sgemm_rate(n, YARDSTICK_SECONDS) for n in {1, *context.threads}}
    reading = machine.reading_rate(YARDSTICK_SECONDS / 2)
    texts = ", ".join(f"{rate:.0f} GF/s on {n} thread(s)" for n, rate in sgemm.items())
    say(f"sgemm: {texts}; dot product from the second cache: {reading:.0f} GB/s")
    return sgemm, reading


def with_rate(table: Table, sgemm: dict[int, float]) -> Table:
    """The train step of the LSTM is held against the machine's own sgemm too."""
    if table.name != "lstm-train":
        return table
    return replace(table, targets=(*table.targets, Rate(sgemm, SGEMM_SHARE)))


def threads(text: str) -> list[int]:
    """The text "1,2" as [1, 2]."""
    counts = sorted({int(part) for part in text.split(",")})
    if counts[0] < 1:
        raise ValueError(text)
    return counts


def parse(names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}; all")
    parser.add_argument("--quick", action="store_true", help="fewer cases, less time for each")
    parser.add_argument(
        "--threads", type=threads, default=[1, 2], help="for rows that take several (1,2)"
    )
    parser.add_argument("--seconds", type=float, help="for a case with two libraries (2.0)")
    parser.add_argument("--cpu-time", action="store_true", help="of the process, on one thread")
    parser.add_argument("--wheel", type=Path, help="to be weighed")
    parser.add_argument("--out", type=Path, help="folder for compare.md, .json and .png")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in names]
    if unknown:
        parser.error(f"expected rows of {', '.join(names)}, received {', '.join(unknown)}")
    if options.wheel is not None and not options.wheel.is_file():
        parser.error(f"--wheel: expected a file, received {options.wheel}")
    if options.seconds is None:
        options.seconds = 0.5 if options.quick else 2.0
    if options.seconds <= 0:
        parser.error("expected --seconds above 0")
    return options


def main() -> int:
    """1 where echocell is measured and its answer is wrong."""
    machine.limit_threads()
    known = rows()
    options = parse(list(known))
    context = Context(
        options.seconds, options.quick, options.threads, options.cpu_time, options.wheel
    )
    peers = load()
    sgemm, reading = yardsticks(context)
    figures: list[Figure] = []
    verdicts: list[Verdict] = []
    tables: list[Table] = []
    texts = []
    for name in options.rows or known:
        measured = list(known[name].run(context, peers))
        figures += measured
        for table in known[name].tables:
            table = with_rate(table, sgemm)
            mine = [figure for figure in measured if figure.table == table.name]
            if mine:
                tables.append(table)
                texts.append(table_text(table, mine, sgemm))
                verdicts += table.verdicts(mine)
    texts.append(f"### Summary\n\n{summary(verdicts)}")
    text = "\n\n".join(texts)
    print(text, flush=True)
    about = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": " ".join(["python", *sys.argv]),
        "machine": machine.describe(),
        "yardsticks": {"sgemm GF/s by threads": sgemm, "reading from L2, GB/s": reading},
        "versions": machine.versions(),
    }
    write(options, text, record(figures, tables, verdicts, about))
    return int(any(figure.is_wrong(OURS) for figure in figures))


def write(options: argparse.Namespace, text: str, found: dict[str, Any]) -> None:
    """The files that were asked for."""
    encoded = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if options.json:
        options.json.write_text(encoded, encoding="utf-8")
    if not options.out:
        return
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "compare.json").write_text(encoded, encoding="utf-8")
    (options.out / "compare.md").write_text(text + "\n", encoding="utf-8")
    if machine.optional("matplotlib") is None:
        say("picture: left out, matplotlib is not installed")
        return
    import matplotlib

    matplotlib.use("Agg")
    from picture import draw

    draw(json.loads(encoded), options.out / "compare.png")


if __name__ == "__main__":
    sys.exit(main())
