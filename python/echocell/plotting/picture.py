"""A matplotlib figure that can be shown in notebooks and scripts."""

from __future__ import annotations

import io
import warnings
from typing import Any, cast

from matplotlib.figure import Figure

from echocell._common.terminal import in_notebook


class Picture(Figure):
    """A figure that is not registered with pyplot, so that it is shown once and freed normally.

    A notebook shows it as the value of a cell. Elsewhere in a cell, and in scripts, use `show()`.
    """

    def _repr_png_(self) -> bytes:
        """Returns the PNG that a notebook displays."""
        png = io.BytesIO()
        self.savefig(png, format="png", facecolor="white")
        return png.getvalue()

    def show(self, warn: bool = True) -> None:
        """Shows the picture below the notebook cell, else in a window until it is closed.

        Args:
            warn: whether to warn if matplotlib's backend has no windows. Default True.
        """
        if in_notebook():
            from IPython.display import display

            display(self)
            return
        from matplotlib import pyplot

        # pyplot makes a window for the figure that this constructor returns.
        pyplot.figure(FigureClass=cast(Any, lambda *_, **__: self))
        with warnings.catch_warnings():
            if not warn:
                warnings.simplefilter("ignore")
            pyplot.show()
        if not pyplot.isinteractive():
            pyplot.close(self)
