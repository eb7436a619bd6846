"""Shared configuration: Hypothesis's profiles, fixtures of threads and random numbers.

The default profile draws the same examples in every run. `pytest --hypothesis-profile quick` draws
fewer of them, for slow machines and slow builds; `explore` draws new and more examples, and prints
how to reproduce a failure.
"""

from __future__ import annotations

import signal
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

common = {"deadline": None, "database": None, "print_blob": True}
common["suppress_health_check"] = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("default", derandomize=True, max_examples=25, **common)
settings.register_profile("quick", derandomize=True, max_examples=8, **common)
settings.register_profile("explore", derandomize=False, max_examples=250, **common)
settings.load_profile("default")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_interrupts() -> None:
    """Restores SIGINT, which shells ignore in programs that they start in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=[1, 2, 3], ids=lambda count: f"{count}-threads")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Runs the test with 1, 2 and 3 threads of the core."""
    from echocell import _core

    before = _core.get_num_threads()
    _core.set_num_threads(request.param)
    yield request.param
    _core.set_num_threads(before)


@pytest.fixture
def fresh_process() -> Iterator[None]:
    """Resets automatic names and random numbers before every test."""
    from echocell import backend
    from echocell._common import naming

    naming.reset_names()
    np.random.seed(11)
    yield
    backend.set_floatx("float32")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A fixed seed for every test, so that its random data are the same in every run.

    It is printed if the test fails, with the other arguments.
    """
    number = zlib.crc32(request.node.nodeid.split("::", 1)[-1].encode())
    print(f"seed {number}")
    return number
