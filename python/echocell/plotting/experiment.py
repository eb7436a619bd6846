"""The report of an experiment on one page.

Legend: T time steps, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from echocell.plotting.figure import titled_figure
from echocell.plotting.heat_maps import draw_gates
from echocell.plotting.history import draw_curve, own_names
from echocell.plotting.sequence import draw_sequence
from echocell.plotting.sources import LearningCurve
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


def plot_experiment(
    title: str,
    *,
    curve: LearningCurve,
    sequence: Labels,
    expected: Labels,
    predicted: Labels,
    trace: Trace,
    example: str = "one example",
    labels: Labels | None = None,
    time: str = "time step",
    breaks: Sequence[int] = (),
) -> Figure:
    """Draws an experiment on one page: loss and accuracy, one example, gates over time.

    Args:
        title: title of the page; its first line is bold.
        curve: loss and metrics over updates.
        sequence: an example, as for `plot_sequence`.
        expected: its targets.
        predicted: its outputs.
        trace: gates and states, name -> [T, H].
        example: heading of the example. Default "one example".
        labels: one text per time step. Default None: numbers.
        time: label of the time axis. Default "time step".
        breaks: time steps before which a line is drawn.

    Returns:
        The figure.
    """
    figure, body = titled_figure(title, 9.2)
    top, middle, bottom = body.subfigures(3, 1, squeeze=False, height_ratios=(2.3, 1.6, 5.3))[:, 0]
    left, right = top.subplots(1, 2)
    names = own_names(curve.history)
    for axes, name in zip((left, right), names, strict=False):
        draw_curve(axes, curve.history, name, curve.updates, "updates")
    if len(names) < 2:
        right.set_visible(False)
    draw_sequence(middle.subplots(), sequence, expected, predicted, example)
    draw_gates(bottom, trace, labels, time, breaks)
    return figure
