"""Where the reaction goes: the local interface current density over its mean, by area, at the kept instants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver.interface_distribution import PERCENTILES

from .plots_files import RunFiles
from .plots_lithiation import instant_colours, shown_instants
from .plots_style import WIDE, new_figure

FloatArray = npt.NDArray[np.float64]
Columns = dict[str, FloatArray]

BINS = 50
SHOWN = (0.005, 0.98)  # shares of the area between which the axis runs, and the bins
TABLE = "interface_current"


def plot_interface_current(run: RunFiles) -> Figure | None:
    """Draw the cumulative curve with its percentiles and the histogram; None without an instant under current."""
    tables = {k: _table(run, k) for k in shown_instants(run, TABLE)}
    curves = [table for table in tables.values() if np.isfinite(table["current_density_over_mean"]).all()]
    if not curves:
        return None
    figure = new_figure(4.4, WIDE)
    cumulative, histogram = figure.subplots(1, 2)
    ends = [np.interp(SHOWN, c["area_share"], c["current_density_over_mean"]) for c in curves]
    low, high = min(0.0, *(float(e[0]) for e in ends)), max(1.5, *(float(e[1]) for e in ends))
    edges: FloatArray = np.linspace(low, high, BINS + 1, dtype=np.float64)
    for curve, colour in zip(curves, instant_colours(len(curves)), strict=True):
        _draw_cumulative(cumulative, curve, colour)
        histogram.stairs(100.0 * np.diff(share_below(curve, edges)), edges, color=colour, linewidth=1.3)
    for percentile in PERCENTILES:
        cumulative.axhline(percentile, color="#BBBBBB", linewidth=0.6, zorder=0)
    cumulative.set_yticks([0, *PERCENTILES, 100])
    cumulative.set_ylabel("share of the reactive area below [%]")
    histogram.set_ylabel(f"share of the area per bin of {edges[1] - edges[0]:.2g} [%]")
    for axes in (cumulative, histogram):
        axes.axvline(1.0, color="#888888", linestyle="--", linewidth=0.8, zorder=0)
        axes.set_xlim(low, high)
        axes.set_xlabel("local interface current density over its mean [-]")
    handles = cumulative.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return figure


def share_below(curve: Columns, values: FloatArray) -> FloatArray:
    """Return the share of the area on which the current density over its mean lies below values.

    Equal densities, as on a slab, are a step.
    """
    return np.interp(values, curve["current_density_over_mean"], curve["area_share"], left=0.0, right=1.0)


def _table(run: RunFiles, number: int) -> Columns:
    table = run.curve(f"{TABLE}_{number:02d}")
    assert table is not None
    return table


def _draw_cumulative(axes: Axes, curve: Columns, colour: tuple[float, ...]) -> None:
    """Draw the curve and dots at the percentiles; the legend tells the mean."""
    relative, share = curve["current_density_over_mean"], 100.0 * curve["area_share"]
    middle = len(share) // 2
    mean = curve["current_density_A_m2"][middle] / relative[middle]
    axes.plot(relative, share, color=colour, label=f"{curve['time_s'][0]:.4g} s, mean {mean:.3g} A/m²")
    axes.plot(np.interp(PERCENTILES, share, relative), PERCENTILES, "o", color=colour, markersize=3.5)
