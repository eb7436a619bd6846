"""The command line, through its actual entry points."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import echocell
from echocell.experiments import EXPERIMENTS, GROUPS, groups

Result = subprocess.CompletedProcess[str]

SHORT = ["--set", "epochs=2"]


def console_script() -> str:
    """Returns the command that pip installed for this interpreter, else the one on the PATH."""
    beside = shutil.which("echocell", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("echocell")
    assert found, "the console script echocell is not installed"
    return found


def run(*arguments: str, cwd: Path | None = None, module: bool = True) -> Result:
    command = [sys.executable, "-W", "error", "-m", "echocell"] if module else [console_script()]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "240"}
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
        timeout=300,
    )


def one_line(result: Result) -> str:
    """Returns the message of an invalid command: exit code 2, a single line, nothing on stdout."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("module", [True, False])
def test_list(module: bool) -> None:
    result = run("list", module=module)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    for group, experiments in groups().items():
        start = lines.index(f"{group}: {GROUPS[group]}") + 4  # skips an empty line, heads, a rule
        for line, experiment in zip(lines[start:], experiments, strict=False):
            assert line.split()[0] == experiment.name
            assert experiment.summary in line
            assert experiment.published.figure in line
            takes = f"{experiment.takes:.0f}" if experiment.takes >= 1 else "under 1"
            assert line.endswith(f"  {takes}")
    assert lines[-2].startswith("seconds: about what one run takes")


def test_run_a_group(tmp_path: Path) -> None:
    short = ["trials=1", "units=2", "most_sequences=10", "check_every=10", "tests=2"]
    arguments = ["paper-1997", "--quiet", "--out", str(tmp_path), "--set", *short]
    result = run("run", *arguments)
    assert result.returncode == 0, result.stderr
    names = [one.name for one in groups()["paper-1997"]]
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[-len(names) :]] == names
    assert "sequences" in result.stdout


def test_resume_refuses_the_journal_of_another_run(tmp_path: Path) -> None:
    (tmp_path / "echo-index.partial.jsonl").write_text('{"settings": 1}\n', encoding="utf-8")
    result = run("run", "echo-index", "--resume", "--quiet", "--out", str(tmp_path))
    assert "belongs to another run" in one_line(result)


def test_version_and_help() -> None:
    assert run("--version").stdout == f"echocell {echocell.__version__}\n"
    for arguments in (["--help"], ["-h"], ["help"]):
        result = run(*arguments)
        assert result.returncode == 0
        for command in ("list", "run", "forecast", "predict", "keras"):
            assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", ["list", "run", "forecast", "predict", "keras"])
def test_help_of_a_command(command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: echocell {command}")


def test_no_command() -> None:
    result = run()
    assert result.returncode == 2
    assert result.stderr.startswith("usage: echocell COMMAND")


@pytest.mark.parametrize("module", [True, False])
def test_run_two(module: bool, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run(
        "run", "memory", "alphabet-steps", *SHORT, "--seed", "5", cwd=tmp_path, module=module
    )
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "echocell-results"
    assert sorted(path.name for path in folder.iterdir()) == [
        "alphabet-steps.json",
        "alphabet-steps.png",
        "memory.json",
        "memory.png",
    ]
    assert json.loads((folder / "memory.json").read_text("utf-8"))["runs"][0]["seed"] == 5
    *_, head, rule, memory, alphabet = result.stdout.splitlines()
    assert head.split() == ["experiment", "published", "ours", "updates/s", "seconds", "picture"]
    assert set(rule) == {"-", " "}
    assert memory.startswith("memory ")
    assert memory.endswith(" memory.png")
    assert alphabet.startswith("alphabet-steps  100 %")
    for name in ("memory", "alphabet-steps"):
        assert " ".join(EXPERIMENTS[name].takeaway.split()) in " ".join(result.stdout.split())
    assert result.stderr == ""  # no bars, since it is not a terminal


def test_run_all_quietly_over_seeds(tmp_path: Path) -> None:
    short = ["updates=20", "epochs=1", "sequences=2", "tests=1", "look_back=1"]
    out = tmp_path / "results"
    result = run("run", "all", "--runs", "2", "--quiet", "--out", str(out), "--set", *short)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    nine = [one.name for one in groups()["tutorials"]]
    assert [line.split()[0] for line in lines[-9:]] == nine
    assert "perfect runs" in result.stdout
    for name in nine:
        written = json.loads((out / f"{name}.json").read_text("utf-8"))
        assert [one["seed"] for one in written["runs"]] == [7, 8]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst"], "unknown command 'lst'. Did you mean 'list'?"),
        (["run", "ecko"], "unknown experiment 'ecko'. Did you mean 'echo'?"),
        (["run", "memory", "qqqq"], "unknown experiment 'qqqq'. Expected one of: echo, "),
        (["run"], "the following arguments are required: NAME"),
        (["run", "memory", "--sede", "3"], "unknown option '--sede'. Did you mean '--seed'?"),
        (["run", "memory", "--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["run", "memory", "--seed", "-1"], "--seed: expected 0..4294967295, received -1"),
        (["run", "memory", "--runs", "0"], "--runs: expected at least 1, received 0"),
        (["run", "memory", "--set", "epoch=1"], "unknown setting 'epoch'. Did you mean 'epochs'?"),
        (["run", "memory", "--set", "units=0"], "units: expected at least 1, received 0"),
        (["run", "memory", "--set", "units"], "expected key=value, received 'units'"),
        (["run", "memory", "--set", "units=a"], "units: expected int, received 'a'"),
        (["list", "echo"], "unexpected argument 'echo'"),
        (["keras"], "the following arguments are required: SCRIPT"),
    ],
)
def test_wrong_commands_get_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    line = one_line(run(*arguments, cwd=tmp_path))
    assert line.startswith(f"echocell: {message}")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(run("run", "memory", *SHORT, "--out", "file", cwd=tmp_path))
    assert line.startswith("echocell: --out: cannot make the folder file: ")


def test_keras_hands_its_arguments_on(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nfrom keras.layers import LSTM\nprint(sys.argv[1:], LSTM)\n")
    result = run("keras", str(script), "one", "--two", "-h")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("['one', '--two', '-h'] ")
    assert "echocell" in result.stdout


def test_without_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys; from echocell import plotting, cli; "
        "plotting.available = lambda: False; sys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "run", "memory", *SHORT, "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "echocell[plot]" in result.stdout
    assert [path.name for path in (tmp_path / "echocell-results").iterdir()] == ["memory.json"]
