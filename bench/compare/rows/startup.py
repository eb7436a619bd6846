"""The time of an import beyond NumPy's, and the size of the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.compare.context import Context, say
from bench.compare.figures import OURS, Figure, Limit, Ratio, Table

IMPORTS = {
    OURS: "import echocell",
    "PyTorch": "import torch",
    "Keras on JAX": "import keras",
}
IMPORT = Table(
    "import",
    "Import beyond NumPy's",
    "in a fresh process, NumPy imported before",
    (Limit(0.1, "s"), Ratio("PyTorch", ("PyTorch",)), Ratio("Keras on JAX", ("Keras on JAX",))),
)
WHEEL = Table("wheel", "Size of the wheel", "all instruction sets", (Limit(4.0, "MB"),), unit="MB")
PROGRAM = """
import sys, time
import numpy
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def run(context: Context) -> Iterator[Figure]:
    repeats = 3 if context.quick else 5
    took = {}
    for name, statement in IMPORTS.items():
        seconds = import_seconds(statement, repeats if name == OURS else 2)
        if seconds is None:
            say(f"import of {name}: left out, not installed")
        else:
            took[name] = seconds
            say(f"import of {name}: {seconds:.3f} s beyond NumPy's")
    yield Figure(IMPORT.name, "import", took)
    if context.wheel is None:
        say("wheel: left out; --wheel PATH names one that `pip wheel .` has built")
    else:
        size = context.wheel.stat().st_size / 1e6
        yield Figure(WHEEL.name, Path(context.wheel).name, {OURS: size})


def import_seconds(statement: str, repeats: int = 1) -> float | None:
    """Returns the best time of some processes, after one that may write compiled bytecode.

    None if the import fails.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment.setdefault("KERAS_BACKEND", "jax")
    command = [sys.executable, "-c", PROGRAM.format(statement=statement)]
    found = []
    for _ in range(repeats + 1):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None
        found.append(float(done.stdout.split()[-1]))
    return min(found[1:])
