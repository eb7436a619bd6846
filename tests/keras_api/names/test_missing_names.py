"""Names that echocell does not have: the message is that of the alias."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import echocell
from echocell._common import keras_names


@pytest.mark.parametrize("module", sorted(keras_names.NAMES))
def test_names_of_keras_are_refused_by_name(module: str) -> None:
    there = importlib.import_module(module)
    for name in keras_names.NAMES[module]:
        if hasattr(there, name):
            continue
        text = rf"^echocell does not provide {module}\.{name} yet\.$"
        with pytest.raises(ImportError, match=text):
            exec(f"from {module} import {name}", {})
        with pytest.raises(AttributeError, match=text):
            getattr(there, name)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from echocell.layers import LSTN", r"'LSTN' from 'echocell\.layers'.* mean 'LSTM'\?"),
        ("from echocell import Sequentiall", r"'Sequentiall' from 'echocell'.* 'Sequential'\?"),
        ("from echocell.losses import _x", r"cannot import name '_x' from 'echocell\.losses'\.$"),
    ],
)
def test_other_names_are_import_errors_with_the_nearest_name(statement: str, message: str) -> None:
    with pytest.raises(ImportError, match=message):
        exec(statement, {})


def test_attributes_that_are_not_there_are_attribute_errors() -> None:
    """hasattr, getattr with a default, and tools that inspect all modules work."""
    layers: Any = echocell.layers
    assert not hasattr(layers, "Conv1D")
    assert getattr(echocell, "Model", None) is None
    with pytest.raises(AttributeError, match=r"module 'echocell\.layers' has no attribute 'LSTN'$"):
        layers.LSTN()
