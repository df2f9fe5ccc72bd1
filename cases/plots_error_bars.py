"""Picture of the error bars of an effective property: each part beside the sum, per combination of keys."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .error_bars import ErrorBars
from .figure_units import figure_label, plotted_unit
from .plots_style import LINE_COLOURS, add_legend_below, new_figure
from .study_error_bars import FigureErrorBars

_APART = 0.13  # distance of the bars of one combination
_PARTS = ("elements (guaranteed)", "geometry (cell size)", "sample (seeds)", "sum")


def plot_error_bars(entries: Sequence[FigureErrorBars]) -> Figure:
    """Draw the value of a figure with its three error bars and their sum for each combination."""
    figure = new_figure(4.2)
    axes = figure.subplots()
    scale = plotted_unit(entries[0].figure)[1]
    labelled: set[str] = set()
    for x, entry in enumerate(entries):
        _draw(axes, float(x), entry.bars, scale, labelled)
    axes.set_xticks(range(len(entries)), [_label(entry) for entry in entries], fontsize=8)
    axes.set_xlim(-0.6, len(entries) - 0.4)
    axes.set_ylabel(figure_label(entries[0].figure))
    axes.grid(alpha=0.3, axis="y")
    add_legend_below(axes)
    return figure


def _label(entry: FigureErrorBars) -> str:
    """Return the combination and, below, what is not known."""
    missing = ", ".join(entry.bars.missing)
    return entry.combination.label + (f"\nnot known: {missing}" if missing else "")


def _draw(axes: Axes, x: float, bars: ErrorBars, scale: float, labelled: set[str]) -> None:
    """Draw the parts that are known side by side, the sum last; each is named once in the legend."""
    symmetric = [None if half is None else (half, half) for half in (bars.geometry, bars.statistics)]
    lower, upper = bars.interval
    parts = [bars.discretisation, *symmetric, (bars.value - lower, upper - bars.value)]
    for k, (name, part) in enumerate(zip(_PARTS, parts, strict=True)):
        if part is None:
            continue
        label = None if name in labelled else name
        labelled.add(name)
        ends = [[scale * part[0]], [scale * part[1]]]
        place = x + _APART * (k - 1.5)
        axes.errorbar(place, scale * bars.value, ends, fmt="s", capsize=5, color=LINE_COLOURS[k], label=label)
