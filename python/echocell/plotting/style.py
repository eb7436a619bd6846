"""The style of all plots: colours, axes, readable ticks, legends and labels next to the data.

Sizes are measured in pixels before the layout is final, when the axes are slightly wider.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

# Colours by Okabe and Ito, which colour-blind readers can distinguish.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6B7280"
INK = "#1F2937"
SERIES_COLOURS = (BLUE, ORANGE, GREEN, RED, GREY)

DOTS_PER_INCH = 100
SMALL = 9.5  # points: ticks, legends and labels next to lines
_LINE = 1.35  # line spacing, in font sizes
_GAP = 8  # pixels between two tick labels


def text_width(text: str, size: float) -> float:
    """Estimates the width in pixels of a line of text in a font of `size` points."""
    return 0.64 * size * DOTS_PER_INCH / 72 * len(text)


def text_height(lines: int, size: float) -> float:
    """Estimates the height in pixels of lines of text in a font of `size` points."""
    return _LINE * size * DOTS_PER_INCH / 72 * lines


def style_axes(axes: Axes, *, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Applies the common style: labels, a light grid, no frame. A title wider than the axes is
    wrapped.
    """
    letters = 1.25 * axes.get_window_extent().width / text_width("n", 12)
    axes.set_title(textwrap.fill(title, max(12, int(letters))), loc="left", fontsize=12, color=INK)
    axes.set_xlabel(xlabel, fontsize=10.5, color=INK)
    axes.set_ylabel(ylabel, fontsize=10.5, color=INK)
    axes.tick_params(which="both", labelsize=SMALL, colors=GREY, labelcolor=INK)
    axes.grid(True, color="#E5E7EB", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)


# -- ticks


def readable_ticks(axes: Axes, places: Sequence[float]) -> None:
    """Sets an x tick at every place, and its number where there is room for it."""
    axes.set_xticks(list(places))
    ends = axes.transData.transform([(place, 1.0) for place in places])[:, 0]
    texts, last = {}, -math.inf
    for pixel, place in sorted(zip(ends, places, strict=True)):
        text = f"{place:,.10g}"
        half = text_width(text, SMALL) / 2
        texts[place] = text if pixel - half >= last + _GAP else ""
        if texts[place]:
            last = pixel + half
    axes.set_xticks(list(places), [texts[place] for place in places])
    axes.minorticks_off()


def step_ticks(
    axes: Axes, texts: Sequence[str], width: float, *, turn: bool, size: float = 9
) -> None:
    """Labels the columns of a heat map: every one, or every second, third, ... if there is no room.

    `width` is that of all columns, in pixels. With `turn`, texts that are too wide for their
    columns are rotated before any are left out.
    """
    column = width / len(texts)
    flat = max(text_width(text, size) for text in texts) + _GAP
    turned = turn and flat > column
    every = math.ceil((1.5 * size if turned else flat) / column)
    places = list(range(0, len(texts), every))
    axes.set_xticks(places, [texts[place] for place in places], rotation=90 if turned else 0)


def log_ticks(low: float, high: float) -> list[float]:
    """Returns at least two round numbers in [low, high], 0 < low < high, for a logarithmic axis."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high / low)
    if decades > 3:
        every = max(1, round(decades / 6))
        powers = [k for k in range(first, last + 1) if k % every == 0]
        ticks = [10.0**k for k in powers]
    else:
        ticks = [m * 10.0**k for k in range(first, last + 1) for m in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) > 1 else _even_ticks(low, high)


def _even_ticks(low: float, high: float) -> list[float]:
    """Returns two to five multiples of 1, 2 or 5 times a power of ten in [low, high]."""
    power = 10.0 ** math.floor(math.log10(high - low))
    ticks: list[float] = []
    for step in (power * m for m in (0.5, 0.2, 0.1)):
        ticks = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
        if len(ticks) > 1:
            break
    return ticks[:: math.ceil(len(ticks) / 5)]


def log_labels(ticks: Sequence[float]) -> list[str]:
    """Returns the ticks as text: all as plain numbers, or all as powers of ten."""
    if all(1e-4 <= tick < 1e7 for tick in ticks):
        return [f"{tick:,.6g}" if tick < 1e5 else f"{tick:,.0f}" for tick in ticks]
    labels = []
    for tick in ticks:
        leading, power = f"{tick:.2e}".split("e")
        factor = f"{float(leading):g}"
        labels.append(f"${'' if factor == '1' else factor + chr(92) + 'cdot '}10^{{{int(power)}}}$")
    return labels


def log_axis(axes: Axes) -> None:
    """Makes the y axis logarithmic, with at least two labels, after the data have been drawn."""
    from matplotlib.ticker import NullFormatter

    axes.set_yscale("log")
    low, high = sorted(axes.get_ylim())
    if high < 1.5 * low:  # nearly constant: a logarithmic axis shows nothing
        middle = math.sqrt(low * high)
        low, high = middle / 2, middle * 2
        axes.set_ylim(low, high)
    ticks = log_ticks(low, high)
    axes.set_yticks(ticks, log_labels(ticks))
    axes.yaxis.set_minor_formatter(NullFormatter())


# -- legends and labels


def legend_above(figure: Figure | SubFigure, axes: Iterable[Axes], *, right: bool = False) -> None:
    """Draws one legend for all axes of a figure above them, where it covers no data.

    With `right` it is right-aligned, for figures with a title on the left.
    """
    entries: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if not entries:
        return
    widths = [text_width(label, SMALL) + 60 for label in entries]
    rows = math.ceil(max(widths) * len(entries) / figure.bbox.width)
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper right" if right else "outside upper left",
        ncols=math.ceil(len(entries) / rows),
        borderpad=0.9,
        borderaxespad=0.4,
        fontsize=SMALL,
        labelcolor=INK,
        frameon=False,
    )


def label_lines(axes: Axes, lines: Mapping[str, float], width: int = 34) -> None:
    """Draws horizontal lines, name -> y, with their names right of the axes, without overlap.

    The limits of the axes must be final. `width` is the number of characters per line of a name.
    """
    height = axes.get_window_extent().height
    to_share = axes.transData + axes.transAxes.inverted()
    lowest = -math.inf
    for name, value in sorted(lines.items(), key=lambda item: item[1]):
        axes.axhline(value, color=INK, linestyle="--", linewidth=1.2)
        text = textwrap.fill(name, width)
        half = text_height(text.count("\n") + 1, SMALL) / height / 2
        centre = max(float(to_share.transform((1, value))[1]), lowest + half)
        lowest = centre + half
        axes.text(
            *(1.01, centre, text),
            transform=axes.transAxes,
            ha="left",
            va="center",
            fontsize=SMALL,
            color=INK,
        )


def name_bars(axes: Axes, names: Sequence[str], width: int = 26) -> None:
    """Labels the rows of horizontal bars at 0, 1, ..., the first at the top."""
    axes.set_yticks(range(len(names)), [textwrap.fill(name, width) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter("{x:,.10g}")


def value_labels(axes: Axes, bars: Sequence[tuple[float, float, str]], limit: float = 0) -> None:
    """Writes the texts of horizontal bars (place, length, text) after their ends.

    `limit` is the minimum end of the axis.
    """
    width = axes.get_window_extent().width
    longest = max(text_width(text, SMALL) for _, _, text in bars) + 12
    most = max(limit, *(length for _, length, _ in bars))
    axes.set_xlim(0, most / max(0.3, 1 - longest / width) if most > 0 else 1)
    for place, length, text in bars:
        axes.annotate(
            *(text, (length, place), (5, 0)),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
        )
