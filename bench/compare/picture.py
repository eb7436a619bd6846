"""Draws a comparison: ratios by shape, and the achieved rates by intensity.

    python -m bench.compare.picture compare.json compare.png

The JSON file is its only input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from bench.compare.figures import Figure, times
from bench.compare.roofline import draw_rates

STRIPS = (
    ("Small work", ("updates", "call-fit", "call-predict", "step", "experiments")),
    ("Train steps and the way forward", ("lstm", "gru", "rnn", "wrapped", "masked")),
)
FAMILIES = {  # prefix of a label, name in the legend, colour
    "PyTorch": ("PyTorch", "#c8553d"),
    "torch": ("PyTorch", "#c8553d"),
    "JAX": ("JAX, the whole loop compiled", "#1b7f79"),
    "Keras train": ("Keras on JAX, train_on_batch", "#a9abd6"),
    "Keras": ("Keras on JAX", "#5b5ea6"),
}
HEADINGS = {
    "updates": "update inside fit",
    "call-fit": "call of fit",
    "call-predict": "call of predict",
    "step": "one step of a stream",
    "experiments": "update of an experiment",
    "lstm-train": "LSTM",
    "gru-train": "GRU",
    "rnn-train": "SimpleRNN",
    "wrapped": "LSTM, wrapped",
    "masked": "LSTM, unequal lengths",
}


@dataclass(frozen=True)
class Series:
    """Ratios of one table to one other library, by case and threads."""

    table: str
    label: str
    mean: float | None
    least: float | None
    ratios: dict[tuple[str, int], float]

    @property
    def family(self) -> tuple[str, str]:
        """Name and colour."""
        found = (f for start, f in FAMILIES.items() if self.label.startswith(start))
        return next(found, (self.label, "#8a8a8a"))

    @property
    def colour(self) -> str:
        return self.family[1]

    def means(self) -> str:
        """Returns the geometric mean for each number of threads."""
        counts = sorted({threads for _, threads in self.ratios})
        means = [
            times(geometric_mean(r for (_, n), r in self.ratios.items() if n == count))
            for count in counts
        ]
        return " / ".join(means)

    @property
    def marker(self) -> str:
        return "^" if self.table.endswith("-forward") else "o"


def figures_of(found: dict[str, Any]) -> list[Figure]:
    """Returns the figures in the JSON content."""
    return [Figure(**{k: v for k, v in f.items() if k != "rate"}) for f in found["figures"]]


def series_of(found: dict[str, Any], figures: Sequence[Figure]) -> Iterator[Series]:
    for table in found["tables"]:
        mine = [figure for figure in figures if figure.table == table["name"]]
        for target in table["targets"]:
            if "against" not in target:
                continue
            ratios = {(f.case, f.threads): f.ratio(target["against"]) for f in mine}
            known = {key: ratio for key, ratio in ratios.items() if ratio is not None}
            if known:
                goals = target["mean"], target["least"]
                yield Series(table["name"], target["label"], *goals, known)


def draw(found: dict[str, Any], path: Path) -> None:
    """Draws two panels of ratios, and the roofline."""
    figures = figures_of(found)
    series = list(series_of(found, figures))
    picture = Picture(figsize=(15, 19), layout="constrained")
    axes = picture.subplots(3, 1, height_ratios=(1, 1, 1.15))
    for axis, (title, names) in zip(axes, STRIPS, strict=False):
        draw_ratios(axis, title, [_group(series, name) for name in names])
    draw_rates(axes[2], figures, found["yardsticks"])
    versions = found["versions"]
    libraries = ", ".join(f"{name} {versions[name]}" for name in versions if name != "python")
    machine = found["machine"]
    picture.suptitle(
        f"echocell compared: {machine['cpu']}, {machine['processors']} processors, "
        f"{found['date'][:10]}\n{libraries}",
        fontsize=12,
    )
    picture.savefig(path, dpi=100)


# ---- ratios


def _group(series: Sequence[Series], name: str) -> list[Series]:
    return [s for s in series if s.table in (name, f"{name}-train", f"{name}-forward")]


def draw_ratios(axis: Any, title: str, groups: Sequence[Sequence[Series]]) -> None:
    """Draws groups side by side, with their cases along the axis; logarithmic."""
    places: list[int] = []
    ticks: list[str] = []
    bounds: list[tuple[int, int, Sequence[Series]]] = []
    for group in filter(None, groups):
        cases = list(dict.fromkeys(case for s in group for case, _ in s.ratios))
        first = len(ticks) + len(bounds)
        for s in group:
            _draw_series(axis, s, cases, first)
        bounds.append((first, first + len(cases) - 1, group))
        places += range(first, first + len(cases))
        ticks += cases
    _draw_heads(axis, bounds)
    axis.set_xticks(places, ticks, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_xlim(-0.9, max(places, default=0) + 0.9)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}×")
    axis.axhline(1, color="black", linewidth=1)
    axis.set_ylabel("times as fast")
    axis.grid(axis="y", which="both", color="#e6e6e6", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_title(title, loc="left", fontweight="bold", pad=78)
    _draw_legend(axis, [s for group in groups for s in group])


def _draw_legend(axis: Any, series: Sequence[Series]) -> None:
    """Draws the legend above the panels, in one line."""
    seen: dict[str, Any] = {}

    def add(name: str, **style: Any) -> None:
        seen[name] = Line2D([], [], **{"linestyle": "", "marker": "o", "color": "black"} | style)

    for s in series:
        add(s.family[0], color=s.colour)
    if any(s.marker == "^" for s in series):
        add("train step")
        add("forward", marker="^")
    if any(threads > 1 for s in series for _, threads in s.ratios):
        add("two threads", markerfacecolor="white")
    add("target of each case", linestyle="--", marker="")
    add("target of the mean", linestyle=":", marker="")
    axis.legend(
        seen.values(),
        seen.keys(),
        fontsize=9,
        ncols=len(seen),
        loc="lower right",
        bbox_to_anchor=(0, 1.235, 1, 0),
        borderaxespad=0,
        frameon=False,
    )


def _draw_series(axis: Any, s: Series, cases: Sequence[str], first: int) -> None:
    for (case, threads), ratio in s.ratios.items():
        place = first + cases.index(case) + (0.0 if threads == 1 else 0.18)
        face = s.colour if threads == 1 else "white"
        axis.plot(
            place, ratio, s.marker, color=s.colour, markerfacecolor=face, markersize=6, zorder=3
        )
    for goal, style in ((s.least, "--"), (s.mean, ":")):
        if goal is not None:
            edges = [first - 0.5, first + len(cases) - 0.5]
            axis.plot(edges, [goal, goal], style, color=s.colour, linewidth=1.6, zorder=2)


def _draw_heads(axis: Any, bounds: Sequence[tuple[int, int, Sequence[Series]]]) -> None:
    """Writes above each group its title and its geometric means by number of threads."""
    for first, last, group in bounds:
        lines = [HEADINGS.get(group[0].table, group[0].table)]
        for s in group:
            name = "forward" if s.marker == "^" else s.family[0].partition(", the")[0]
            lines.append(f"{name} {s.means()}")
        axis.text(
            (first + last) / 2,
            1.01,
            "\n".join(lines),
            transform=axis.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
        )
        axis.axvline(last + 1, color="#8a8a8a", linewidth=0.8)


def main() -> int:
    source, target = (Path(name) for name in sys.argv[1:3])
    draw(json.loads(source.read_text(encoding="utf-8")), target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
