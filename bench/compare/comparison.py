"""The rows of the comparison, and the outcome of measuring them."""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.compare import machine
from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure, Rate, Table, Verdict
from bench.compare.peers import PEERS, Reference
from bench.compare.report import record, summary, table_text
from bench.compare.rows import calls, startup, streaming, train, updates, wrappers

Peers = Mapping[str, Any]
YARDSTICK_SECONDS = 1.5
SGEMM_SHARE = 0.9


@dataclass(frozen=True)
class Row:
    """A set of tables that are measured together."""

    tables: Sequence[Table]
    run: Callable[[Context, Peers], Iterator[Figure]]


def rows() -> dict[str, Row]:
    """Returns the rows by name, in the order of the report."""

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
    """Imports the installed libraries that train the small models."""
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
    """Returns GF/s of sgemm by threads, and GB/s of reading from the L2 cache."""
    sgemm = {n: machine.sgemm_rate(n, YARDSTICK_SECONDS) for n in {1, *context.threads}}
    reading = machine.reading_rate(YARDSTICK_SECONDS / 2)
    texts = ", ".join(f"{rate:.0f} GF/s on {n} thread(s)" for n, rate in sgemm.items())
    say(f"sgemm: {texts}; dot product from the second cache: {reading:.0f} GB/s")
    return sgemm, reading


def with_rate(table: Table, sgemm: dict[int, float]) -> Table:
    """Adds the machine's own sgemm as a target of the LSTM's train step."""
    if table.name != "lstm-train":
        return table
    return replace(table, targets=(*table.targets, Rate(sgemm, SGEMM_SHARE)))


@dataclass
class Outcome:
    """Of one run."""

    sgemm: dict[int, float]
    reading: float
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Whether echocell gave a wrong answer."""
        return any(figure.is_wrong(OURS) for figure in self.figures)

    def add(self, row: Row, measured: Sequence[Figure]) -> None:
        self.figures += measured
        for given in row.tables:
            table = with_rate(given, self.sgemm)
            mine = [figure for figure in measured if figure.table == table.name]
            if mine:
                self.tables.append(table)
                self.texts.append(table_text(table, mine, self.sgemm))
                self.verdicts += table.verdicts(mine)

    def text(self) -> str:
        """Returns all tables, and the summary at the end."""
        return "\n\n".join([*self.texts, f"### Summary\n\n{summary(self.verdicts)}"])

    def json(self) -> str:
        about = {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "command": " ".join(["python -m bench.compare", *sys.argv[1:]]),
            "machine": machine.describe(),
            "yardsticks": {
                "sgemm GF/s by threads": self.sgemm,
                "reading from L2, GB/s": self.reading,
            },
            "versions": machine.versions(),
        }
        found = record(self.figures, self.tables, self.verdicts, about)
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def compare(context: Context, names: Sequence[str]) -> Outcome:
    """Measures these rows."""
    peers = load()
    outcome = Outcome(*yardsticks(context))
    for name in names:
        start = time.perf_counter()
        row = rows()[name]
        outcome.add(row, list(row.run(context, peers)))
        say(f"row {name}: {time.perf_counter() - start:.0f} s")
    return outcome


def write(outcome: Outcome, folder: Path) -> None:
    """Tables, figures and picture."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.md").write_text(outcome.text() + "\n", encoding="utf-8")
    encoded = outcome.json()
    (folder / "compare.json").write_text(encoded, encoding="utf-8")
    if machine.optional("matplotlib") is None:
        say("picture: left out, matplotlib is not installed")
        return
    from bench.compare.picture import draw

    draw(json.loads(encoded), folder / "compare.png")
