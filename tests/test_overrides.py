"""Subclasses of the user: what would never run is refused when the class is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echocell import _overrides, initializers, layers, losses, metrics, optimizers, regularizers
from echocell._overrides import NeverCalled
from echocell.layers import GRU, LSTM, Dense, Flatten, Input, Layer
from echocell.models import Sequential

X, Y = np.ones((4, 3, 2)), np.ones((4, 1))

CLASSES: list[tuple[type, NeverCalled]] = [
    *((cls, _overrides.LAYER) for cls in (Layer, LSTM, GRU, Dense, Flatten, layers.Bidirectional)),
    (Sequential, _overrides.MODEL),
    *((cls, _overrides.REGULARIZER) for cls in (regularizers.Regularizer, regularizers.L2)),
    (initializers.Orthogonal, _overrides.INITIALIZER),
    (initializers.Chrono, _overrides.CHRONO),
    *((cls, _overrides.OPTIMIZER) for cls in (optimizers.Optimizer, optimizers.Adam)),
    *((cls, _overrides.LOSS) for cls in (losses.Loss, losses.MeanSquaredError)),
    *((cls, _overrides.METRIC) for cls in (metrics.Metric, metrics.BinaryAccuracy)),
]
CASES = [(cls, name, table.instead) for cls, table in CLASSES for name in sorted(table.names)]


def method(*_: Any) -> None:
    """What a user's class has under the name."""


@pytest.mark.parametrize(("base", "name", "instead"), CASES)
def test_a_method_that_would_never_run_is_refused(base: type, name: str, instead: str) -> None:
    with pytest.raises(TypeError, match=f"class Mine: Mine.{name} would never run") as refused:
        type("Mine", (base,), {name: method, "__module__": __name__})
    assert f"a {base.__name__} does" in str(refused.value)
    assert instead in str(refused.value)
    assert "Possible instead: " in instead


def test_so_is_one_of_another_base_and_of_a_later_class() -> None:
    class Mixin:
        def call(self, x: Any) -> Any:
            return x

    for bases in ((Mixin, Dense), (Dense, Mixin)):
        with pytest.raises(TypeError, match=r"class Mine: Mixin\.call would never run"):
            type("Mine", bases, {})

    class Fine(Dense):
        pass

    with pytest.raises(TypeError, match=r"class Worse: Worse\.call would never run"):

        class Worse(Fine):
            def call(self, x: Any) -> Any:
                return x


@pytest.mark.parametrize("make", [Layer, lambda: type("Mine", (Layer,), {})()])
def test_a_layer_by_itself_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"a Layer by itself computes nothing\. Expected one of"):
        make()


def test_an_input_by_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="an Input says what a model takes and computes nothing"):
        Input((2,))(Y)


# ---- what has an effect is allowed -------------------------------------------------------------


class Small(LSTM):
    """A layer with fixed arguments, and a method and a property of its own."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(3, return_sequences=True, **keywords)

    @property
    def width(self) -> int:
        return self.units

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class Counted(Sequential):
    """A model that counts the calls of fit."""

    calls = 0

    def fit(self, *args: Any, **keywords: Any) -> Any:
        self.calls += 1
        return super().fit(*args, **keywords)


class Ones(initializers.Initializer):
    """An initializer of the user's own."""

    def __call__(self, shape: Any, dtype: Any = "float32") -> Any:
        return np.ones(shape, dtype)


class Weak(regularizers.L2):
    """A penalty with a fixed factor."""

    def __init__(self) -> None:
        super().__init__(0.25)


def test_subclasses_that_change_what_runs() -> None:
    dense = Dense(1, kernel_initializer=Ones(), kernel_regularizer=Weak())
    model = Counted([Input((3, 2)), Small(name="small"), Flatten(), dense])
    model.compile(optimizers.SGD(0.0), "mse")
    assert model.layers[0].width == 3
    np.testing.assert_array_equal(dense.get_weights()[0], 1)
    history = model.fit(X, model.predict(X), verbose=0)
    assert model.calls == 1
    assert history.history["loss"] == [pytest.approx(0.25 * 9)]
