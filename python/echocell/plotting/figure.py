"""Creates figures, with titles, and saves them."""

from __future__ import annotations

import os
import textwrap
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from echocell.plotting.style import BLUE as BLUE
from echocell.plotting.style import DOTS_PER_INCH
from echocell.plotting.style import GREEN as GREEN
from echocell.plotting.style import GREY as GREY
from echocell.plotting.style import INK as INK
from echocell.plotting.style import ORANGE as ORANGE
from echocell.plotting.style import RED as RED
from echocell.plotting.style import style_axes as style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Array = NDArray[Any]


_WIDTH = 16.0  # width of a figure with a title, in inches


_TITLE_LETTERS, _BODY_LETTERS = 105, 175  # per line of the title, and of the text below it


class MissingPlotExtraError(ImportError):
    """Raised if matplotlib is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "pictures need matplotlib, which is not installed: pip install 'echocell[plot]'"
        )


def available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def new_figure(width: float = 16.0, height: float = 10.0) -> Figure:
    """Returns an empty figure of this size in inches, with 100 dots per inch.

    Raises:
        MissingPlotExtraError: matplotlib is not installed; it is an ImportError.
    """
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from echocell.plotting.picture import Picture
    except ImportError:
        raise MissingPlotExtraError from None
    # The distances between parts and to the edge, in inches.
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06)
    return Picture(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes the figure in the format given by the suffix of the path (.png, .svg, .pdf)."""
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor="white")


def _head(title: str) -> tuple[str, str, float]:
    """Returns the first line of a title and its other lines, both wrapped, and their height in
    inches.
    """
    first, _, rest = title.partition("\n")
    first = textwrap.fill(first, _TITLE_LETTERS)
    body = "\n".join(textwrap.fill(line, _BODY_LETTERS) for line in rest.splitlines())
    return first, body, 0.23 + 0.32 * len(first.splitlines()) + 0.22 * len(body.splitlines())


def titled_figure(title: str, height: float) -> tuple[Figure, SubFigure]:
    """Returns a figure with a title, its first line bold, and the part below it for the content.

    Args:
        title: the title, of one line or more.
        height: height of the content in inches; that of the title is added.
    """
    own = _head(title)[2]
    figure = new_figure(_WIDTH, own + height)
    head, body = figure.subfigures(2, 1, squeeze=False, height_ratios=(own, height))[:, 0]
    _draw_head(head, title)
    return figure, body


def _draw_head(figure: SubFigure, title: str) -> None:
    """Draws the title at the top left, with distances in inches for any figure size."""
    from matplotlib.transforms import ScaledTranslation

    first, body, _ = _head(title)
    below = 0.13 + 0.32 * len(first.splitlines())
    for text, down, size, weight in ((first, 0.08, 17, "bold"), (body, below, 11.5, "normal")):
        shift = ScaledTranslation(0.18, -down, figure.dpi_scale_trans)
        figure.text(
            0,
            1,
            text,
            va="top",
            fontsize=size,
            fontweight=weight,
            color=INK,
            linespacing=1.35,
            transform=figure.transSubfigure + shift,
        )
