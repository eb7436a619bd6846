"""Draws a model: its layers as a chain of boxes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from echocell.plotting.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _shape_text(shape: Sequence[int | None]) -> str:
    return f"({', '.join('None' if extent is None else str(extent) for extent in shape)})"


def _label(layer: Any, show_shapes: bool, show_layer_names: bool) -> str:
    kind = type(layer).__name__
    lines = [f"{layer.name} ({kind})" if show_layer_names else kind]
    if show_shapes and layer.built:
        lines.append(f"{_shape_text(layer.input_shape)} → {_shape_text(layer.output_shape)}")
    return "\n".join(lines)


def draw_model(
    model: Any,
    to_file: str | os.PathLike[str] | None,
    show_shapes: bool,
    show_layer_names: bool,
    dpi: float,
) -> Figure:
    """Draws the layers of a model from top to bottom; see `utils.plot_model`."""
    labels = [_label(layer, show_shapes, show_layer_names) for layer in model.layers]
    longest = max((len(line) for label in labels for line in label.splitlines()), default=0)
    figure = new_figure(max(5.0, 1 + 0.1 * longest), 0.4 + 1.1 * max(1, len(labels)))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_ylim(-len(labels) + 0.4, 0.6)
    axes.set_xlim(-1, 1)
    for row, label in enumerate(labels):
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white"}
        axes.text(0, -row, label, ha="center", va="center", bbox=box)
        if row:
            # Drawn behind the boxes, so that their height need not be known.
            axes.annotate(
                "", (0, -row + 0.27), (0, -row + 1), arrowprops={"arrowstyle": "->"}, zorder=0
            )
    if to_file is not None:
        figure.savefig(to_file, dpi=dpi)
    return figure
