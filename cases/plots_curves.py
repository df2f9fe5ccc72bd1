"""Curves of a run: voltage of the discharge, and what happened during manufacturing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .plots_cycles import capacity_unit, draw_cycles
from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, new_figure, with_error

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """One small diagram: columns of a curve file against another column."""

    columns: tuple[str, ...]
    label: str
    factor: float = 1.0  # from the unit of the file to that of the label
    converged: str = ""  # figure of the stage's report that the curve is heading for
    uncertainty: str = ""  # of that figure


@dataclass(frozen=True)
class StagePanels:
    """The diagrams of a manufacturing stage, all over the same quantity."""

    stage: str
    report: str  # name of the stage's figures in the summary
    over: str
    label: str
    factor: float
    panels: tuple[Panel, ...]


_DENSITY = Panel(
    ("density_g_cm3",),
    "density [g/cm³]",
    converged="density_converged_g_cm3",
    uncertainty="density_converged_uncertainty_g_cm3",
)
_PRESSURE_Z = Panel(("pressure_z_Pa",), "pressure along z [kPa]", 1e-3)
_THICKNESS = Panel(("thickness_um",), "thickness [µm]")
_POROSITY = Panel(("porosity", "porosity_without_nanopores"), "porosity")
_TIME = ("time_s", "simulated time [µs]", 1e6)
_STAGES = (
    StagePanels("slurry", "slurry", *_TIME, (_DENSITY, Panel(("pressure_Pa",), "pressure [kPa]", 1e-3))),
    StagePanels("drying", "dried", *_TIME, (_DENSITY, _PRESSURE_Z, _THICKNESS)),
    StagePanels(
        "calendering", "calendered", "degree", "degree of calendering", 1.0, (_DENSITY, _PRESSURE_Z, _POROSITY)
    ),
)
_LEGEND_SHARE = 0.4  # of the height of the data, added above them for the legend
_SMALLEST_SPAN = 0.01  # [V] or stoichiometry
_SERIES_LABELS = {"porosity": "with nanopores of the CBD", "porosity_without_nanopores": "without"}


def plot_voltage(run: RunFiles) -> Figure | None:
    """Draw the voltage against capacity and utilisation, and the lithium at the particle surfaces."""
    curve = run.curve("discharge")
    if curve is None:
        return None
    numbers = run.summary.get("discharge", {})
    factor, unit = capacity_unit(numbers)
    theoretical = factor * numbers.get("theoretical_capacity_Ah_m2", 0.0)
    if len(np.unique(curve["protocol_step"])) > 1:
        return draw_cycles(curve, factor, unit)
    capacity = factor * curve["capacity_Ah_m2"]
    figure = new_figure(4.0)
    voltage, lithium = figure.subplots(1, 2)
    _draw_voltage(voltage, capacity, curve["voltage_V"], unit, str(numbers.get("end_reason", "")))
    _draw_lithium(lithium, capacity, curve)
    for axes in (voltage, lithium):
        axes.set_xlabel(f"capacity [{unit}]")
        axes.grid(alpha=0.3)
        if theoretical > 0.0:
            top = axes.secondary_xaxis("top", functions=(lambda q: q / theoretical, lambda u: u * theoretical))
            top.set_xlabel("utilisation")
    return figure


def plot_manufacturing(run: RunFiles) -> Figure | None:
    """Draw density, pressure, thickness and porosity of each stage in small multiples."""
    found = [(stage, curve) for stage in _STAGES if (curve := run.curve(stage.stage)) is not None]
    if not found or "manufacturing" not in run.summary:
        return None
    figure = new_figure(2.2 * len(found) + 0.3)
    rows = np.atleast_1d(figure.subfigures(len(found), 1))
    for row, (stage, curve) in zip(rows, found, strict=True):
        panels = [p for p in stage.panels if all(c in curve for c in p.columns)]
        row.suptitle(stage.stage, fontsize=10, x=0.01, ha="left")
        for axes, panel in zip(row.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw_panel(axes, stage, panel, curve)
            _draw_converged(axes, panel, run.manufacturing.get(stage.report, {}))
    return figure


def _draw_voltage(axes: Axes, capacity: FloatArray, voltage: FloatArray, unit: str, reason: str) -> None:
    """Draw the voltage of every accepted step and mark the last."""
    axes.plot(capacity, voltage, color=LINE_COLOURS[0], marker=".", markersize=3)
    ended = f", ended on {reason}" if reason else ""
    label = f"{capacity[-1]:.4g} {unit}, {voltage[-1]:.3f} V{ended}"
    axes.plot(capacity[-1:], voltage[-1:], "o", color=LINE_COLOURS[1], clip_on=False, label=label, zorder=4)
    _widen(axes)
    axes.set_ylabel("voltage [V]")
    axes.legend(fontsize=8, loc="best")


def _draw_lithium(axes: Axes, capacity: FloatArray, curve: dict[str, FloatArray]) -> None:
    """Draw the mean stoichiometry and the range of its surface values."""
    low, high = curve["smallest_surface_stoichiometry"], curve["largest_surface_stoichiometry"]
    axes.fill_between(capacity, low, high, color=LINE_COLOURS[4], alpha=0.4, linewidth=1, label="surfaces, range")
    axes.plot(capacity, curve["mean_stoichiometry"], color=LINE_COLOURS[0], label="mean")
    _widen(axes)
    axes.set_ylabel(r"lithium $x = c/c_\mathrm{max}$")
    axes.legend(fontsize=8, loc="best")


def _widen(axes: Axes) -> None:
    """Show at least ``_SMALLEST_SPAN``, so that rounding of a constant does not fill the diagram."""
    low, high = axes.get_ylim()
    missing = max(_SMALLEST_SPAN - (high - low), 0.0)
    axes.set_ylim(low - 0.5 * missing, high + 0.5 * missing)


def _draw_panel(axes: Axes, stage: StagePanels, panel: Panel, curve: dict[str, FloatArray]) -> None:
    over = stage.factor * curve[stage.over]
    for k, column in enumerate(panel.columns):
        label = _SERIES_LABELS.get(column, "")
        axes.plot(over, panel.factor * curve[column], ".-", color=LINE_COLOURS[k], markersize=3, label=label)
    axes.set_xlabel(stage.label, fontsize=9)
    axes.set_ylabel(panel.label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    if len(panel.columns) > 1:
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + _LEGEND_SHARE * (high - low))
        axes.legend(fontsize=7, loc="upper right")


def _draw_converged(axes: Axes, panel: Panel, numbers: dict[str, Any]) -> None:
    """Draw the value that a curve is heading for, with its uncertainty, where the stage reports one."""
    if panel.converged not in numbers:
        return
    value = float(numbers[panel.converged])
    spread = float(numbers.get(panel.uncertainty, 0.0))
    axes.axhspan(value - spread, value + spread, color=LINE_COLOURS[1], alpha=0.25, linewidth=0)
    text = with_error(value, spread) if spread > 0.0 else f"{value:.4g}"
    axes.axhline(value, color=LINE_COLOURS[1], linestyle="--", linewidth=1.0, label=f"converged: {text}")
    axes.legend(fontsize=8, loc="best")
