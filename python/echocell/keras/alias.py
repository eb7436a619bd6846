"""Runs Keras scripts on echocell, by registering it as keras and tensorflow.keras.

The registration covers this process and its workers. Names of Keras that echocell does not have
(see keras_names) can be imported, because many scripts import more than they use; calling them,
reading their attributes and deriving from them raises an ImportError that names them. No other name
under `keras` or `tensorflow` can be imported.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import traceback
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from echocell._common import keras_names
from echocell._common.missing_names import missing
from echocell.keras import modules

__all__ = ["install", "run_script"]

#: The reported versions: Keras 3, whose numerics echocell follows (hard_sigmoid differs from Keras
#: 2's), and the first TensorFlow release with it.
_KERAS_VERSION, _TENSORFLOW_VERSION = "3.0.0", "2.16.0"


def _elsewhere(module: str) -> dict[str, str]:
    """Maps names of this Keras module that echocell has in another module to that module."""
    if module in modules.SET_SEED:
        return dict.fromkeys(modules.SET_SEED[module], "echocell._common.seeds.set_own_seed")
    path = modules.path_under_root(module)
    return {} if path is None else modules.ELSEWHERE.get(path, {})


def _found(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name)


# ---- what echocell does not have ---------------------------------------------------------------


class _Absent:
    """A public name of Keras that echocell does not have; it can only be imported."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name}, which echocell does not provide yet>"

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        raise ImportError(missing(self._name))

    def __getattr__(self, name: str) -> NoReturn:
        _refuse_private(repr(self), name)
        raise ImportError(missing(f"{self._name}.{name}"))

    def __reduce__(self) -> tuple[Any, ...]:
        return _Absent, (self._name,)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise ImportError(missing(self._name))

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False


class _PickledByName(ModuleType):
    """A module that joblib can pickle together with a function that uses it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, (self.__name__,)


class _AbsentModule(_PickledByName):
    """A module of Keras that echocell does not have.

    Its attributes are _Absent, except for the few names that echocell has in another module.
    """

    def __getattr__(self, name: str) -> Any:
        _refuse_private(f"module {self.__name__!r}", name)
        elsewhere = _elsewhere(self.__name__)
        if name in elsewhere:
            return _found(elsewhere[name])
        return _Absent(f"{self.__name__}.{name}")

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        # keras.layers.merge was a function before it was a module.
        raise ImportError(missing(self.__name__))


def _refuse_private(owner: str, name: str) -> None:
    """Raises AttributeError for names that Python and its tools look up, such as `__file__`."""
    if name.startswith("_"):
        raise AttributeError(f"{owner} has no attribute {name!r}")


def _is_absent_module(name: str) -> bool:
    """Whether it is one of the modules without a counterpart in echocell, or below one."""
    parts = (modules.path_under_root(name) or "").split(".")
    heads = (".".join(parts[: k + 1]) for k in range(len(parts)))
    return any(head in keras_names.MODULES for head in heads)


# ---- the modules -------------------------------------------------------------------------------


class _Alias(_PickledByName):
    """A module under Keras's name with the contents of echocell's."""

    def __dir__(self) -> list[str]:
        below = f"{self.__name__}."
        children = [name[len(below) :] for name in modules.MODULES if name.startswith(below)]
        return sorted({*self.__all__, *(name for name in children if "." not in name)})

    @property
    def __all__(self) -> list[str]:
        source = modules.MODULES[self.__name__]
        public = [] if source is None else list(importlib.import_module(source).__all__)
        return [*public, *_elsewhere(self.__name__), *self._absent_names()]

    def _absent_names(self) -> frozenset[str]:
        return keras_names.NAMES.get(modules.MODULES[self.__name__] or "", frozenset())

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}"
        _refuse_private(f"module {self.__name__!r}", name)
        if full in modules.MODULES or _is_absent_module(full):
            return importlib.import_module(full)
        elsewhere = _elsewhere(self.__name__)
        if name in elsewhere:
            return _found(elsewhere[name])
        if name in self._absent_names():
            return _Absent(full)
        source = modules.MODULES[self.__name__]
        if source is not None and name in self.__all__:
            return getattr(importlib.import_module(source), name)
        raise AttributeError(missing(full, dir(self)))


class _Finder(MetaPathFinder, Loader):
    """Finds the modules of the table, and refuses every other name below their roots."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = fullname.rpartition(".")[0]
        if fullname in modules.MODULES or _is_absent_module(fullname):
            # All are packages, so that `from keras.layers import X` looks for the module
            # keras.layers.X and gets the message below.
            return ModuleSpec(fullname, self, is_package=True)
        if fullname.partition(".")[0] in ("keras", "tensorflow"):
            known = dir(sys.modules[parent]) if parent in modules.MODULES else ()
            raise ModuleNotFoundError(missing(fullname, known), name=parent)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Alias(spec.name) if spec.name in modules.MODULES else _AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ in modules.ROOTS:
            module.__dict__["__version__"] = _KERAS_VERSION
        elif module.__name__ in ("tensorflow", "tensorflow.compat.v1"):
            module.__dict__["__version__"] = _TENSORFLOW_VERSION


#: Holds modules named keras and tensorflow that install the alias. New worker processes
#: (multiprocessing's "spawn" and "forkserver", joblib) inherit sys.path and thus find them.
#: Programs started with subprocess do not, and import the real Keras.
WORKERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_workers")


def install() -> None:
    """Registers echocell as `keras` and `tensorflow.keras`, here and in worker processes.

    Raises:
        ImportError: another keras or tensorflow has been imported already.
    """
    for name in ("keras", "tensorflow"):
        if not isinstance(sys.modules.get(name, None), (_Alias, type(None))):
            raise ImportError(f"expected to come before `import {name}`, which was done already")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if WORKERS not in sys.path:
        sys.path.insert(0, WORKERS)


def take_the_place_of(name: str) -> None:
    """Installs the alias in place of the module of that name, which is being imported."""
    del sys.modules[name]
    install()
    importlib.import_module(name)


def run_script(path: str | os.PathLike[str], argv: Sequence[str] = ()) -> int:
    """Runs a Keras script on echocell as `python path argv...` would, in this process.

    Args:
        path: the script.
        argv: its arguments.

    Returns:
        The exit code: 0, that of the script's `sys.exit`, 1 after an exception (with its traceback
        on standard error), 2 if there is no such file.
    """
    script = os.fspath(path)
    if not os.path.isfile(script):
        print(
            f"echocell keras: expected a Python script, found no file {script!r}", file=sys.stderr
        )
        return 2
    install()
    arguments, search = sys.argv, sys.path
    sys.argv = [script, *argv]
    sys.path = [os.path.dirname(os.path.abspath(script)), *search]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as leaving:
        return _exit_code(leaving.code)
    except Exception as error:
        _print_error(error, script)
        return 1
    finally:
        sys.argv, sys.path = arguments, search
    return 0


def _exit_code(code: Any) -> int:
    """Returns Python's exit code for `sys.exit(code)`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)
    return 1


def _print_error(error: BaseException, script: str) -> None:
    """Prints the exception with its traceback, starting in the script, as Python does."""
    report = traceback.TracebackException.from_exception(error)
    files = [frame.filename for frame in report.stack]
    # After a syntax error in the script, no frame belongs to it.
    start = files.index(script) if script in files else len(files)
    frames = [frame for frame in report.stack[start:] if frame.filename != __file__]
    report.stack = traceback.StackSummary.from_list(frames)
    print("".join(report.format()), end="", file=sys.stderr)
