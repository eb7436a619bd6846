"""Gates of a recurrent layer over time.

Legend: B batch, T time steps, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike, NDArray

from echocell.plotting.figure import new_figure
from echocell.plotting.heat_maps import draw_gates
from echocell.plotting.sources import Traceable, gates_of
from echocell.plotting.style import BLUE as BLUE
from echocell.plotting.style import GREEN as GREEN
from echocell.plotting.style import GREY as GREY
from echocell.plotting.style import INK as INK
from echocell.plotting.style import ORANGE as ORANGE
from echocell.plotting.style import RED as RED
from echocell.plotting.style import style_axes as style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]


Trace = Mapping[str, Array]


Labels = Sequence[object] | Array


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
    """Draws heat maps of every gate, the cell state and the output of a recurrent layer over time.

    Units are sorted by their mean cell state, in the same order in every map.

    Args:
        trace: a model, a layer, or the result of their `trace(x)` (name -> [B, T, H], or [T, H]).
        x: the input [B, T, F] of the model or the layer, if `trace` is one.
        layer: number or name of the model's layer. Default None: the first recurrent layer.
        sample: the row of the batch. Default 0.
        labels: one text per time step. Default None: numbers.
        time: label of the time axis. Default "time step".
        breaks: time steps before which a line is drawn.
        title: title of the figure. Default none.

    Returns:
        The figure.

    Raises:
        TypeError, ValueError: there is nothing to trace, or no such row.
    """
    figure = new_figure(16, 7)
    draw_gates(figure, gates_of(trace, x, layer, sample), labels, time, breaks)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=INK)
    return figure


def first_sample(trace: Trace) -> dict[str, Array]:
    """Returns the gates of the first row of the batch over time: [B, T, H] -> [T, H]."""
    return {name: values[0] for name, values in trace.items()}


def last_steps(trace: Trace) -> dict[str, Array]:
    """Returns the gates at the last step of every row: [B, T, H] -> [B, H]."""
    return {name: values[:, -1] for name, values in trace.items()}
