"""New worker processes under `echocell keras` run on echocell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.keras_runs import run_lines

SCRIPT = """
import multiprocessing as mp, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
import keras, keras.datasets
from keras.layers import Conv1D

def job(k):
    import tensorflow as tf
    from keras.layers import LSTM
    from keras.models import Sequential
    model = Sequential([LSTM(2, input_shape=(3, 1))])
    same = tf.keras.layers.LSTM is LSTM, repr(Conv1D), keras.datasets.__name__
    return keras.__version__, type(model).__module__, same, model.predict([[[k]] * 3]).shape

if __name__ == "__main__":
    expected = [job(0)] * 2
    print(expected[0][1])
    {lines}
"""
POOL = "with mp.get_context('{way}').Pool(1) as pool: print(pool.map(job, [0, 1]) == expected)"
WAYS = {
    **{way: POOL.format(way=way) for way in ("fork", "forkserver", "spawn")},
    "futures": (
        "with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool: "
        "print(list(pool.map(job, [0, 1])) == expected)"
    ),
    "joblib": (
        "from joblib import Parallel, delayed; "
        "print(Parallel(2)(delayed(job)(k) for k in range(2)) == expected)"
    ),
}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Makes a folder with another Keras, on the path of all processes."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("keras", "tensorflow"):
        (folder / f"{name}.py").write_text("__version__ = 'another'\n")
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_workers_get_the_alias(way: str, tmp_path: Path, elsewhere: Path) -> None:
    if way == "joblib":
        pytest.importorskip("joblib")
    done = run_lines(SCRIPT.replace("{lines}", WAYS[way]), tmp_path, paths=[elsewhere])
    assert (done.stdout, done.returncode) == ("echocell.models\nTrue\n", 0), done.stderr


def test_workers_of_joblib_need_not_import_the_script(tmp_path: Path, elsewhere: Path) -> None:
    pytest.importorskip("joblib")
    done = run_lines(
        "from joblib import Parallel, delayed\n"
        "name = lambda: __import__('keras').backend.backend()\n"
        "print(Parallel(2)(delayed(name)() for _ in range(2)))\n",
        tmp_path,
        paths=[elsewhere],
    )
    assert done.stdout == "['echocell', 'echocell']\n", done.stderr


def test_workers_of_workers(tmp_path: Path, elsewhere: Path) -> None:
    lines = "with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool: "
    lines += "print(pool.submit(outer).result() == expected[0])"
    script = SCRIPT.replace("{lines}", lines).replace(
        "if __name__",
        "def outer():\n"
        "    with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool:\n"
        "        return pool.submit(job, 0).result()\n\n"
        "if __name__",
    )
    done = run_lines(script, tmp_path, paths=[elsewhere])
    assert done.stdout == "echocell.models\nTrue\n", done.stderr


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_a_program_of_its_own_has_its_own_keras(name: str, tmp_path: Path, elsewhere: Path) -> None:
    done = run_lines(
        "import subprocess, sys, keras\n"
        f"code = 'import {name}; print({name}.__version__)'\n"
        "subprocess.run([sys.executable, '-c', code], check=True)\n",
        tmp_path,
        paths=[elsewhere],
    )
    assert (done.stdout, done.stderr) == ("another\n", "")


def test_a_worker_that_has_another_keras_already_says_so(tmp_path: Path) -> None:
    code = (
        "import sys, types; sys.modules['keras'] = types.ModuleType('keras')\n"
        "from echocell.keras import alias; sys.path.insert(0, alias.WORKERS)\n"
        "try:\n    import tensorflow\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "expected to come before `import keras`" in done.stdout


def test_the_scripts_folder_stays_first_on_its_path(tmp_path: Path) -> None:
    done = run_lines("import sys, os; print(os.path.samefile(sys.path[0], '.'))", tmp_path)
    assert done.stdout == "True\n", done.stderr
