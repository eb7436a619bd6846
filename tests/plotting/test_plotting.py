"""The plots: their content, and refused arguments."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from echocell import plotting
from echocell.layers import GRU, LSTM, Dense
from echocell.models import Sequential
from echocell.utils import plot_model

pytest.importorskip("matplotlib")


@pytest.fixture
def layer() -> Any:
    model = Sequential()
    model.add(LSTM(3, input_shape=(4, 2)))
    model.add(Dense(1))
    return model.layers[0]


def images(figure: Any) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_pictures_leave_pyplot_alone(tmp_path: Path) -> None:
    loaded = "matplotlib.pyplot" in sys.modules
    plotting.save(plotting.plot_history({"loss": [1.0, 0.5]}), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 2_000
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_a_history_a_model_and_a_dict_are_drawn_alike() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    with pytest.raises(ValueError, match=r"the model has no history; train it with fit\(\)"):
        plotting.plot_history(model)
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 2)), np.ones(4), epochs=3, verbose=0)
    for source in (history, model, history.history, dict(history.history)):
        (axes,) = plotting.plot_history(source).axes
        assert list(axes.lines[0].get_ydata()) == history.history["loss"]
    with pytest.raises(TypeError, match=r"expected what fit\(\) returned, .*, received list"):
        plotting.plot_history([1.0, 0.5])


def test_pictures_show_themselves_in_notebooks() -> None:
    figure = plotting.plot_history({"loss": [1.0, 0.5]})
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == tuple(figure.get_size_inches() * 100)


def test_scripts_show_pictures_in_a_window_and_keep_none(monkeypatch: pytest.MonkeyPatch) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    shown = []
    monkeypatch.setattr(
        pyplot, "show", lambda: shown.extend(pyplot.figure(n) for n in pyplot.get_fignums())
    )
    figure = plotting.plot_history({"loss": [1.0, 0.5]})
    assert pyplot.get_fignums() == []
    figure.show()
    assert shown == [figure]
    assert pyplot.get_fignums() == []
    figure.show()  # again: the window was closed
    assert shown == [figure, figure]


def test_show_warns_where_there_are_no_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")  # without one, matplotlib does not even warn
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    figure = plotting.plot_history({"loss": [1.0, 0.5]})
    with pytest.warns(UserWarning, match="non-interactive"):
        figure.show()
    figure.show(warn=False)


def test_a_kernel_gets_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    figure, shown = plotting.plot_history({"loss": [1.0, 0.5]}), []
    notebook = ModuleType("IPython")
    notebook.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display = ModuleType("IPython.display")
    display.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    figure.show()
    assert shown == [figure]


def test_plot_model_returns_its_picture(tmp_path: Path) -> None:
    model = Sequential([LSTM(3, input_shape=(4, 2)), Dense(1)])
    figure = plot_model(model, tmp_path / "model.png", show_shapes=True)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert (tmp_path / "model.png").stat().st_size > 2_000
    assert plot_model(model, None).axes
    assert [path.name for path in tmp_path.iterdir()] == ["model.png"]


def test_history_draws_validation_beside_its_own() -> None:
    history = {"loss": [3.0, 2.0], "acc": [0.1, 0.2], "val_loss": [4.0, 3.0]}
    loss, accuracy = plotting.plot_history(history, title="both").axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.1, 0.2]]
    assert list(loss.lines[0].get_xdata()) == [1, 2]


def test_long_histories_are_smoothed_without_a_bias() -> None:
    (axes,) = plotting.plot_history({"loss": np.full(1000, 2.0)}).axes
    raw, smooth = axes.lines
    assert len(raw.get_ydata()) == len(smooth.get_ydata()) == 1000
    assert np.allclose(smooth.get_ydata(), 2.0)


def test_one_point_is_seen() -> None:
    (axes,) = plotting.plot_history({"loss": [2.0]}).axes
    assert axes.lines[0].get_marker() == "o"


def test_empty_history() -> None:
    with pytest.raises(ValueError, match="expected at least one series"):
        plotting.plot_history({})


def test_sequence_marks_right_and_wrong() -> None:
    (axes,) = plotting.plot_sequence("ABC", ["B", "C", None], ["B", "X", None]).axes
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["A", "B", "B", "B", "C", "X", "C"]
    colours = [patch.get_facecolor() for patch in axes.patches]
    assert colours[2] != colours[5]
    assert colours[0] == colours[3] == colours[6]


def test_sequence_refuses_other_lengths() -> None:
    with pytest.raises(ValueError, match="received 3, 2 and 3"):
        plotting.plot_sequence([1, 2, 3], [1, 2], [1, 2, 3])


def test_gates_of_a_layer(layer: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 2)).astype("float32")
    trace = layer.trace(x)
    figure = plotting.plot_gates(layer, x, sample=1, labels="abcd", breaks=[2], title="gates")
    order = np.argsort(-trace["c"][1].mean(axis=0), kind="stable")
    drawn = images(figure)
    assert len(drawn) == len(trace)
    for image, values in zip(drawn, trace.values(), strict=True):
        assert np.array_equal(image, values[1][:, order].T)


@pytest.mark.parametrize("names", [("h",), ("z", "r", "g", "h"), ("forward_c", "backward_c")])
def test_gates_of_any_cell(names: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    trace = {name: rng.random((40, 5)) for name in names}
    assert len(images(plotting.plot_gates(trace))) == len(names)


def test_gates_of_a_model() -> None:
    model = Sequential(
        [LSTM(3, return_sequences=True, input_shape=(None, 2)), GRU(5, name="second"), Dense(1)]
    )
    rows = [np.ones((4, 2)), np.ones((6, 2))]
    for options, count, shape in (({}, 6, (3, 6)), ({"layer": "second"}, 4, (5, 6))):
        drawn = images(plotting.plot_gates(model, rows, sample=1, **options))
        assert len(drawn) == count
        assert {image.shape for image in drawn} == {shape}
    with pytest.raises(ValueError, match="sample: expected a row below 2, received 2"):
        plotting.plot_gates(model, rows, sample=2)
    with pytest.raises(ValueError, match="received one without gates"):
        plotting.plot_gates(model, rows, layer=-1)


def test_gates_refuse(layer: Any) -> None:
    with pytest.raises(ValueError, match="needs the input x"):
        plotting.plot_gates(layer)
    with pytest.raises(TypeError, match="expected a model, a layer, or its trace"):
        plotting.plot_gates(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"expected h of shape \[B, T, H\] or \[T, H\]"):
        plotting.plot_gates({"h": np.zeros(3)})
    with pytest.raises(ValueError, match="expected 3 labels, one per time step, received 2"):
        plotting.plot_gates({"h": np.zeros((3, 2))}, labels="ab")


def test_missing_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "echocell.plotting.picture", raising=False)
    with pytest.raises(ImportError, match=r"echocell\[plot\]"):
        plotting.plot_history({"loss": [1.0]})
