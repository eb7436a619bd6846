"""User-defined subclasses: methods that would never run are refused when the class is defined."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell import initializers, layers, losses, metrics, optimizers, regularizers
from echocell._common import overrides
from echocell._common.overrides import NeverCalled
from echocell.layers import GRU, LSTM, Bidirectional, Dense, Flatten, Input, Layer
from echocell.models import Sequential, clone_model, load_model

X, Y = np.ones((4, 3, 2)), np.ones((4, 1))

CLASSES: list[tuple[type, NeverCalled]] = [
    *((cls, overrides.LAYER) for cls in (Layer, LSTM, GRU, Dense, Flatten, layers.Bidirectional)),
    (Sequential, overrides.MODEL),
    *((cls, overrides.REGULARIZER) for cls in (regularizers.Regularizer, regularizers.L2)),
    (initializers.Orthogonal, overrides.INITIALIZER),
    (initializers.Chrono, overrides.CHRONO),
    *((cls, overrides.OPTIMIZER) for cls in (optimizers.Optimizer, optimizers.Adam)),
    *((cls, overrides.LOSS) for cls in (losses.Loss, losses.MeanSquaredError)),
    *((cls, overrides.METRIC) for cls in (metrics.Metric, metrics.BinaryAccuracy)),
]
CASES = [(cls, name, table.instead) for cls, table in CLASSES for name in sorted(table.names)]


def method(*_: Any) -> None:
    """The method or property that a user-defined class has under the name."""


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


@pytest.mark.parametrize(
    ("base", "arguments"),
    [(Layer, ()), (losses.Loss, ()), (metrics.Metric, ()), (optimizers.Optimizer, (0.1,))],
)
def test_a_base_class_by_itself_is_refused(base: Any, arguments: tuple[Any, ...]) -> None:
    for cls in (base, type("Mine", (base,), {})):
        text = rf"{cls.__name__}: a {base.__name__} by itself computes nothing\. Expected one of"
        with pytest.raises(TypeError, match=text):
            cls(*arguments)


def test_an_input_by_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="an Input says what a model takes and computes nothing"):
        Input((2,))(Y)


# ---- effective overrides are allowed -----------------------------------------------------------


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


class Doubled(initializers.Initializer):
    """An initializer of the user's own."""

    def __call__(self, shape: Any, dtype: Any = "float32") -> Any:
        return np.ones(shape, dtype)


class Weak(regularizers.L2):
    """A penalty with a fixed factor."""

    def __init__(self) -> None:
        super().__init__(0.25)


def test_subclasses_that_change_what_runs() -> None:
    dense = Dense(1, kernel_initializer=Doubled(), kernel_regularizer=Weak())
    model = Counted([Input((3, 2)), Small(name="small"), Flatten(), dense])
    model.compile(optimizers.SGD(0.0), "mse")
    assert model.layers[0].width == 3
    np.testing.assert_array_equal(dense.get_weights()[0], 1)
    history = model.fit(X, model.predict(X), verbose=0)
    assert model.calls == 1
    assert history.history["loss"] == [pytest.approx(0.25 * 9)]


class Own(initializers.Orthogonal):
    """An initializer that draws something else."""

    def __call__(self, shape: Any, dtype: Any = "float32") -> Any:
        return 2 * super().__call__(shape, dtype)


@pytest.mark.parametrize("copied", [copy.deepcopy, clone_model, "file"])
def test_subclasses_are_saved_and_copied_as_what_they_derive_from(
    copied: Any, tmp_path: Path
) -> None:
    class Slow(optimizers.SGD):
        def __init__(self) -> None:
            super().__init__(0.001)

    model = Sequential([Input((3, 2)), Small(kernel_regularizer=Weak()), Bidirectional(Small())])
    model.compile(Slow(), losses.MeanSquaredError())
    if copied == "file":
        model.save(tmp_path / "model")
        other = load_model(tmp_path / "model")
    else:
        other = copied(model)
    assert other.layers[0].units == 3
    assert other.layers[0].kernel_regularizer.l2 == 0.25
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_a_layer_of_the_user_goes_into_a_second_model() -> None:
    layer = Small()
    first = Sequential([Input((3, 2)), layer])
    with pytest.warns(UserWarning, match="a copy of it"):
        second = Sequential([Input((3, 2)), layer])
    np.testing.assert_equal(second.get_weights(), first.get_weights())


def test_what_cannot_be_loaded_is_not_saved(tmp_path: Path) -> None:
    for initializer in (Doubled(), Own()):
        model = Sequential([Input((3, 2)), Dense(2, kernel_initializer=initializer)])
        with pytest.raises(ValueError, match="none of echocell's own and cannot be written"):
            model.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()
        model.save_weights(tmp_path / "weights")
        model.load_weights(tmp_path / "weights")
        (tmp_path / "weights").unlink()
