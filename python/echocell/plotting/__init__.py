"""Plots: learning curves, sequences with their predictions, the gates of a cell over time.

Needs matplotlib, which the extra "plot" installs. Every function returns a matplotlib Figure, which
a notebook shows as the value of a cell. Elsewhere `figure.show()` shows it, in a window or below
the cell; `save(figure, path)` writes it. The figures are not registered with pyplot until then.

Legend: B batch, T time steps, H units.
"""

from __future__ import annotations

from echocell._common.public import publish
from echocell.plotting.experiment import plot_experiment
from echocell.plotting.figure import (
    MissingPlotExtraError,
    available,
    new_figure,
    save,
    titled_figure,
)
from echocell.plotting.forecast import ForecastPanel, plot_forecast
from echocell.plotting.gates import first_sample, last_steps, plot_gates
from echocell.plotting.history import plot_history
from echocell.plotting.sequence import plot_sequence
from echocell.plotting.style import BLUE, GREEN, GREY, INK, ORANGE, RED, style_axes

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "RED",
    "ForecastPanel",
    "MissingPlotExtraError",
    "available",
    "first_sample",
    "last_steps",
    "new_figure",
    "plot_experiment",
    "plot_forecast",
    "plot_gates",
    "plot_history",
    "plot_sequence",
    "save",
    "style_axes",
    "titled_figure",
]

publish(__name__)
