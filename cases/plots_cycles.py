"""Voltage of a protocol of several steps: each half cycle from zero capacity, and everything against time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .half_cycles import half_cycles
from .plots_style import LINE_COLOURS, WIDE, new_figure

FloatArray = npt.NDArray[np.float64]

HOUR = 3600.0
MINUTE = 60.0
_MOST_LABELS = 8


def draw_cycles(curve: dict[str, FloatArray], factor: float, unit: str) -> Figure:
    """Draw the curve of a protocol.

    Args:
        curve: columns of ``curves/discharge.csv``.
        factor: from Ah/m2 to the unit of the capacity.
        unit: of the capacity.
    """
    figure = new_figure(4.2, WIDE)
    by_capacity, by_time, lithium = figure.subplots(1, 3)
    colours = _cycle_colours(curve)
    _draw_half_cycles(by_capacity, curve, factor, colours)
    by_capacity.set_xlabel(f"capacity since the half cycle began [{unit}]")
    time, label = time_axis(curve["time_s"])
    for cycle, colour in colours.items():
        rows = np.flatnonzero(curve["cycle"] == cycle)
        by_time.plot(time[rows], curve["voltage_V"][rows], color=colour, linewidth=1.0)
    low, high = curve["smallest_surface_stoichiometry"], curve["largest_surface_stoichiometry"]
    lithium.fill_between(time, low, high, color=LINE_COLOURS[4], alpha=0.4, linewidth=1, label="surfaces, range")
    lithium.plot(time, curve["mean_stoichiometry"], color=LINE_COLOURS[0], linewidth=1.0, label="mean")
    lithium.set_ylabel(r"lithium $x = c/c_\mathrm{max}$")
    lithium.legend(fontsize=8, loc="best")
    for axes in (by_capacity, by_time):
        axes.set_ylabel("voltage [V]")
    for axes in (by_time, lithium):
        axes.set_xlabel(label)
    for axes in (by_capacity, by_time, lithium):
        axes.grid(alpha=0.3)
    return figure


def capacity_unit(figures: dict[str, Any]) -> tuple[float, str]:
    """Return the factor from Ah/m2 and the unit in which capacities are drawn: mAh/g where the mass is known."""
    if figures.get("theoretical_capacity_mAh_g"):
        return figures["theoretical_capacity_mAh_g"] / figures["theoretical_capacity_Ah_m2"], "mAh/g"
    return 1.0, "Ah/m²"


def time_axis(seconds: FloatArray) -> tuple[FloatArray, str]:
    """Return times in seconds, minutes or hours, whatever suits the last, and the label of their axis."""
    for unit, length in (("h", HOUR), ("min", MINUTE)):
        if seconds[-1] > 2.0 * length:
            return np.asarray(seconds / length), f"time [{unit}]"
    return seconds, "time [s]"


def _draw_half_cycles(axes: Axes, curve: dict[str, FloatArray], factor: float, colours: dict[int, str]) -> None:
    """Draw charges dashed and discharges solid, one colour per cycle, all from zero."""
    halves = half_cycles(curve)
    for half in halves:
        style = "-" if half.discharge else "--"
        axes.plot(
            factor * half.capacity, curve["voltage_V"][half.rows], style, color=colours[half.cycle], linewidth=1.3
        )
    cycles = sorted({half.cycle for half in halves})
    shown = cycles if len(cycles) <= _MOST_LABELS else [cycles[0], cycles[len(cycles) // 2], cycles[-1]]
    handles = [Line2D([], [], color=colours[c], label=f"cycle {c}" if c else "before cycles") for c in shown]
    handles = handles if len(cycles) > 1 else []
    for discharge, style, label in ((True, "-", "discharge"), (False, "--", "charge")):
        if any(half.discharge is discharge for half in halves):
            handles.append(Line2D([], [], color="grey", linestyle=style, label=label))
    axes.legend(handles=handles, fontsize=7, loc="best")


def _cycle_colours(curve: dict[str, FloatArray]) -> dict[int, str]:
    """Return a colour per cycle, grey for steps outside cycles of a run with some."""
    cycles = [int(c) for c in np.unique(curve["cycle"])]
    numbered = [c for c in cycles if c > 0]
    scale = colormaps["viridis"](np.linspace(0.0, 0.85, max(len(numbered), 1)))
    colours = {c: to_hex(scale[k]) for k, c in enumerate(numbered)}
    return colours | ({0: "#666666" if numbered else LINE_COLOURS[0]} if 0 in cycles else {})
