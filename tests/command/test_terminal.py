"""Output fits the terminal; bars are drawn in terminals only; a closed pipe is not an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echocell import cli
from echocell._common import progress, terminal
from echocell.callbacks import EarlyStopping, LambdaCallback
from echocell.layers import Dense
from echocell.models import Sequential
from support.terminals import in_terminal

WORDS = st.text(st.sampled_from("abcxyz-_/.,"), min_size=1, max_size=24)
CELLS = st.lists(WORDS, max_size=12).map(" ".join)


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def on_width(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))


# -- tables


def test_columns_line_up() -> None:
    text = terminal.table(("a", "b"), [("x", "1"), ("long", "10")], right=(1,))
    assert text.splitlines() == ["a      b", "----  --", "x      1", "long  10"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    columns = draw(st.integers(1, 14))
    others = st.lists(CELLS, min_size=columns - 1, max_size=columns - 1)
    row = st.builds(lambda name, cells: [name, *cells], WORDS, others)
    heads = st.lists(WORDS, min_size=columns, max_size=columns)
    return draw(heads), draw(st.lists(row, max_size=4))


@given(tables(), st.sampled_from([40, 80, 120, 300]), st.sampled_from(["", "    "]))
@example((["a", "b"], [["x", ""], ["y", ""]]), 80, "")
def test_a_table_fits_and_loses_nothing(
    content: tuple[list[str], list[list[str]]], columns: int, indent: str
) -> None:
    heads, rows = content
    with pytest.MonkeyPatch.context() as monkeypatch:
        on_width(monkeypatch, columns)
        text = terminal.table(heads, rows, indent=indent)
    assert widest(text) <= max(80, columns)
    letters = "".join(sorted("".join(text.replace("-", "").split())))
    repeated = text.count("\n\n")  # each further part begins with the first column again
    cells = [*heads, *(cell for row in rows for cell in row)]
    first = [heads[0], *(row[0] for row in rows)] * repeated
    assert letters == "".join(sorted("".join([*cells, *first]).replace("-", "").replace(" ", "")))


def test_wrapped_cells_stay_in_their_column(monkeypatch: pytest.MonkeyPatch) -> None:
    on_width(monkeypatch, 80)
    rows = [("first", "word " * 30, "1.25"), ("second", "short", "100.00")]
    lines = terminal.table(("name", "text", "number"), rows, right=(2,)).splitlines()
    assert lines[0].startswith("name    text")
    assert lines[2].startswith("first   word word")
    assert lines[3].startswith("        word word")
    assert lines[-1].startswith("second  short")
    assert lines[2].index("1.25") + 4 == lines[-1].index("100.00") + 6 == len(lines[1])


# -- the command line


@pytest.mark.parametrize("columns", [0, 60, 80, 110, 250])
def test_list_fits_the_terminal(columns: int) -> None:
    code, printed = in_terminal("-m", "echocell", "list", columns=columns)
    assert code == 0
    limit = max(columns, 80)
    assert limit * 0.75 < widest(printed) <= limit


def test_help_fits_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_width(monkeypatch, 80)
    for name in cli.COMMANDS:
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        assert widest(capsys.readouterr().out) <= 80
    cli.main(["--help"])
    assert widest(capsys.readouterr().out) <= 80


def test_run_fits_the_terminal_and_shows_bars(tmp_path: Path) -> None:
    names = ["memory", "gates", "alphabet-steps"]
    arguments = ["-m", "echocell", "run", *names, "--set", "epochs=2", "--runs", "2"]
    code, printed = in_terminal(*arguments, columns=80, cwd=tmp_path)
    assert code == 0, printed
    assert widest(printed.replace("\r", "\n")) <= 80
    assert "memory (run 1 of 2): 100%" in printed


@pytest.mark.parametrize("unbuffered", [[], ["-u"]])
@pytest.mark.parametrize("command", [["list"], ["--version"], ["no-such-command"]])
def test_a_closed_pipe_ends_the_command_quietly(command: list[str], unbuffered: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, *unbuffered, "-W", "error", "-m", "echocell", *command],
        stdout=writing,
        stderr=subprocess.PIPE if command[0] != "no-such-command" else writing,
        check=False,
    )
    os.close(writing)
    assert process.returncode == cli.PIPE_CLOSED
    assert not process.stderr


# -- bars


def model() -> Sequential:
    one = Sequential([Dense(1, input_shape=(2,))])
    one.compile("sgd", "mse")
    return one


def train(callback: object = None, **options: object) -> None:
    model().fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, callbacks=callback, **options)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "shows_bars", lambda: True)


def last_bar(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.rstrip().rpartition("\r")[2]


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    train(epochs=3, verbose=1)
    model().evaluate(np.ones((6, 2)), np.ones((6, 1)), verbose=1)
    assert capsys.readouterr().err == ""


def test_no_bar_where_stderr_is_missing_closed_or_a_stand_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Writer:
        def write(self, text: str) -> int:
            return len(text)

    with open(tmp_path / "log", "w") as closed:
        pass
    for stream in (None, closed, Writer()):
        monkeypatch.setattr(sys, "stderr", stream)
        assert not terminal.shows_bars()


def test_a_bar_of_a_whole_training(bars: None, capsys: pytest.CaptureFixture[str]) -> None:
    train(epochs=3, verbose=1)
    last = last_bar(capsys)
    assert last.startswith("Epoch 3/3: 100%")
    assert " 9/9 " in last


def test_an_early_stopped_bar_ends_as_done(bars: None, capsys: pytest.CaptureFixture[str]) -> None:
    stopper = EarlyStopping("loss", patience=0, min_delta=1e9)
    train(stopper, epochs=50, verbose=1)
    last = last_bar(capsys)
    assert last.startswith("Epoch 2/50: 100%")
    assert " 6/6 " in last


def test_a_bar_of_a_failed_training_stays_where_it_is(
    bars: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(epoch: int, logs: object) -> None:
        raise OSError("a full disk")

    with pytest.raises(OSError, match="a full disk"):
        train(LambdaCallback(on_epoch_end=fail), epochs=50, verbose=1)
    assert "100%" not in last_bar(capsys)


FAKE_NOTEBOOK = """
import sys, types
sys.modules["ipywidgets"] = None
shell = types.SimpleNamespace(kernel=object(), config={"IPKernelApp": {}})
ipython = types.ModuleType("IPython")
ipython.get_ipython = lambda: shell
display = types.ModuleType("IPython.display")
display.HTML, display.display, html = object, print, types.ModuleType("IPython.html")
sys.modules |= {"IPython": ipython, "IPython.display": display}
import numpy as np
from echocell.layers import Dense
from echocell.models import Sequential
model = Sequential([Dense(1, input_shape=(2,))])
model.compile("sgd", "mse")
model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, epochs=3, verbose=1)
"""


def test_a_notebook_without_widgets_has_a_bar_and_no_warning() -> None:
    command = [sys.executable, "-W", "error", "-c", FAKE_NOTEBOOK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Epoch 3/3: 100%" in done.stderr
    assert "Warning" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_output_is_a_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "echocell", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
