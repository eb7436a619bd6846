"""Every public module is an attribute of its package, whatever has been imported."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import echocell
import echocell.tasks

#: Packages whose modules are public, too. The modules of other packages are private.
OPEN = ("echocell", "echocell.experiments", "echocell.preprocessing", "echocell.tasks")
PUBLIC = sorted(
    module.name
    for module in pkgutil.walk_packages(echocell.__path__, "echocell.")
    if not any(part.startswith("_") for part in module.name.split("."))
    and module.name.rpartition(".")[0] in OPEN
)


def fresh(code: str) -> str:
    """Returns the output of a program in a new interpreter, in which nothing is imported yet."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_after_import_echocell_every_public_module_is_there() -> None:
    assert {"echocell.plotting", "echocell.tasks.echo", "echocell.experiments"} <= {*PUBLIC}
    # The deepest first, so that only the attribute access can have imported a parent.
    for_each = f"for name in {PUBLIC[::-1]!r}: assert eval(name).__name__ == name, name"
    fresh(f"import echocell\n{for_each}")


@pytest.mark.parametrize("package", ["echocell", "echocell.tasks", "echocell.preprocessing"])
def test_dir_lists_modules_that_are_not_imported(package: str) -> None:
    listed = fresh(f"import {package}; print(*dir({package}))").split()
    below = {name for name in PUBLIC if name.rpartition(".")[0] == package}
    assert {name.rpartition(".")[2] for name in below} <= {*listed}


def loaded_by(code: str) -> set[str]:
    """Returns the modules that a program imports, beside NumPy and what NumPy imports."""
    before = "import sys, numpy; before = {*sys.modules}\n"
    return {*fresh(f"{before}{code}\nprint(*{{*sys.modules}} - before)").split()}


def test_importing_echocell_loads_the_core_alone() -> None:
    loaded = loaded_by("import echocell.tasks")
    rooms = {name for name in loaded if name.count(".") == 1 and name.startswith("echocell.")}
    assert {name for name in rooms if not name.startswith("echocell._")} == {"echocell.tasks"}
    assert {name for name in loaded if name.count(".") == 2} <= {
        *(f"echocell._common.{name}" for name in ("lazy", "older_names")),
        *(name for name in loaded if name.startswith("echocell._core.")),
    }
    assert not loaded & {"pkgutil", "importlib.metadata"}


def test_training_loads_no_module_that_it_does_not_use() -> None:
    loaded = loaded_by(
        "import numpy as np, echocell\n"
        "from echocell.layers import LSTM, Dense\n"
        "model = echocell.Sequential([LSTM(2), Dense(1)])\n"
        "model.compile('adam', 'mse')\n"
        "model.fit(np.ones((4, 3, 1)), np.ones((4, 1)), verbose=0)"
    )
    assert {"echocell.callbacks.history", "echocell.optimizers.adam"} <= loaded
    assert not loaded & {"shutil", "tqdm", "matplotlib", "safetensors", "json", "numpy.ma"}
    assert not loaded & {f"echocell.{name}" for name in ("plotting", "experiments", "utils")}
    assert not loaded & {"echocell.callbacks.tensorboard", "echocell.models.saving"}


def test_threads_can_be_the_first_to_use_the_rooms() -> None:
    fresh(
        "import sys, echocell\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "sys.setswitchinterval(1e-6)\n"
        "names = [name for name in echocell.__all__ for _ in range(2)]\n"
        "gate = Barrier(len(names))\n"
        "def first_use(name):\n"
        "    gate.wait()\n"
        "    return getattr(echocell, name)\n"
        "with ThreadPoolExecutor(len(names)) as pool:\n"
        "    assert all(pool.map(first_use, names))"
    )


def test_every_public_name_is_there() -> None:
    """Of each package in a new interpreter; the star import reads all names of `__all__`."""
    for package in ("echocell", "echocell.callbacks", "echocell.layers", "echocell.models"):
        names = sys.modules[package].__all__
        assert {*names} <= {*dir(sys.modules[package])}
        fresh(f"from {package} import *\nfor name in {names!r}: assert eval(name) is not None")


def test_callbacks_have_the_path_of_their_package() -> None:
    for name in echocell.callbacks.__all__:
        assert getattr(echocell.callbacks, name).__module__ == "echocell.callbacks"


@pytest.mark.parametrize(
    ("older", "name", "module"),
    [
        ("_callback", "Callback", "callbacks"),
        ("_callback", "no_model", "callbacks.history"),
        ("_file_callbacks", "CSVLogger", "callbacks"),
        ("_chrono", "Chrono", "initializers"),
        ("_plot_model", "plot_model", "utils"),
        ("_threads", "get_num_threads", "_core.threads"),
    ],
)
def test_modules_of_older_pickles(older: str, name: str, module: str) -> None:
    fresh(
        "import pickle, echocell, importlib\n"
        f"read = pickle.loads(b'cechocell.{older}\\n{name}\\n.')\n"
        f"assert read is importlib.import_module('echocell.{module}').{name}"
    )


@pytest.mark.parametrize("package", ["echocell", "echocell.tasks"])
def test_other_names_are_attribute_errors(package: str) -> None:
    module = sys.modules[package]
    for name in ("plottin", "__wrapped__", "_lazy_"):
        with pytest.raises(AttributeError, match=f"module '{package}' has no attribute '{name}'"):
            getattr(module, name)


def test_all_of_the_tasks() -> None:
    modules = {name for _, name, _ in pkgutil.iter_modules(echocell.tasks.__path__)}
    assert {*echocell.tasks.__all__} == modules
