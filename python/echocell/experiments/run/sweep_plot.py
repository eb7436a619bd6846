"""Pictures of sweeps: a quantity against a setting, with hollow marks where training failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from echocell import plotting
from echocell.experiments.run.point import Point, Rows
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

_MARKERS = "osD^v"
_BODY = 5.2  # inches below the title
FAILED = "limit reached, task not learned"
UPDATES_NEEDED = "updates until every test answer is correct"

# (y, whether training succeeded) at every place.
Series = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Panel:
    """A diagram over numbers.

    Attributes:
        title: the quantity on the y axis.
        xlabel: the label of the x axis.
        x: the places.
        series: name -> (y, whether training succeeded) at every place.
        log_x: whether the x axis is logarithmic.
        log_y: whether the y axis is logarithmic; if not, it shows 0 to 100.
        lines: horizontal lines, name -> y.
        connected: whether a line connects the places, which then have an order.
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
        points: Sequence[Point] | Rows,
        xlabel: str,
        x: Sequence[float],
        *,
        of: Callable[[Point], float] = lambda point: float(point.updates),
        log_x: bool = True,
    ) -> Panel:
        """Returns the panel of a quantity of the points (default: updates) on a log axis."""
        return cls(title, xlabel, x, _series(points, of), log_x)

    @classmethod
    def updates(
        cls, points: Sequence[Point] | Rows, xlabel: str, x: Sequence[float], *, log_x: bool = True
    ) -> Panel:
        """Returns the panel of the updates needed."""
        return cls.of(UPDATES_NEEDED, points, xlabel, x, log_x=log_x)

    @classmethod
    def seconds(
        cls, points: Sequence[Point] | Rows, xlabel: str, x: Sequence[float], *, log_x: bool = True
    ) -> Panel:
        """Returns the panel of the time needed."""
        title = "training and test time (s)"
        return cls.of(title, points, xlabel, x, of=lambda point: point.seconds, log_x=log_x)

    @classmethod
    def accuracy(
        cls, points: Sequence[Point] | Rows, xlabel: str, x: Sequence[float], *, log_x: bool = True
    ) -> Panel:
        """Returns the panel of the accuracy of the last test, in percent."""
        series = _series(points, lambda point: point.accuracy)
        return cls("accuracy in the last test (%)", xlabel, x, series, log_x, log_y=False)

    def with_line(self, name: str, value: float) -> Panel:
        """Returns the same panel with one more horizontal line."""
        return replace(self, lines={**self.lines, name: value})

    def draw(self, axes: Axes) -> None:
        """Draws a mark at every place, hollow where the limit was reached."""
        style_axes(axes, title=self.title, xlabel=self.xlabel)
        failed = False
        for index, (name, values) in enumerate(self.series.items()):
            # Later marks are smaller, so that earlier ones below them stay visible.
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
            room = max(1.15, (high / low) ** 0.05)  # marks at the limits are not cut off
            axes.set_ylim(low / room, high * room)
        log_axis(axes)


@dataclass(frozen=True)
class Bars:
    """A bar diagram over names: a bar for each name and series, hollow where training failed.

    Attributes:
        title: the quantity.
        names: the names, from top to bottom.
        series: name -> (length, whether training succeeded) for each name.
        text: formats the value at the end of a bar.
        limit: the least end of the axis, such as 100 for percentages.
        lines: vertical lines, name -> value.
    """

    title: str
    names: Sequence[str]
    series: Mapping[str, Series]
    text: Callable[[float], str] = "{:,.0f}".format
    limit: float = 0
    lines: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, title: str, points: Sequence[Point], of: Callable[[Point], float]) -> Bars:
        """Returns the bars of a quantity of the points, named by their labels."""
        return cls(title, [point.label for point in points], _series(points, of))

    def draw(self, axes: Axes) -> None:
        """Draws the bars, the first at the top, with their values at their ends."""
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
    points: Sequence[Point] | Rows, of: Callable[[Point], float]
) -> dict[str, list[tuple[float, bool]]]:
    rows = points if isinstance(points, Mapping) else {"": points}
    return {name: [(of(p), p.solved) for p in row] for name, row in rows.items()}


def plot_sweep(title: str, panels: Sequence[Panel | Bars]) -> Figure:
    """Returns a figure of panels side by side, below a title and a legend.

    Needs matplotlib.
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
