"""Types and signatures, as used by completion, help() and type checkers."""

from __future__ import annotations

import inspect
import os
import pathlib
import pydoc
import re
import subprocess
import sys
from typing import Any

import pytest

import echocell
from echocell import layers, optimizers
from echocell.layers.arguments import LayerArguments, SharedArguments
from echocell.layers.rnn.recurrent import RecurrentArguments

SCRIPT = pathlib.Path(__file__).with_name("typed_script.py")
LAYERS = [cls for name in layers.__all__ if isinstance(cls := getattr(layers, name), type)]


def test_a_type_checker_finds_the_mistakes_of_a_script() -> None:
    pytest.importorskip("mypy")
    root = pathlib.Path(echocell.__file__).parents[1]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", SCRIPT.name]
    environment = dict(os.environ)
    if root.name != "site-packages":  # which mypy searches itself, and refuses as an option
        environment["MYPYPATH"] = str(root)
    # An empty configuration file, to check the user's view of the installed package.
    run = subprocess.run(
        [*command, "--config-file", os.devnull],
        cwd=SCRIPT.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(line) for line in re.findall(rf"^{SCRIPT.name}:(\d+): error", run.stdout, re.M)}
    lines = SCRIPT.read_text().splitlines()
    expected = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}
    assert found == expected, run.stdout + run.stderr


@pytest.mark.parametrize("cls", LAYERS)
def test_signatures_of_layers_are_complete(cls: type) -> None:
    parameters = inspect.signature(cls).parameters
    assert {"name", "trainable", "dtype", "weights", "input_shape"} <= set(parameters)
    assert [p for p in parameters.values() if p.kind is p.VAR_KEYWORD][1:] == []


@pytest.mark.parametrize("cls", [layers.LSTM, layers.GRU, layers.SimpleRNN, layers.MemoryBlocks])
def test_signatures_of_recurrent_layers_are_complete(cls: Any) -> None:
    parameters = inspect.signature(cls).parameters
    names = {"return_sequences", "return_state", "stateful", "dropout", "recurrent_dropout", "seed"}
    assert names <= set(parameters)
    assert parameters["return_sequences"].default is False
    assert ("units" in parameters) == (cls is not layers.MemoryBlocks)
    # A layer object has the signature of its __call__.
    assert [*inspect.signature(cls(2)).parameters][:2] == ["x", "mask"]


def test_signatures_of_optimizers_are_complete() -> None:
    for cls in (optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop):
        assert {"learning_rate", "clipnorm", "weight_decay"} <= set(
            inspect.signature(cls).parameters
        )


def test_the_types_of_keywords_are_those_of_the_constructors() -> None:
    """Type checkers read the TypedDicts, while the constructors are what runs."""
    shared = [name for name in inspect.signature(layers.Layer).parameters if name != "others"]
    ignored = {"activity_regularizer", "autocast"}
    assert set(LayerArguments.__annotations__) == {*shared, *ignored}
    assert set(SharedArguments.__annotations__) == {*shared, *ignored} - {"input_dim"}
    recurrent = layers.SimpleRNN
    table = recurrent._keras_arguments
    known = {*inspect.signature(recurrent).parameters, *table.ignored, *table.neutral}
    positional = {"units", "activation", "use_bias", "others"}
    assert set(RecurrentArguments.__annotations__) == known - positional


@pytest.mark.parametrize("cls", [*LAYERS, optimizers.Adam, echocell.Sequential])
def test_help_lists_no_private_names(cls: type) -> None:
    text = pydoc.render_doc(cls, renderer=pydoc.plaintext)
    assert not re.findall(r"^ \|  (_[a-z]\w*)", text, re.M)
