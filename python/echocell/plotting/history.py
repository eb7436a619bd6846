"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell.plotting.figure import new_figure
from echocell.plotting.sources import history_of
from echocell.plotting.style import BLUE as BLUE
from echocell.plotting.style import GREEN as GREEN
from echocell.plotting.style import GREY as GREY
from echocell.plotting.style import INK as INK
from echocell.plotting.style import ORANGE as ORANGE
from echocell.plotting.style import RED as RED
from echocell.plotting.style import legend_above
from echocell.plotting.style import style_axes as style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from echocell.callbacks import History
    from echocell.models.trainer import Trainer
Array = NDArray[Any]


def plot_history(
    history: Mapping[str, Sequence[float]] | History | Trainer,
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "epoch",
    title: str = "",
) -> Figure:
    """Draws loss and metrics over a training, each together with its "val_" series.

    Args:
        history: the result of `model.fit(...)`, its `.history`, or the trained model.
        x: the x coordinates of the values. Default None: 1, 2, 3, ...
        xlabel: label of the x axis. Default "epoch".
        title: title of the figure. Default none.

    Returns:
        The figure.

    Raises:
        TypeError: `history` is none of these.
        ValueError: the history is empty, or the model has none.
    """
    history = history_of(history)
    names = own_names(history)
    if not names:
        raise ValueError("plot_history: expected at least one series, received an empty history")
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = new_figure(12, 4.5 * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(grid, names, strict=False):
        draw_curve(axes, history, name, x, xlabel)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    if len(names) < len(history):
        legend_above(figure, grid, right=True)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=INK)
    return figure


def own_names(history: Mapping[str, Sequence[float]]) -> list[str]:
    """Returns the names of the series that are not validation series."""
    return [name for name in history if not name.startswith("val_")]


def draw_curve(
    axes: Axes,
    history: Mapping[str, Sequence[float]],
    name: str,
    x: Sequence[float] | None,
    xlabel: str,
) -> None:
    """Draws a series and, if there is one, its validation series; smooths long ones too."""
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
    """Returns a dot as marker for a single point, of which a line would show nothing."""
    return {"marker": "o"} if len(values) == 1 else {}


def _unit(name: str) -> str:
    if name in ("lr", "learning_rate"):
        return ""
    return "fraction correct" if "acc" in name else "mean per sample"


def _smoothed(values: Array, width: int) -> Array:
    """Returns the centred moving mean over `width` values, over fewer at the ends."""
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.asarray(np.convolve(values, window, mode="same") / counts)
