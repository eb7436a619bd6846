"""Pictures of sweeps: figures against a setting, those that failed marked.

Needs matplotlib, like `plotting`, whose look they have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from echocell import plotting
from echocell.plotting.style import (
    GREY,
    SERIES_COLOURS,
    label_lines,
    legend_above,
    log_axis,
    name_bars,
    readable_ticks,
    style_axes,
    value_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from echocell.experiments.run.sweep import Point

_MARKERS = "osD^v"
_BODY = 5.2  # inches below the title
FAILED = "limit reached, task not learned"

# (y, whether it succeeded) at every place.
Series = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Panel:
    """One diagram over numbers: series, name -> [(y, whether it succeeded)] at every x; lines
    across, name -> y.

    connected: by a line from place to place, for places that have an order.
    """

    title: str
    xlabel: str
    x: Sequence[float]
    series: Mapping[str, Series]
    log_x: bool = True
    log_y: bool = True
    lines: Mapping[str, float] = field(default_factory=dict)
    connected: bool = True

    @classmethod
    def of(
        cls,
        title: str,
        points: Sequence[Point] | Mapping[str, Sequence[Point]],
        xlabel: str,
        x: Sequence[float],
        *,
        of: Callable[[Point], float] = lambda point: float(point.updates),
        log_x: bool = True,
    ) -> Panel:
        """A number of the points, the updates if not said otherwise, on a logarithmic axis."""
        return cls(title, xlabel, x, _series(points, of), log_x)

    @classmethod
    def accuracy(
        cls,
        points: Sequence[Point] | Mapping[str, Sequence[Point]],
        xlabel: str,
        x: Sequence[float],
        *,
        log_x: bool = True,
    ) -> Panel:
        """The accuracy of the last test, in percent."""
        series = _series(points, lambda point: point.accuracy)
        return cls("accuracy in the last test (%)", xlabel, x, series, log_x, log_y=False)

    def beside(self, name: str, value: float) -> Panel:
        """Returns the same panel with a line across."""
        return replace(self, lines={**self.lines, name: value})

    def draw(self, axes: Axes) -> None:
        """Draws marks at every place, hollow ones where the limit was reached."""
        style_axes(axes, title=self.title, xlabel=self.xlabel)
        failed = False
        for index, (name, values) in enumerate(self.series.items()):
            # Later marks are smaller, so that those below them are seen.
            size = 6 + 1.5 * (len(self.series) - 1 - index)
            style = SERIES_COLOURS[index % 5], _MARKERS[index % 5], size
            if self.connected:
                ys = [y for y, _ in values]
                axes.plot(self.x, ys, color=style[0], linewidth=1.5, alpha=0.6)
            for good in (True, False):
                chosen = [(x, y) for x, (y, ok) in zip(self.x, values, strict=True) if ok is good]
                failed = failed or (not good and bool(chosen))
                _mark(axes, chosen, *style, name if good else "", hollow=not good)
        if failed:
            _mark(axes, [], GREY, "o", 6, FAILED, hollow=True)
        self._scale(axes)
        label_lines(axes, self.lines)

    def _scale(self, axes: Axes) -> None:
        if self.log_x:
            axes.set_xscale("log")
        readable_ticks(axes, self.x)
        if not self.log_y:
            axes.set_ylim(-4, 104)
            return
        values = [y for row in self.series.values() for y, _ in row if y > 0]
        values += self.lines.values()
        if values:
            low, high = min(values), max(values)
            room = max(1.15, (high / low) ** 0.05)  # for whole marks
            axes.set_ylim(low / room, high * room)
        log_axis(axes)


@dataclass(frozen=True)
class Bars:
    """One diagram over things that have names but no order: a bar for each, several where there
    are several series, hollow where the limit was reached.

    text: what is written behind a bar of a value; limit: where the axis ends at least, as 100 for
    percentages; lines: name -> value, drawn across the bars.
    """

    title: str
    names: Sequence[str]
    series: Mapping[str, Series]
    text: Callable[[float], str] = "{:,.0f}".format
    limit: float = 0
    lines: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, title: str, points: Sequence[Point], of: Callable[[Point], float]) -> Bars:
        """A number of the points, by their labels."""
        return cls(title, [point.label for point in points], _series(points, of))

    def draw(self, axes: Axes) -> None:
        """Draws the bars, the first at the top, with their values behind them."""
        style_axes(axes, title=self.title)
        name_bars(axes, self.names)
        height = 0.8 / len(self.series)
        labels = []
        for index, (name, values) in enumerate(self.series.items()):
            colour = SERIES_COLOURS[index % 5]
            shift = (index - (len(self.series) - 1) / 2) * height
            for place, (value, good) in enumerate(values):
                length = value if math.isfinite(value) else 0.0
                fill = colour if good else "white"
                axes.barh(place + shift, length, 0.9 * height, color=fill, edgecolor=colour)
                labels.append((place + shift, length, self.text(value)))
            if name:
                axes.barh(0, 0, color=colour, label=name)
        if any(not good for values in self.series.values() for _, good in values):
            axes.barh(0, 0, color="white", edgecolor=GREY, label=FAILED)
        value_labels(axes, labels, self.limit)
        for name, value in self.lines.items():
            axes.axvline(value, color=plotting.INK, linestyle="--", linewidth=1.2, label=name)


def _series(
    points: Sequence[Point] | Mapping[str, Sequence[Point]], of: Callable[[Point], float]
) -> dict[str, list[tuple[float, bool]]]:
    rows = points if isinstance(points, Mapping) else {"": points}
    return {name: [(of(p), p.solved) for p in row] for name, row in rows.items()}


def plot_sweep(title: str, panels: Sequence[Panel | Bars]) -> Figure:
    """Panels side by side below a title and a legend. Hollow: the limit was reached without
    success.
    """
    figure, body = plotting.titled_figure(title, _BODY)
    axes = list(body.subplots(1, len(panels), squeeze=False)[0])
    for one, panel in zip(axes, panels, strict=True):
        panel.draw(one)
    legend_above(body, axes)
    return figure


def _mark(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    colour: str,
    marker: str,
    size: float,
    name: str,
    *,
    hollow: bool,
) -> None:
    options: dict[str, Any] = {"label": name} if name else {}
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        linestyle="",
        marker=marker,
        markersize=size,
        color=colour,
        markerfacecolor="white" if hollow else colour,
        **options,
    )
