"""The legibility of all pictures.

No text overlaps another or is cut off, no legend covers data, and a logarithmic axis has at least
two numbers. The pictures of experiments are drawn from canned results, without training.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from echocell import plotting
from echocell.experiments import EXPERIMENTS
from echocell.experiments.run import sweep_plot
from echocell.experiments.run.report import picture_title
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Bars, Panel
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.plotting.style import log_labels, log_ticks
from echocell.utils import plot_model
from support.canned import canned_outcome

pytest.importorskip("matplotlib")

from matplotlib.transforms import Bbox

# One experiment of each kind of picture: the others differ from them in names and numbers alone.
DRAWN = ["echo-current", "airline", "gates", "gradient-flow", "cells"]
DRAWN += ["echo-length", "echo-sgd", "echo-batch", "echo-index", "lag-state", "lag-whole"]
DRAWN += ["memory-length", "memory-units", "memory-batch", "reber", "long-lag-c"]
DRAWN += ["adding-later", "languages", "continual-reber", "timing"]

Box = tuple[str, Bbox]


# -- texts and marks of a figure


def parts(figure: Any) -> Iterator[Any]:
    """Yields the figure and its subfigures."""
    yield figure
    for part in figure.subfigs:
        yield from parts(part)


def boxes(texts: Sequence[Any]) -> list[Box]:
    return [
        (text.get_text(), text.get_window_extent())
        for text in texts
        if text.get_visible() and text.get_text().strip()
    ]


def tick_labels(axis: Any) -> list[Box]:
    """Returns the ticks within the limits of the axis."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return boxes([tick.label1 for tick in ticks if low <= tick.get_loc() <= high])


def overlapping(found: Sequence[Box]) -> list[tuple[str, str]]:
    """Returns pairs of texts that overlap by more than a pixel in both directions."""
    pairs = []
    for (text, box), (other_text, other) in itertools.combinations(found, 2):
        common = Bbox.intersection(box, other)
        if common is not None and min(common.width, common.height) > 1:
            pairs.append((text, other_text))
    return pairs


def texts_of(axes: Any) -> list[Box]:
    titles = [axes.title, axes._left_title, axes._right_title]
    labels = [axes.xaxis.label, axes.yaxis.label]
    ticks = [*tick_labels(axes.xaxis), *tick_labels(axes.yaxis)]
    return [*boxes([*titles, *labels, *axes.texts]), *ticks]


def data_of(axes: Any) -> list[Box]:
    """Returns every point of the lines and every bar as boxes."""
    found: list[Box] = [("a bar", patch.get_window_extent()) for patch in axes.patches]
    for line in axes.lines:
        if line.get_transform() == axes.transData:
            for x, y in line.get_transform().transform(line.get_xydata()):
                found.append(("a point", Bbox.from_bounds(x - 2, y - 2, 4, 4)))
    return found


def check_readable(figure: Any) -> None:
    figure.draw_without_rendering()
    page = figure.bbox.padded(-2)
    legends = [("a legend", one.get_window_extent()) for p in parts(figure) for one in p.legends]
    texts = [*legends, *(box for part in parts(figure) for box in boxes(part.texts))]
    visible = [axes for axes in figure.axes if axes.get_visible()]
    for axes in visible:
        assert axes.get_legend() is None, "a legend within the axes may cover data"
        texts += texts_of(axes)
    assert overlapping(texts) == []
    for text, box in texts:
        assert page.contains(box.x0, box.y0), text
        assert page.contains(box.x1, box.y1), text
    for legend, axes in itertools.product(legends, visible):
        assert not any(overlapping([legend, data]) for data in data_of(axes))
    for axes in visible:
        if axes.get_yscale() == "log":
            shared = axes.get_shared_y_axes().get_siblings(axes)
            assert max(len(tick_labels(one.yaxis)) for one in shared) >= 2


# -- the pictures


@pytest.mark.parametrize("name", DRAWN)
def test_every_experiment(name: str) -> None:
    outcome = canned_outcome(name)
    experiment = EXPERIMENTS[name]
    statistics = {key: Statistic.of([value]) for key, value in outcome.figures.items()}
    check_readable(outcome.draw(picture_title(experiment, experiment.headline(statistics), 7)))


@pytest.mark.parametrize(("name", "share"), [("lag-depth", 0), ("memory-shuffle", 1)])
def test_pictures_if_all_failed_or_all_succeeded(name: str, share: float) -> None:
    check_readable(canned_outcome(name, share).draw(name))


def test_histories() -> None:
    falling = 1e-5 * np.exp(-np.arange(600) / 200)
    names = ["loss", "sparse_categorical_accuracy", "mae", "learning_rate"]
    history = {name: falling.tolist() for name in [*names, "val_loss", "val_mae"]}
    check_readable(plotting.plot_history(history, title="Four figures"))
    check_readable(plotting.plot_history({"loss": [3.0, 2.0, 1.0]}))


@pytest.mark.parametrize(
    ("steps", "labels"),
    [
        (300, None),
        (25, [str(k) for k in range(70, 95)]),
        (60, [f"2024-01-{k:02d}" for k in range(60)]),
        (3, ["one", "two", "a much longer label"]),
    ],
)
def test_gates(steps: int, labels: list[str] | None) -> None:
    trace = {name: np.linspace(0, 1, steps * 30).reshape(steps, 30) for name in "ifgoch"}
    check_readable(plotting.plot_gates(trace, labels=labels, title="Gates"))


@pytest.mark.parametrize("count", [1, 40, 120])
def test_texts_of_a_sequence_fit_their_boxes(count: int) -> None:
    words = ["echo 17"] * count
    figure = plotting.plot_sequence(words, words, words, title="A sequence")
    check_readable(figure)
    (axes,) = figure.axes
    widest = max(box.width for _, box in boxes(axes.texts))
    assert widest <= axes.patches[0].get_window_extent().width


def test_forecasts_of_a_falling_series() -> None:
    times = np.arange(90)
    series = 2e6 - 1e4 * times
    lines = {f"LSTM, part {k}": (times, series) for k in range(3)}
    lines |= {f"the baseline {k}": (times, series) for k in range(5)}
    panel = plotting.ForecastPanel(
        "RMSE on the test part: " + "a name 12.3, " * 15, times, series, lines, 60
    )
    title = "a long name of a file and of its column " * 6 + "\nbelow"
    check_readable(plotting.plot_forecast(title, [panel] * 2, xlabel="month", ylabel="passengers"))


def test_long_names_of_layers_fit_the_picture_of_a_model() -> None:
    name = "the_recurrent_layer_that_reads_the_sequence_from_its_beginning_to_its_end"
    model = Sequential([LSTM(2, input_shape=(3, 1), name=name), Dense(1)])
    check_readable(plot_model(model, None, show_shapes=True))


def test_labels_of_close_lines_do_not_overlap() -> None:
    lines = {f"paper: recipe number {k}": 1000.0 + 10 * k for k in range(6)}
    series = {"ours": [(900.0, True), (1100.0, False)]}
    check_readable(sweep_plot.plot_sweep("t", [Panel("y", "x", [1, 2], series, lines=lines)]))


def test_close_ticks_are_not_all_labelled() -> None:
    x = [*range(1, 60), 1000, 1001]
    series = {"": [(1.0, True)] * len(x)}
    panels = [Panel("y", "x", x, series, log_x=log) for log in (True, False)]
    check_readable(sweep_plot.plot_sweep("t", panels))


def test_unordered_settings_are_bars_with_names() -> None:
    names = ["per step", "per sequence"]
    bars = Bars("updates", names, {"": [(8000.0, False), (700.0, True)]})
    (axes,) = sweep_plot.plot_sweep("t", [bars]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert [patch.get_width() for patch in axes.patches[:2]] == [8000, 700]
    assert [text.get_text() for text in axes.texts] == ["8,000", "700"]
    assert not axes.lines


# -- logarithmic axes


@pytest.mark.parametrize("low", [1e-300, 3e-5, 0.17, 1.0, 900.0, 1234.5, 4e8])
@pytest.mark.parametrize("factor", [1.5, 1.9, 2.5, 7.0, 200.0, 1e6, 1e50, 1e290])
def test_logarithmic_axes_have_two_to_nine_numbers(low: float, factor: float) -> None:
    high = low * factor
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks) <= 10
    assert all(low <= tick <= high for tick in ticks)
    labels = log_labels(ticks)
    assert len(set(labels)) == len(labels)


def test_numbers_of_a_logarithmic_axis() -> None:
    assert log_labels(log_ticks(900, 30_000)) == ["1,000", "2,000", "5,000", "10,000", "20,000"]
    assert log_labels([1e-40, 1.0, 1e10]) == ["$10^{-40}$", "$10^{0}$", "$10^{10}$"]
