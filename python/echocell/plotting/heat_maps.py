"""Heat maps of a recurrent layer over time: one per gate or state, units against time steps.

Legend: T time steps, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from echocell.plotting.style import DOTS_PER_INCH, GREY, INK, step_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Array = NDArray[Any]
Trace = Mapping[str, Array]
Labels = Sequence[object] | Array

_LONG_NAMES = {
    "i": "input gate i",
    "f": "forget gate f",
    "o": "output gate o",
    "z": "update gate z",
    "r": "reset gate r",
    "g": "candidate g",
    "c": "cell state c",
    "h": "output h",
}
_GATES = frozenset({"i", "f", "o", "z", "r"})  # between 0, closed, and 1, open


def draw_gates(
    figure: Figure | SubFigure,
    trace: Trace,
    labels: Labels | None,
    time: str,
    breaks: Sequence[int],
) -> None:
    """Draws one heat map per name of the trace; rows are units, columns time steps."""
    columns = min(3, len(trace))
    rows = -(-len(trace) // columns)
    width = figure.bbox.width / columns - DOTS_PER_INCH  # without labels and colour bar
    same_units = len({values.shape[1] for values in trace.values()}) == 1
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=same_units)
    for index, (name, values) in enumerate(trace.items()):
        axes = grid[index // columns, index % columns]
        _draw_heat_map(figure, axes, name, values[:, _order(trace, name)].T)
        _label_steps(axes, len(values), labels, width)
        for step in breaks:
            axes.axvline(step - 0.5, color=INK, linewidth=1.2)
    for axes in grid.flat[len(trace) :]:
        axes.set_visible(False)
    figure.supxlabel(time, fontsize=10.5, color=INK)
    figure.supylabel("units, sorted by mean state", fontsize=10.5, color=INK)


def _order(trace: Trace, name: str) -> Array:
    """Returns the units sorted by their mean cell state, or mean output if there is none.

    The order is the same for all names of one direction of a Bidirectional ("forward_c",
    "forward_h", ...). Gates that several cells share are sorted by their own mean.
    """
    direction = name.rpartition("_")[0]
    prefix = f"{direction}_" if direction else ""
    values = trace.get(f"{prefix}c", trace.get(f"{prefix}h", trace[name]))
    if values.shape[1] != trace[name].shape[1]:
        values = trace[name]
    return np.argsort(-values.mean(axis=0), kind="stable")


def _long_name(name: str) -> str:
    """Returns the name for titles: "forward_i" becomes "forward: input gate i"."""
    direction, _, quantity = name.rpartition("_")
    long = _LONG_NAMES.get(quantity, quantity)
    return f"{direction}: {long}" if direction else long


def _draw_heat_map(figure: Figure | SubFigure, axes: Axes, name: str, values: Array) -> None:
    """Draws values [H, T]: gates on a scale from 0 to 1, states on one symmetric around 0."""
    if name.rpartition("_")[2] in _GATES and values.min() >= 0 and values.max() <= 1:
        low, high, colours = 0.0, 1.0, "viridis"
    else:
        high = max(float(np.abs(values).max()), 1e-6)
        low, colours = -high, "RdBu_r"
    image = axes.imshow(
        values, aspect="auto", interpolation="nearest", cmap=colours, vmin=low, vmax=high
    )
    bar = figure.colorbar(image, ax=axes, pad=0.015, fraction=0.04)
    bar.ax.tick_params(labelsize=8.5, colors=GREY, labelcolor=INK)
    bar.outline.set_visible(False)
    axes.locator_params(axis="y", integer=True)
    axes.set_title(_long_name(name), loc="left", fontsize=11, color=INK)
    axes.tick_params(labelsize=9, colors=GREY, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _label_steps(axes: Axes, count: int, labels: Labels | None, width: float) -> None:
    """Writes one text per time step, or numbers from 1, some left out if they do not fit."""
    texts = [str(label) for label in (range(1, count + 1) if labels is None else labels)]
    if len(texts) != count:
        raise ValueError(f"expected {count} labels, one per time step, received {len(texts)}")
    step_ticks(axes, texts, width, turn=labels is not None)
