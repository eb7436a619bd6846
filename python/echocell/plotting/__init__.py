"""Pictures: learning curves, sequences with their predictions, the gates of a cell over time.

Needs matplotlib, which comes with the extra "plot". Every function returns a matplotlib Figure that
a notebook shows as the value of a cell. In scripts, and elsewhere in a cell, `figure.show()` shows
it, in a window or below the cell; `save(figure, path)` writes it. pyplot does not know it before.

Legend: B batch, T time steps, H units.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.plotting.heat_maps import draw_gates
from echocell.plotting.sources import LearningCurve, Traceable, gates_of, history_of
from echocell.plotting.style import BLUE as BLUE
from echocell.plotting.style import DOTS_PER_INCH, legend_above, text_width
from echocell.plotting.style import GREEN as GREEN
from echocell.plotting.style import GREY as GREY
from echocell.plotting.style import INK as INK
from echocell.plotting.style import ORANGE as ORANGE
from echocell.plotting.style import RED as RED
from echocell.plotting.style import style_axes as style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from echocell.callbacks import History
    from echocell.models.trainer import Trainer

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "RED",
    "ForecastPanel",
    "MissingPlotExtraError",
    "available",
    "first_sample",
    "last_steps",
    "new_figure",
    "plot_experiment",
    "plot_forecast",
    "plot_gates",
    "plot_history",
    "plot_sequence",
    "save",
    "style_axes",
    "titled_figure",
]

Array = NDArray[Any]
Trace = Mapping[str, Array]
Labels = Sequence[object] | Array

# Fills of the boxes of a sequence: given, right, wrong.
_GIVEN, _RIGHT, _WRONG = "#E5EDF5", "#CBEBDD", "#F9D5C5"

_WIDTH = 16.0  # inches, of a figure with a title
_TITLE_LETTERS, _BODY_LETTERS = 105, 175  # of a line of the title, and of a line below it
_MOST_BOXES = 40  # in a row of a sequence


class MissingPlotExtraError(ImportError):
    """matplotlib is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "pictures need matplotlib, which is not installed: pip install 'echocell[plot]'"
        )


def available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def new_figure(width: float = 16.0, height: float = 10.0) -> Figure:
    """An empty figure of the given size in inches, 100 dots each.

    Raises MissingPlotExtraError, an ImportError, where matplotlib is missing.
    """
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from echocell.plotting.picture import Picture
    except ImportError:
        raise MissingPlotExtraError from None
    # The distances of parts from each other and from the edge, in inches.
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06)
    return Picture(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes the figure; the ending of the path says how (.png, .svg, .pdf)."""
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor="white")


def plot_history(
    history: Mapping[str, Sequence[float]] | History | Trainer,
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "epoch",
    title: str = "",
) -> Figure:
    """Loss and metrics over a training.

    history: what `model.fit(...)` returned, its `.history`, or the trained model.
    x: where each value stands; 1, 2, 3, ... if None. A name "val_..." is drawn beside its own.
    """
    history = history_of(history)
    names = _own_names(history)
    if not names:
        raise ValueError("plot_history: expected at least one series, received an empty history")
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = new_figure(12, 4.5 * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(grid, names, strict=False):
        _draw_curve(axes, history, name, x, xlabel)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    if len(names) < len(history):
        legend_above(figure, grid, right=True)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=INK)
    return figure


def plot_sequence(
    sequence: Labels, expected: Labels, predicted: Labels, *, title: str = ""
) -> Figure:
    """A sequence, and below each of its values what was expected there and what was predicted.

    All three of one length, of anything that prints short; None where nothing is answered.
    Raises ValueError where the lengths differ.
    """
    figure = new_figure(16, 2.4)
    _draw_sequence(figure.subplots(), sequence, expected, predicted, title)
    return figure


def plot_gates(
    trace: Trace | Traceable,
    x: ArrayLike | None = None,
    *,
    layer: int | str | None = None,
    sample: int = 0,
    labels: Labels | None = None,
    time: str = "time step",
    breaks: Sequence[int] = (),
    title: str = "",
) -> Figure:
    """Every gate, the cell state and the output of a recurrent layer over time, as heat maps.

    trace: a model, a layer, or what the `trace(x)` of one gave (name -> [B, T, H], or [T, H]).
    x: the input [B, T, F] of the model or of the layer, where `trace` is one.
    layer: number or name of the model's layer to draw; its first recurrent layer if None.
    sample: which row of the batch; labels: a text per time step; time: the label of that axis;
    breaks: time steps before which a line is drawn.
    Units are sorted by their mean cell state, in the same order in every map.
    """
    figure = new_figure(16, 7)
    draw_gates(figure, gates_of(trace, x, layer, sample), labels, time, breaks)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=INK)
    return figure


def plot_experiment(
    title: str,
    *,
    curve: LearningCurve,
    sequence: Labels,
    expected: Labels,
    predicted: Labels,
    trace: Trace,
    example: str = "one example",
    labels: Labels | None = None,
    time: str = "time step",
    breaks: Sequence[int] = (),
) -> Figure:
    """The report of an experiment on one page: loss and accuracy, one example, gates over time.

    curve: loss and metrics over updates; sequence, expected, predicted: as for `plot_sequence`,
    under the heading `example`;
    trace (name -> [T, H]), labels, time, breaks: as for `plot_gates`.
    """
    figure, body = titled_figure(title, 9.2)
    top, middle, bottom = body.subfigures(3, 1, squeeze=False, height_ratios=(2.3, 1.6, 5.3))[:, 0]
    left, right = top.subplots(1, 2)
    names = _own_names(curve.history)
    for axes, name in zip((left, right), names, strict=False):
        _draw_curve(axes, curve.history, name, curve.updates, "updates")
    if len(names) < 2:
        right.set_visible(False)
    _draw_sequence(middle.subplots(), sequence, expected, predicted, example)
    draw_gates(bottom, trace, labels, time, breaks)
    return figure


def first_sample(trace: Trace) -> dict[str, Array]:
    """Gates over time of the batch's first row: [B, T, H] -> [T, H]."""
    return {name: values[0] for name, values in trace.items()}


def last_steps(trace: Trace) -> dict[str, Array]:
    """Gates at the last step of every row, row by row: [B, T, H] -> [B, H]."""
    return {name: values[:, -1] for name, values in trace.items()}


def _head(title: str) -> tuple[str, str, float]:
    """The first line of a title and its other lines, both wrapped, and their height in inches."""
    first, _, rest = title.partition("\n")
    first = textwrap.fill(first, _TITLE_LETTERS)
    body = "\n".join(textwrap.fill(line, _BODY_LETTERS) for line in rest.splitlines())
    return first, body, 0.23 + 0.32 * len(first.splitlines()) + 0.22 * len(body.splitlines())


def titled_figure(title: str, height: float) -> tuple[Figure, SubFigure]:
    """Returns a figure with a title, its first line bold, and the part below it to draw in.

    height: of that part, in inches; the title's is added.
    """
    own = _head(title)[2]
    figure = new_figure(_WIDTH, own + height)
    head, body = figure.subfigures(2, 1, squeeze=False, height_ratios=(own, height))[:, 0]
    _draw_head(head, title)
    return figure, body


def _draw_head(figure: SubFigure, title: str) -> None:
    """The title at the top left; distances in inches, whatever the figure."""
    from matplotlib.transforms import ScaledTranslation

    first, body, _ = _head(title)
    below = 0.13 + 0.32 * len(first.splitlines())
    for text, down, size, weight in ((first, 0.08, 17, "bold"), (body, below, 11.5, "normal")):
        shift = ScaledTranslation(0.18, -down, figure.dpi_scale_trans)
        figure.text(
            0,
            1,
            text,
            va="top",
            fontsize=size,
            fontweight=weight,
            color=INK,
            linespacing=1.35,
            transform=figure.transSubfigure + shift,
        )


def _own_names(history: Mapping[str, Sequence[float]]) -> list[str]:
    return [name for name in history if not name.startswith("val_")]


def _draw_curve(
    axes: Axes,
    history: Mapping[str, Sequence[float]],
    name: str,
    x: Sequence[float] | None,
    xlabel: str,
) -> None:
    """One series and, where there is one, its validation; long ones are smoothed too."""
    title = name
    for key, label, colour in (
        (name, "training", BLUE),
        (f"val_{name}", "validation", ORANGE),
    ):
        if key not in history:
            continue
        values = np.asarray(history[key], dtype=float)
        places = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
        width = len(values) // 100
        if width > 2:
            axes.plot(places, values, color=colour, linewidth=0.6, alpha=0.3)
            values, title = _smoothed(values, width), f"{name} (line: moving mean of {width})"
        axes.plot(places, values, color=colour, linewidth=2, label=label, **_marker(values))
    style_axes(axes, title=title, xlabel=xlabel, ylabel=_unit(name))
    axes.locator_params(axis="x", nbins=7, integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    if "acc" in name:
        axes.set_ylim(-0.03, 1.03)
    elif np.min(history[name]) >= 0:
        axes.set_ylim(bottom=0)


def _marker(values: Array) -> dict[str, Any]:
    """A dot, where a line of one point would show nothing."""
    return {"marker": "o"} if len(values) == 1 else {}


def _unit(name: str) -> str:
    if name in ("lr", "learning_rate"):
        return ""
    return "fraction correct" if "acc" in name else "mean per sample"


def _smoothed(values: Array, width: int) -> Array:
    """The mean of the `width` values around each, of fewer at the ends."""
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.asarray(np.convolve(values, window, mode="same") / counts)


def _draw_sequence(
    axes: Axes, sequence: Labels, expected: Labels, predicted: Labels, title: str
) -> None:
    """Three rows of boxes: what came in, what should come out, what came out."""
    if not len(sequence) == len(expected) == len(predicted):
        raise ValueError(
            f"expected sequence, expected and predicted of one length, received "
            f"{len(sequence)}, {len(expected)} and {len(predicted)}"
        )
    shown = list(zip(sequence, expected, predicted, strict=True))[:_MOST_BOXES]
    columns = max(len(shown), 16)
    longest = max((str(value) for column in shown for value in column), key=len, default="")
    room = 0.8 * axes.get_window_extent().width / columns
    size = min(12.0, room / text_width(longest or "n", 1))
    for place, (given, wanted, got) in enumerate(shown):
        _draw_box(axes, place, 2, given, _GIVEN, size)
        if wanted is not None:
            _draw_box(axes, place, 1, wanted, "white", size)
            _draw_box(axes, place, 0, got, _RIGHT if got == wanted else _WRONG, size)
    if len(sequence) > _MOST_BOXES:
        title = f"{title} (the first {_MOST_BOXES} of {len(sequence)} values)".strip()
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(-0.55, 2.55)
    axes.set_yticks([2, 1, 0], ["input", "expected", "predicted"])
    axes.set_xticks([])
    axes.tick_params(length=0, labelsize=10.5, labelcolor=INK)
    axes.set_title(title, loc="left", fontsize=12, color=INK)
    axes.set_title(
        "prediction: green = correct, red = wrong", loc="right", fontsize=9.5, color=GREY
    )
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_box(axes: Axes, x: float, y: float, value: object, colour: str, size: float) -> None:
    from matplotlib.patches import Rectangle

    corner = (x - 0.46, y - 0.42)
    axes.add_patch(Rectangle(corner, 0.92, 0.84, facecolor=colour, edgecolor=GREY, linewidth=0.8))
    axes.text(x, y - 0.02, str(value), ha="center", va="center", fontsize=size, color=INK)


@dataclass(frozen=True)
class ForecastPanel:
    """A series and forecasts of it, for `plot_forecast`.

    times: N dates (datetime64 or datetime) or numbers. series: [N]. lines: name -> (times [P],
    values [P]); those called "LSTM..." are drawn solid, others dashed. split: where the test part
    begins, None for no line.
    """

    title: str
    times: Sequence[Any] | Array
    series: ArrayLike
    lines: Mapping[str, tuple[Sequence[Any] | Array, ArrayLike]]
    split: Any = None


def plot_forecast(
    title: str, panels: Sequence[ForecastPanel], *, xlabel: str = "", ylabel: str = ""
) -> Figure:
    """A series with its forecasts, one panel below the other on the same time axis.

    Raises ValueError where a line's times and values differ in length, or there is no panel.
    """
    if not panels:
        raise ValueError("plot_forecast: expected at least one panel, received none")
    figure, body = titled_figure(title, 0.4 + 3.3 * max(len(panels), 1.6))
    rows = list(body.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0])
    for axes, panel in zip(rows, panels, strict=True):
        style_axes(axes, title=panel.title, ylabel=ylabel)
        _draw_forecasts(axes, panel)
        axes.yaxis.set_major_formatter("{x:,.10g}")
    rows[-1].set_xlabel(xlabel, fontsize=10.5, color=INK)
    legend_above(body, rows)
    return figure


def _draw_forecasts(axes: Axes, panel: ForecastPanel) -> None:
    axes.plot(panel.times, np.asarray(panel.series), color=GREY, linewidth=2.6, label="series")
    networks = iter((BLUE, RED, "#56B4E9"))
    baselines = iter((ORANGE, GREEN, "#CC79A7"))
    for name, (times, values) in panel.lines.items():
        if len(times) != np.size(values):
            raise ValueError(
                f"plot_forecast: expected {len(times)} values of {name!r}, "
                f"received {np.size(values)}"
            )
        network = name.startswith("LSTM")
        axes.plot(
            times,
            np.asarray(values),
            color=next(networks if network else baselines, INK),
            linewidth=1.8 if network else 1.1,
            linestyle="-" if network else "--",
            label=name,
        )
    if panel.split is not None:
        axes.axvline(panel.split, color=INK, linewidth=1, linestyle=":", label="test part begins")
