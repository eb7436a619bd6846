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


def test_importing_echocell_loads_no_module_for_it() -> None:
    code = "import sys, numpy; before = {*sys.modules}; import echocell.tasks; "
    loaded = {*fresh(code + "print(*{*sys.modules} - before)").split()}
    assert "echocell.layers" in loaded
    assert not loaded & {"pkgutil", "shutil", "tqdm", "matplotlib", "echocell._common.lazy"}
    assert not loaded & {"echocell.plotting", "echocell.experiments", "echocell.models.tracing"}
    assert not any(name.startswith("echocell.tasks.") for name in loaded)


@pytest.mark.parametrize("package", ["echocell", "echocell.tasks"])
def test_other_names_are_attribute_errors(package: str) -> None:
    module = sys.modules[package]
    for name in ("plottin", "__wrapped__", "_lazy_"):
        with pytest.raises(AttributeError, match=f"module '{package}' has no attribute '{name}'"):
            getattr(module, name)


def test_all_of_the_tasks() -> None:
    modules = {name for _, name, _ in pkgutil.iter_modules(echocell.tasks.__path__)}
    assert {*echocell.tasks.__all__} == modules
