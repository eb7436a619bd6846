"""Pictures of sweeps: figures against a setting, those that failed marked.

Needs matplotlib, like `plotting`, whose look they have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from echocell import plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from echocell.experiments.sweep import Point

_COLOURS = (plotting.BLUE, plotting.ORANGE, plotting.GREEN, plotting.RED, plotting.GREY)
_MARKERS = "osD^v"


@dataclass(frozen=True)
class Panel:
    """One diagram: series, name -> [(y, whether it succeeded)] at every x; lines across, name -> y.

    connected: by a line from place to place, for places that have an order.
    """

    ylabel: str
    xlabel: str
    x: Sequence[float]
    series: Mapping[str, Sequence[tuple[float, bool]]]
    log_x: bool = True
    log_y: bool = True
    lines: Mapping[str, float] = field(default_factory=dict)
    connected: bool = True

    @classmethod
    def of(
        cls,
        ylabel: str,
        points: Sequence[Point] | Mapping[str, Sequence[Point]],
        xlabel: str,
        x: Sequence[float],
        *,
        of: Callable[[Point], float] = lambda point: float(point.updates),
        log_x: bool = True,
    ) -> Panel:
        """A number of the points, the updates if not said otherwise, on a logarithmic axis."""
        return cls(ylabel, xlabel, x, _series(points, of), log_x)

    @classmethod
    def accuracy(
        cls,
        points: Sequence[Point] | Mapping[str, Sequence[Point]],
        xlabel: str,
        x: Sequence[float],
        *,
        log_x: bool = True,
    ) -> Panel:
        """What share of the last test was right."""
        series = _series(points, lambda point: point.accuracy)
        return cls("accuracy at the end, %", xlabel, x, series, log_x, log_y=False)

    def beside(self, name: str, value: float) -> Panel:
        """The same with a line across."""
        return replace(self, lines={**self.lines, name: value})


def _series(
    points: Sequence[Point] | Mapping[str, Sequence[Point]], of: Callable[[Point], float]
) -> dict[str, list[tuple[float, bool]]]:
    rows = points if isinstance(points, Mapping) else {"": points}
    return {name: [(of(p), p.solved) for p in row] for name, row in rows.items()}


def plot_sweep(title: str, panels: Sequence[Panel]) -> Figure:
    """Panels side by side. Hollow marks: the limit was reached without success."""
    figure = plotting.new_figure(16, 7)
    height = plotting.head_height(title)
    head, body = figure.subfigures(2, 1, squeeze=False, height_ratios=(height, 7 - height))[:, 0]
    plotting.draw_head(head, title)
    for axes, panel in zip(body.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(axes, panel)
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    plotting.style_axes(axes, title=panel.ylabel, xlabel=panel.xlabel)
    if panel.log_x:
        axes.set_xscale("log")
    axes.set_xticks(list(panel.x), [f"{value:g}" for value in panel.x])
    axes.minorticks_off()
    if panel.log_y:
        axes.set_yscale("log")
        for axis in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            axis(number_label)
    else:
        axes.set_ylim(-4, 104)
    failed = False
    for index, (name, values) in enumerate(panel.series.items()):
        colour, marker = _COLOURS[index % 5], _MARKERS[index % 5]
        if panel.connected:
            axes.plot(panel.x, [y for y, _ in values], color=colour, linewidth=1.5, alpha=0.6)
        for good in (True, False):
            chosen = [(x, y) for x, (y, ok) in zip(panel.x, values, strict=True) if ok is good]
            failed = failed or (not good and bool(chosen))
            _mark(axes, chosen, colour, marker, name if good else "", hollow=not good)
    _lines(axes, panel.lines)
    if failed:
        _mark(axes, [], plotting.GREY, "o", "limit reached, not learned", hollow=True)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=9.5, frameon=False)
    if panel.log_y:
        _widen(axes)


def _widen(axes: Axes) -> None:
    """Limits apart where all values are one: rounding leaves the logarithms no distance."""
    low, high = axes.get_ylim()
    if high < 1.001 * low:
        axes.set_ylim(low / 2, 2 * high)


def number_label(value: float, _: object = None) -> str:
    """For logarithmic axes: 1, 2 and 5 times powers of ten as they are written, else no label."""
    leading = f"{value:.0e}"[0]
    return f"{value:,.10g}" if leading in "125" else ""


def _lines(axes: Axes, lines: Mapping[str, float]) -> None:
    """Lines across, each with its name; below it where the next one is close above."""
    for name, value in lines.items():
        close = any(value < other < 1.25 * value for other in lines.values())
        axes.axhline(value, color=plotting.INK, linestyle="--", linewidth=1.2)
        axes.text(
            *(1, value, f"{name} "),
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="top" if close else "bottom",
            fontsize=9.5,
            color=plotting.INK,
        )


def _mark(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    colour: str,
    marker: str,
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
        markersize=7,
        color=colour,
        markerfacecolor="white" if hollow else colour,
        **options,
    )
