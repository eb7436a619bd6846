"""Measures echocell beside PyTorch, Keras and JAX on the nine experiments, in one run.

    python bench/compare.py [--experiments echo airline] [--json FILE]

Every library trains the same model from the same weights on the same data; first its answer is
checked (the loss after some updates, against tests/reference.py), then its updates are timed, all
libraries in turn, several times over. Prints a Markdown table of microseconds per update and of
ratios to echocell. Libraries that are not installed are left out. See bench/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from peers import PEERS, Peer, Reference
from workloads import Array, Block, Workload, workloads

CHECKED_UPDATES = 48
TOLERANCE = 3e-5  # of the loss, relative
SEED = 20


def say(text: str) -> None:
    """Progress; the table alone goes to the standard output."""
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------- measurement


@dataclass
class Cell:
    """One library on one experiment."""

    experiment: str
    peer: str
    loss: float  # after CHECKED_UPDATES
    error: float  # of the loss, relative to the reference
    updates: int = 0  # of one timed block
    microseconds: list[float] = field(default_factory=list)  # per update, one entry per repeat

    @property
    def agrees(self) -> bool:
        return self.error <= TOLERANCE

    @property
    def best(self) -> float:
        return min(self.microseconds)


def loss_of(learner: Peer, block: Block) -> float:
    """Over all samples, each batch from a state of zeros."""
    x, y, _ = block.batches()
    outputs = np.concatenate([learner.predict(batch) for batch in x])
    return block.workload.mean_loss(outputs, np.concatenate(y))


def seconds_for(learner: Peer, prepared: Any) -> float:
    start = time.perf_counter()
    learner.train(prepared)
    return time.perf_counter() - start


class Contestant:
    """One library on one experiment: checked, then timed."""

    def __init__(self, peer: type[Peer], workload: Workload, weights: list[Array], data: Block):
        self.learner = peer(workload, weights)
        self.checked = self.learner.prepare(data)
        self.learner.train(self.checked)
        self.loss = loss_of(self.learner, data)
        self.prepared: Any = None
        self.updates = 0

    def size_block(self, workload: Workload, slice_seconds: float, pilot_updates: int) -> None:
        """Takes as many updates as fit the slice, but not more than the experiment has, and trains
        them once, so that whatever compiles has compiled.
        """
        pilot = seconds_for(self.learner, self.checked) / pilot_updates
        updates = max(1, min(workload.updates, int(slice_seconds / pilot)))
        block = workload.draw(updates, np.random.default_rng(SEED))
        self.updates = block.updates
        self.prepared = self.learner.prepare(block)
        self.learner.train(self.prepared)

    def microseconds(self, slice_seconds: float) -> float:
        """Per update, over as many blocks as the slice takes."""
        seconds, blocks = 0.0, 0
        while seconds < slice_seconds:
            seconds += seconds_for(self.learner, self.prepared)
            blocks += 1
        return 1e6 * seconds / (blocks * self.updates)


def measure(
    workload: Workload, peers: dict[str, type[Peer]], repeats: int, seconds: float
) -> list[Cell]:
    """All libraries on one experiment, in turn, `repeats` times; `seconds` for each in all."""
    weights = workload.weights(np.random.default_rng(SEED))
    data = workload.draw(CHECKED_UPDATES, np.random.default_rng(SEED))
    right = Contestant(Reference, workload, weights, data).loss
    contestants = {n: Contestant(peer, workload, weights, data) for n, peer in peers.items()}
    cells = {
        name: Cell(workload.name, name, c.loss, abs(c.loss - right) / abs(right))
        for name, c in contestants.items()
    }
    losses = ", ".join(
        f"{peers[c.peer].label} {c.loss:.6f} ({c.error:.0e})" for c in cells.values()
    )
    say(f"{workload.name}: loss after {data.updates} updates: reference {right:.6f}, {losses}")
    slice_seconds = seconds / (repeats + 1)
    for name, contestant in contestants.items():
        contestant.size_block(workload, slice_seconds, data.updates)
        cells[name].updates = contestant.updates
    for _ in range(repeats):
        for name, contestant in contestants.items():
            cells[name].microseconds.append(contestant.microseconds(slice_seconds))
    return list(cells.values())


# --------------------------------------------------------------------------------------- report


def table(cells: Sequence[Cell], labels: dict[str, str]) -> str:
    """Rows: experiments. "812 (54x)": microseconds per update, and how many times echocell's."""
    rows = [["experiment", *labels.values()], ["---", *("---:" for _ in labels)]]
    ratios: dict[str, list[float]] = {name: [] for name in labels}
    for experiment in dict.fromkeys(cell.experiment for cell in cells):
        row = {cell.peer: cell for cell in cells if cell.experiment == experiment}
        ours = row.get("echocell")
        texts = [experiment]
        for name in labels:
            ratio = row[name].best / ours.best if ours else None
            if ratio is not None:
                ratios[name].append(ratio)
            texts.append(cell_text(row[name], ratio))
        rows.append(texts)
    if "echocell" in labels:
        means = [f"{statistics.geometric_mean(values):.3g}×" for values in ratios.values()]
        rows.append(["geometric mean", *means])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def cell_text(cell: Cell, ratio: float | None) -> str:
    text = f"{cell.best:.1f}" if cell.best < 100 else f"{cell.best:.0f}"
    if ratio is not None and cell.peer != "echocell":
        text += f" ({ratio:.3g}×)"
    return text if cell.agrees else text + " †"


def legend(cells: Sequence[Cell], labels: dict[str, str]) -> str:
    """What the table needs to be read."""
    lines = [
        "Microseconds per update (in brackets: times echocell's), the fastest of "
        f"{len(cells[0].microseconds)} repeats; less is better."
    ]
    for name, label in labels.items():
        wrong = [cell for cell in cells if cell.peer == name and not cell.agrees]
        if wrong:
            listed = ", ".join(f"{cell.experiment} ({cell.error:.0e})" for cell in wrong)
            lines.append(f"† {label} did not give the reference's loss: {listed}.")
    right = [cell.error for cell in cells if cell.agrees]
    if right:
        lines.append(
            f"Elsewhere the loss after {CHECKED_UPDATES} updates or a few more agrees with the "
            f"float64 reference to {max(right):.0e}."
        )
    return "\n".join(lines)


def cpu_name() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def record(cells: Sequence[Cell], versions: dict[str, str], options: argparse.Namespace) -> Any:
    """What --json writes."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": [Path(sys.executable).name, *sys.argv],
        "machine": {
            "system": platform.platform(),
            "cpu": cpu_name(),
            "processors": os.cpu_count(),
            "threads": options.threads,
        },
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **versions},
        "unit": "microseconds per update",
        "checked_updates": CHECKED_UPDATES,
        "cells": [
            {
                **asdict(cell),
                "agrees": cell.agrees,
                "min": cell.best,
                "median": statistics.median(cell.microseconds),
            }
            for cell in cells
        ],
    }


# ----------------------------------------------------------------------------------- command line


def limit_threads(count: int) -> None:
    """Of every library, before any is loaded; 0 leaves each to its own choice."""
    if count == 0:
        return
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):
        os.environ[name] = str(count)
    if count == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()


def load(names: Sequence[str]) -> tuple[dict[str, type[Peer]], dict[str, str]]:
    """Those that are installed, and their versions."""
    peers: dict[str, type[Peer]] = {}
    versions: dict[str, str] = {}
    for name in names:
        try:
            versions[name] = PEERS[name].load()
        except ImportError as error:
            say(f"{PEERS[name].label}: left out ({error})")
            continue
        peers[name] = PEERS[name]
    return peers, versions


def parse(names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--experiments", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="per library and experiment")
    parser.add_argument(
        "--threads", type=int, default=1, help="of every library; 0: its own choice"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.repeats < 1 or options.seconds <= 0 or options.threads < 0:
        parser.error("expected --repeats and --seconds above 0, --threads 0 or more")
    return options


def main() -> int:
    """1 where echocell is measured and its answer is wrong."""
    known = {workload.name: workload for workload in workloads()}
    options = parse(list(known))
    limit_threads(options.threads)
    Reference.load()
    peers, versions = load(options.peers)
    cells: list[Cell] = []
    for name in options.experiments:
        cells += measure(known[name], peers, options.repeats, options.seconds)
    labels = {name: peer.label for name, peer in peers.items()}
    print(f"{table(cells, labels)}\n\n{legend(cells, labels)}", flush=True)
    if options.json:
        text = json.dumps(record(cells, versions, options), indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return int(any(cell.peer == "echocell" and not cell.agrees for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
