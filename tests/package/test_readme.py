"""The README: its two commands, its Python code, and the files and commands that it mentions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import TESTS

ROOT = TESTS.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)

# Definitions of the names in the text's expressions.
NAMES = """
import copy
from echocell.models import load_model
path, layer, y = "model", model.layers[0], y[:32]
sequences, one_step = x[:32], x[:32, 0]
"""


def test_the_first_block_is_two_commands() -> None:
    commands = BLOCKS[0][1].splitlines()
    assert len(commands) == 2
    assert all(command.startswith("pip install ") for command in commands)
    assert commands[0].endswith("echocell run all")
    assert commands[1].endswith("pytest -n auto")


def test_the_python_code_runs(tmp_path: Path) -> None:
    """The code blocks in order, and then the expressions in the text, run unchanged."""
    pytest.importorskip("matplotlib")
    blocks = [code for language, code in BLOCKS if language == "python"]
    assert len(blocks) == 2
    expressions = re.findall(r"`((?:copy|echocell|layer|load_model|model)\b[.(][^`]*)`", README)
    assert {"model.trace(x)", "model.step(x)", "load_model(path)"} <= {*expressions}
    lines = [
        f"x = {'one_step' if code == 'model.step(x)' else 'sequences'}; {code}\n"
        for code in expressions
    ]
    program = tmp_path / "readme.py"
    program.write_text("".join([*blocks, NAMES, *lines]))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gates.png").stat().st_size > 10_000
    share = re.search(r"(\d+)% of 100 sequences echoed", done.stdout)
    assert share is not None
    assert int(share[1]) > 90


def test_what_it_names_is_there() -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (bench[\w.]+)", README):
        assert (ROOT / module.replace(".", "/")).exists(), module


def test_its_subcommands_exist() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "echocell", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in set(re.findall(r"`echocell (\w+)", README)):
        assert command in help_text, command
