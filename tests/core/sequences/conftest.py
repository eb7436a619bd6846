"""Fixtures of the tests of states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.carried import RECURRENT


@pytest.fixture
def seeded() -> None:
    """Initial weights that are the same in every test."""
    np.random.seed(2)


@pytest.fixture(params=RECURRENT)
def recurrent(request: pytest.FixtureRequest) -> Any:
    """The class of a recurrent layer."""
    return RECURRENT[request.param]
