"""Draws the rates of the LSTM on one thread below the limits of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.lines import Line2D

from bench.compare.figures import OURS, Figure

KINDS = {
    "lstm-train": ("o", "LSTM, train step"),
    "lstm-forward": ("^", "LSTM, forward"),
    "step": ("*", "LSTM, one step of a stream"),
}
OURS_COLOUR, PEER_COLOUR = "#1f4e9c", "#c8553d"


def draw_rates(axis: Any, figures: Sequence[Figure], yardsticks: dict[str, Any]) -> None:
    """Draws GF/s of the products over their operations per byte of weights read by the steps."""
    sgemm = yardsticks["sgemm GF/s by threads"]["1"]
    reading = yardsticks["reading from L2, GB/s"]
    shown = [f for f in figures if f.table in KINDS and f.threads == 1 and f.rate and f.read]
    for figure in shown:
        _draw_pair(axis, figure)
    places = [_intensity(figure) for figure in shown] or [1.0]
    left, right = min(places) / 1.5, max(places) * 2
    _draw_roof(axis, sgemm, reading, left, right)
    _name(axis, [f for f in shown if f.table == "lstm-train"], sgemm, reading)
    seen = {
        text: Line2D([], [], color=OURS_COLOUR, marker=marker, linestyle="")
        for table, (marker, text) in KINDS.items()
        if any(figure.table == table for figure in shown)
    }
    seen["PyTorch, the same work"] = Line2D(
        [], [], color=PEER_COLOUR, marker="o", linestyle="", markerfacecolor="white"
    )
    axis.legend(seen.values(), seen.keys(), fontsize=9, loc="lower right")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlim(left, right)
    # A step with eight units is not limited by rates.
    axis.set_ylim(sgemm / 200, 6 * sgemm)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.grid(which="both", color="#e6e6e6", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_xlabel(
        "floating-point operations of the products per byte of recurrent weights that the time "
        "steps read"
    )
    axis.set_ylabel("GF/s")
    axis.set_title("Rates on one thread; above: (H, B, T, F), GF/s", loc="left", fontweight="bold")


def _intensity(figure: Figure) -> float:
    return figure.flops / figure.read


def _draw_pair(axis: Any, figure: Figure) -> None:
    """Draws echocell's rate, and the best of the others below it."""
    marker, place, ours = KINDS[figure.table][0], _intensity(figure), figure.rate or 0.0
    axis.plot(place, ours, marker, color=OURS_COLOUR, markersize=8, zorder=3, alpha=0.85)
    others = [value for name, value in figure.amounts.items() if name != OURS]
    if others:
        theirs = figure.flops / min(others) / 1e9
        axis.plot([place, place], [theirs, ours], color="#d0d0d0", linewidth=0.8, zorder=1)
        axis.plot(place, theirs, marker, color=PEER_COLOUR, markerfacecolor="white", markersize=6)


def _draw_roof(axis: Any, sgemm: float, reading: float, left: float, right: float) -> None:
    knee = min(max(sgemm / reading, left), right)
    axis.plot([left, knee, right], [left * reading, sgemm, sgemm], color="black", linewidth=1)
    axis.text(right, 0.97 * sgemm, f"sgemm: {sgemm:.0f} GF/s ", ha="right", va="top", fontsize=9)
    text = f" weights read at {reading:.0f} GB/s,\n as a dot product reads L2"
    axis.text(left, 0.97 * sgemm, text, va="top", fontsize=9)


def _name(axis: Any, figures: Sequence[Figure], sgemm: float, reading: float) -> None:
    """Labels shapes of equal intensity in one text above the roof; neighbours at two heights."""
    groups: dict[float, list[Figure]] = {}
    for figure in sorted(figures, key=_intensity):
        groups.setdefault(round(_intensity(figure), 1), []).append(figure)
    for number, group in enumerate(groups.values()):
        place = _intensity(group[0])
        top = max(min(sgemm, place * reading), *(f.rate or 0.0 for f in group))
        group.sort(key=lambda f: f.rate or 0.0, reverse=True)
        text = "\n".join(f"{f.case}: {f.rate:.0f}" for f in group)
        height = sgemm * (2.9 if number % 2 else 1.5)
        axis.plot([place, place], [top, height], ":", color="#9a9a9a", linewidth=0.8, zorder=0)
        axis.text(place, height, text, ha="center", va="bottom", fontsize=8)
