"""Error against wall time of every tool, one diagram per conductivity and kind of time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from .plots_style import LINE_COLOURS, WIDE, new_figure, save_figure

TIMES = {"solve_seconds": "solve only", "total_seconds": "geometry to result"}
MARKERS = "osDv^"


def plot_curves(rows: Sequence[dict[str, Any]], folder: Path) -> None:
    """Draw the points of the table of the curves into error_time.png.

    Args:
        rows: target, method, relative_error, reference_error, reference and both times [s] of each point.
        folder: of the picture.
    """
    targets = list(dict.fromkeys(row["target"] for row in rows))
    methods = sorted({row["method"] for row in rows})
    figure = new_figure(6.4, WIDE)
    grid = figure.subplots(len(TIMES), len(targets), sharey=True, squeeze=False)
    for line, (key, title) in zip(grid, TIMES.items(), strict=True):
        for axes, target in zip(line, targets, strict=True):
            own = [row for row in rows if row["target"] == target]
            for method, marker, colour in zip(methods, MARKERS, LINE_COLOURS, strict=False):
                _draw(axes, [row for row in own if row["method"] == method], key, (method, marker, colour))
            axes.axhspan(1e-5, own[0]["reference_error"] / own[0]["reference"], color="0.9")
            axes.set(xscale="log", yscale="log", xlabel=f"wall time, {title} [s]", ylim=(2e-4, 1.0))
            axes.set_title(target, fontsize="medium")
    for line in grid:
        line[0].set_ylabel("relative error of conductivity")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    save_figure(figure, folder / "error_time.png")


def _draw(axes: Axes, rows: Sequence[dict[str, Any]], key: str, style: tuple[str, str, str]) -> None:
    label, marker, colour = style
    ordered = sorted(rows, key=lambda row: float(row["size"]))
    times, errors = [row[key] for row in ordered], [row["relative_error"] for row in ordered]
    axes.plot(times, errors, marker=marker, color=colour, label=label)
