"""Forecasts of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echocell.plotting.figure import titled_figure
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

Array = NDArray[Any]


@dataclass(frozen=True)
class ForecastPanel:
    """A series and its forecasts, for `plot_forecast`.

    Attributes:
        title: title of the panel.
        times: N dates (datetime64 or datetime) or numbers.
        series: [N].
        lines: name -> (times [P], values [P]); those named "LSTM..." are solid, others dashed.
        split: the time at which the test part begins. Default None: not marked.
    """

    title: str
    times: Sequence[Any] | Array
    series: ArrayLike
    lines: Mapping[str, tuple[Sequence[Any] | Array, ArrayLike]]
    split: Any = None


def plot_forecast(
    title: str, panels: Sequence[ForecastPanel], *, xlabel: str = "", ylabel: str = ""
) -> Figure:
    """Draws series with their forecasts, in panels with a common time axis.

    Args:
        title: title of the figure; its first line is bold.
        panels: the series.
        xlabel: label of the time axis. Default none.
        ylabel: label of the values. Default none.

    Returns:
        The figure.

    Raises:
        ValueError: times and values of a line differ in length, or there is no panel.
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
