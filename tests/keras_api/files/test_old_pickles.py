"""Objects that were pickled by earlier versions, with a flat package, can still be read."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from support import TESTS

VECTORS = np.load(TESTS / "vectors/pickles.npz")
PICKLED = sorted({*VECTORS.files} - {"x", "predicted", "lstm_called"})


def restored(name: str) -> object:
    return pickle.loads(VECTORS[name].tobytes())


@pytest.mark.parametrize("name", PICKLED)
def test_everything_is_read_and_pickled_by_its_public_path(name: str) -> None:
    again = pickle.dumps(restored(name))
    assert b"echocell._" not in again or name in ("plot_model", "set_num_threads")
    assert type(pickle.loads(again)) is type(restored(name))


def test_the_numbers_are_those_of_before() -> None:
    x = VECTORS["x"]
    model, lstm = restored("model"), restored("lstm")
    np.testing.assert_allclose(model.predict(x), VECTORS["predicted"], rtol=1e-6)
    np.testing.assert_allclose(lstm(x), VECTORS["lstm_called"], rtol=1e-6)
    assert len(restored("history").history["loss"]) == 2
    assert restored("early").patience == 3
    assert restored("chrono").max_time == 20
