"""All errors are raised by models with the same names and weights."""

from __future__ import annotations

import numpy as np
import pytest

from echocell._common import naming


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    naming.reset_names()
    np.random.seed(7)
