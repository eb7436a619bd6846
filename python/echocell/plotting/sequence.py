"""Draws sequences with their predictions as rows of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from echocell.plotting.figure import new_figure
from echocell.plotting.style import BLUE as BLUE
from echocell.plotting.style import GREEN as GREEN
from echocell.plotting.style import GREY as GREY
from echocell.plotting.style import INK as INK
from echocell.plotting.style import ORANGE as ORANGE
from echocell.plotting.style import RED as RED
from echocell.plotting.style import style_axes as style_axes
from echocell.plotting.style import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]


Labels = Sequence[object] | Array


# Fill colours of the boxes of a sequence: given, right, wrong.
_GIVEN, _RIGHT, _WRONG = "#E5EDF5", "#CBEBDD", "#F9D5C5"


_MOST_BOXES = 40  # per row


def plot_sequence(
    sequence: Labels, expected: Labels, predicted: Labels, *, title: str = ""
) -> Figure:
    """Draws a sequence, with the expected and the predicted value below each of its values.

    Args:
        sequence: the input; its values should have a short text form.
        expected: the targets, None at steps without an answer.
        predicted: the outputs.
        title: title of the figure. Default none.

    Returns:
        The figure.

    Raises:
        ValueError: the lengths differ.
    """
    figure = new_figure(16, 2.4)
    draw_sequence(figure.subplots(), sequence, expected, predicted, title)
    return figure


def draw_sequence(
    axes: Axes, sequence: Labels, expected: Labels, predicted: Labels, title: str
) -> None:
    """Draws three rows of boxes: input, expected and predicted values."""
    if not len(sequence) == len(expected) == len(predicted):
        raise ValueError(
            f"expected sequence, expected and predicted of one length, received "
            f"{len(sequence)}, {len(expected)} and {len(predicted)}"
        )
    shown = list(zip(sequence, expected, predicted, strict=True))[:_MOST_BOXES]
    columns = max(len(shown), 16)
    longest = max((str(value) for column in shown for value in column), key=len, default="")
    room = 0.8 * axes.get_window_extent().width / columns
    size = min(12.0, room / text_width(longest or "n", 1))
    for place, (given, wanted, got) in enumerate(shown):
        _draw_box(axes, place, 2, given, _GIVEN, size)
        if wanted is not None:
            _draw_box(axes, place, 1, wanted, "white", size)
            _draw_box(axes, place, 0, got, _RIGHT if got == wanted else _WRONG, size)
    if len(sequence) > _MOST_BOXES:
        title = f"{title} (the first {_MOST_BOXES} of {len(sequence)} values)".strip()
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(-0.55, 2.55)
    axes.set_yticks([2, 1, 0], ["input", "expected", "predicted"])
    axes.set_xticks([])
    axes.tick_params(length=0, labelsize=10.5, labelcolor=INK)
    axes.set_title(title, loc="left", fontsize=12, color=INK)
    axes.set_title(
        "prediction: green = correct, red = wrong", loc="right", fontsize=9.5, color=GREY
    )
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_box(axes: Axes, x: float, y: float, value: object, colour: str, size: float) -> None:
    from matplotlib.patches import Rectangle

    corner = (x - 0.46, y - 0.42)
    axes.add_patch(Rectangle(corner, 0.92, 0.84, facecolor=colour, edgecolor=GREY, linewidth=0.8))
    axes.text(x, y - 0.02, str(value), ha="center", va="center", fontsize=size, color=INK)
