"""One build of the core per instruction set: the choice, and equal results of all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import echocell
from echocell._core import _cpu
from echocell._core import isa as isa_module

ALL = ["x86_64_v4", "x86_64_v3", "x86_64"]

# Trains a model with every kind of cell at sizes beyond each vector width, in float64.
TRAIN = """
import sys
import numpy as np
import echocell
from echocell.layers import GRU, LSTM, Bidirectional, Dense, SimpleRNN
from echocell.models import Sequential

draw = np.random.default_rng(5)
x, y = draw.normal(size=(11, 6, 5)), draw.normal(size=(11, 3))
model = Sequential(
    [
        Bidirectional(LSTM(19, return_sequences=True, peephole=True), input_shape=(6, 5)),
        GRU(9, return_sequences=True),
        SimpleRNN(17),
        Dense(3),
    ],
    dtype="float64",
)
model.set_weights([draw.normal(0, 0.3, w.shape) for w in model.get_weights()])
model.compile(optimizer="adam", loss="mse")
losses = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0).history["loss"]
print(echocell.build_info()["instruction_set"], *losses, model.predict(x).sum())
"""


def run(isa: str, code: str) -> subprocess.CompletedProcess[str]:
    """Runs a new interpreter outside of the source folder."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, isa_module.VARIABLE: isa},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_best_one_is_taken() -> None:
    assert isa_module.choose(None, ALL, ALL) == "x86_64_v4"
    assert isa_module.choose("", ALL[1:], ALL) == "x86_64_v3"
    assert isa_module.choose(None, ALL, ["x86_64", "x86_64_v3"]) == "x86_64_v3"
    assert isa_module.choose("x86_64", ALL, ALL) == "x86_64"


@pytest.mark.parametrize(
    ("wanted", "supported", "built", "why"),
    [
        ("x86_64_v4", ALL[1:], ALL, "this machine cannot run it"),
        ("x86_64_v4", ALL, ALL[1:], "there is no such build; expected one of x86_64_v3, x86_64"),
        ("avx2", ALL, ALL, "ECHOCELL_ISA='avx2': there is no such build"),
        (None, ALL[2:], ALL[:2], "it supports x86_64, there are x86_64_v4, x86_64_v3"),
        (None, ALL, [], "there are none"),
    ],
)
def test_what_cannot_be_taken_is_an_error(
    wanted: str | None, supported: list[str], built: list[str], why: str
) -> None:
    with pytest.raises(ImportError) as caught:
        isa_module.choose(wanted, supported, built)
    assert why in str(caught.value)


def test_the_variable_is_obeyed_or_fails_loudly() -> None:
    failed = run("nonsense", "import echocell")
    assert failed.returncode != 0
    assert "ECHOCELL_ISA='nonsense': there is no such build; expected one of" in failed.stderr
    taken = os.environ.get(isa_module.VARIABLE)
    if taken:
        assert echocell.build_info()["instruction_set"] == taken


def test_all_builds_compute_the_same() -> None:
    """Rounding differs, because only some instruction sets fuse multiply and add."""
    numbers = {}
    for isa in _cpu.supported():
        done = run(isa, TRAIN)
        if "there is no such build" in done.stderr:
            continue
        assert done.returncode == 0, done.stderr
        name, *values = done.stdout.split()
        assert name == isa
        numbers[isa] = [float(value) for value in values]
    first, *others = numbers.values()
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-11)


SHOW_SPINS = "import os, echocell; print(os.environ.get('GOMP_SPINCOUNT'))"


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenMP's spinning is limited while the core is loaded, unless the environment sets it."""
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    assert run("", SHOW_SPINS).stdout.strip() == "None"
    monkeypatch.setenv("GOMP_SPINCOUNT", "77")
    assert run("", SHOW_SPINS).stdout.strip() == "77"
