"""Whole scripts on echocell under the names keras and tensorflow.

The scripts in keras_scripts/ are written in the style of public ones from 2016 to 2024. Each runs
in its own process, because an alias cannot be removed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import TESTS
from support.keras_runs import run, run_lines

SCRIPTS = TESTS / "keras_scripts"

# ---- whole scripts -----------------------------------------------------------------------------

EXPECTED: dict[str, list[str]] = {
    "addition_seq2seq": [r"Better: True", r"Guess: \d+", r"Probabilities: \(2, 2, 12\)"],
    "alphabet": [r"Epoch 3/3\n7/7 - .*loss: \d.*accuracy: \d", r"Model Accuracy: 100.00%"],
    "autoencoder_tf": [r"Close: True"],
    "callbacks_and_files": [
        r"batches: 30",
        r"rates: \[0.02\d*, 0.01\d*\]",
        r"lr in history: 0.01",
        r"csv rows: 10",
        r"new rate: 0.0050",
        r"(same: True\n){3}",
    ],
    "internal_paths": [r"one class: True", r"iterations: [12]\n"],
    "keras3_style": [
        r'Model: "classifier"',
        r"\['loss', 'hits', 'accuracy', 'val_loss', 'val_hits', 'val_accuracy'\]",
        r"good True",
        r"\['accuracy', 'hits', 'loss'\]",
        r"restored classifier",
    ],
    # Both answers can be correct together, but no gradient leads there: only some runs succeed.
    "memory_predict_classes": [
        r"X=0.0 y=1.0, yhat=1.0\nX=1.0 y=2.0, yhat=2.0",
        r"Sequence 1: (True|False)\n",
    ],
    "recurrent_module": [r"Good: True"],
    "review_sentiment": [
        r"lstm.* \(LSTM\)",
        r"epochs: 25 25",
        r"\['accuracy', 'loss', 'val_accuracy', 'val_loss'\]",
        r"Good: True",
        r"Shape: \(100, 1\) True",
    ],
    "scattered_names": [
        r"names \['loss', 'mean_absolute_error', 'mean_squared_error'\]",
        r"same True True True",
        r"bases True True",
        r"l2 0.02 0.03",
        r"config Adam float32",
        r"params True",
        r"weights \['kernel', 'recurrent_kernel', 'bias', 'kernel', 'bias'\] \(2, 12\)",
        r"rate 0.001 0.001",
        r"zeros True 0.5",
    ],
    "series_regression": [
        r"Total params: 133",
        r"Epoch 30/30",
        r"Train Score: \d+\.\d+ MSE",
        r"Test Score: good True",
    ],
    "stateful_echo": [r"Equal: True"],
    "stateful_forecast": [
        r"Finite: True",
        r"State matters: True",
        r"Reset works: True",
        r"Expected and received: True",
    ],
    "ten_thousand_calls": [r"Smaller: True"],
    "text_generation": [r"Generating text after Epoch: 19", r"Learned: True"],
    "tf_namespace": [
        r"TF True True",
        r"Reached 99% accuracy",
        r"stopped early True",
        r"sum True",
        r"rate 0.5 0.5",
    ],
    "wrappers": [r"Bidirectional good: True", *(rf"{m} \(4, 2, 3\)" for m in ("concat", "ave"))],
}


def test_every_script_is_tested() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.mark.parametrize("name", EXPECTED)
def test_script(name: str, tmp_path: Path) -> None:
    done = run(SCRIPTS / f"{name}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for pattern in EXPECTED[name]:
        assert re.search(pattern, done.stdout), f"{pattern!r} not in:\n{done.stdout}"


# ---- how a script runs -------------------------------------------------------------------------


def test_script_sees_what_python_would_show_it(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("VALUE = 42")
    done = run_lines(
        "import sys, neighbour\n"
        "print(sys.argv[1:], __name__, neighbour.VALUE, __file__ == sys.argv[0])\n"
        "import __main__; print(__main__.neighbour is neighbour)\n",
        tmp_path,
        "-n",
        "3",
    )
    assert done.stdout == "['-n', '3'] __main__ 42 True\nTrue\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(0)", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no data')", 1, "no data\n"),
        ("quit(4)", 4, ""),
    ],
)
def test_exit_codes(line: str, code: int, message: str, tmp_path: Path) -> None:
    done = run_lines(f"import sys\n{line}\n", tmp_path)
    assert (done.returncode, done.stderr) == (code, message)


def test_an_exception_shows_the_scripts_own_traceback(tmp_path: Path) -> None:
    done = run_lines("def broken():\n    return 1 / 0\n\n\nbroken()\n", tmp_path)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('script.py", line 5, in <module>')
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "keras/alias" not in done.stderr
    assert "runpy" not in done.stderr


def test_a_syntax_error(tmp_path: Path) -> None:
    done = run_lines("print 'Python 2'\n", tmp_path)
    assert done.returncode == 1
    assert 'script.py", line 1' in done.stderr
    assert "SyntaxError" in done.stderr
    assert "runpy" not in done.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run(tmp_path / "none.py", tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"echocell keras: .* found no file '.*none.py'\n", done.stderr)


def test_run_script_puts_back_argv_and_path(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; sys.exit(5)")
    lines = (
        "import sys; from echocell.keras import run_script; before = sys.argv, sys.path; "
        f"code = run_script({str(script)!r}); print(code, (sys.argv, sys.path) == before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "5 True\n"
