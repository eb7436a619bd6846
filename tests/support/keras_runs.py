"""Runs scripts under the alias, each in its own process, since an alias cannot be removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

RUN = "import sys; from echocell.keras import run_script; "
RUN += "sys.exit(run_script(sys.argv[1], sys.argv[2:]))"


def _python_path() -> list[str]:
    return [path for path in [os.environ.get("PYTHONPATH")] if path]


def run(
    script: Path | str, folder: Path, *arguments: str, paths: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs a script as `echocell keras` does, with warnings as errors.

    paths: folders in which the script finds modules.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # faster if many tests run in parallel
    if paths:
        environment["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *_python_path()])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(script), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
    )


def run_lines(
    lines: str, folder: Path, *arguments: str, paths: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs these lines as a script in the folder."""
    script = folder / "script.py"
    script.write_text(lines)
    return run(script, folder, *arguments, paths=paths)
