"""Where the voltage goes: overpotentials stacked between equilibrium and cell voltage, and the heat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .plots_cycles import capacity_unit, time_axis
from .plots_files import RunFiles
from .plots_style import WIDE, new_figure

FloatArray = npt.NDArray[np.float64]
Curve = dict[str, FloatArray]

TITLES = {
    "ionic_separator": ("ions, separator", "#F3D48A"),
    "ionic_composite": ("ions, composite", "#E69F00"),
    "electronic": ("electrons", "#333333"),
    "anode_electronic": ("electrons, anode", "#888888"),
    "ionic_contacts": ("contacts SE|SE", "#B8860B"),
    "electronic_contacts": ("contacts AM, CBD", "#D55E00"),
    "charge_transfer": ("charge transfer AM|SE", "#0072B2"),
    "anode_charge_transfer": ("charge transfer, anode", "#56B4E9"),
    "double_layer": ("double layer", "#F0E442"),
    "anode_double_layer": ("double layer, anode", "#F7EFA0"),
    "film": ("film AM|SE", "#8C564B"),
    "anode_film": ("film, anode", "#C49C94"),
    "diffusion": ("lithium diffusion", "#009E73"),
    "anode_diffusion": ("lithium diffusion, anode", "#90D5BC"),
    "counter_kinetics": ("counter, kinetics", "#CC79A7"),
    "counter_resistance": ("counter, resistance", "#E8BFD6"),
}
NEGLIGIBLE = 1e-4  # of the largest sum; smaller shares are not drawn
MILLIVOLT = 1e-3


def plot_overpotentials(run: RunFiles) -> Figure | None:
    """Draw the voltage with the parts that miss to equilibrium, and the parts alone; None without a discharge."""
    rows = run.curve("overpotentials")
    if rows is None:
        return None
    across, label = axis_of_run(rows, run)
    shares = drawn_shares(rows)
    figure = new_figure(4.6, WIDE)
    voltage, parts = figure.subplots(1, 2)
    voltage.plot(
        across, rows["equilibrium_V"], color="black", linestyle="--", linewidth=1.2, label="equilibrium U(mean x)"
    )
    upper = rows["equilibrium_V"]
    for name, values in shares.items():
        lower = upper - values
        voltage.fill_between(across, lower, upper, color=TITLES[name][1], linewidth=0.0)
        upper = lower
    voltage.plot(across, rows["voltage_V"], color="black", linewidth=1.5, label="voltage")
    voltage.set_ylabel("voltage [V]")
    voltage.legend(fontsize=8, loc="best")
    _draw_parts(parts, across, shares, np.sign(rows["current_density_A_m2"]))
    for axes in (voltage, parts):
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    handles = parts.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    return figure


def plot_heat(run: RunFiles) -> Figure | None:
    """Draw the rate of heat and its integral; None without a discharge."""
    rows = run.curve("overpotentials")
    if rows is None:
        return None
    across, label = axis_of_run(rows, run)
    figure = new_figure(3.8)
    rate, total = figure.subplots(1, 2)
    for name, colour, title in (("irreversible", "#D55E00", "irreversible"), ("reversible", "#0072B2", "reversible")):
        if np.isfinite(rows[f"heat_{name}_W_m2"]).any():
            rate.plot(across, rows[f"heat_{name}_W_m2"], color=colour, label=title)
            total.plot(across, rows[f"heat_{name}_J_m2"] / 1000.0, color=colour, label=title)
    rate.set_ylabel("heat generation [W/m²]")
    total.set_ylabel("heat since the start [kJ/m²]")
    for axes in (rate, total):
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="best")
    return figure


def axis_of_run(rows: Curve, run: RunFiles) -> tuple[FloatArray, str]:
    """Return the capacity and its label for a run in one direction, else the time."""
    current = rows["current_density_A_m2"]
    if (current > 0.0).all() or (current < 0.0).all():
        factor, unit = capacity_unit(run.summary.get("discharge", {}))
        return factor * np.abs(rows["capacity_Ah_m2"]), f"capacity [{unit}]"
    return time_axis(rows["time_s"])


def drawn_shares(rows: Curve) -> Curve:
    """Return the overpotentials that can be seen, in the order of the titles [V]."""
    found = {name: rows[f"{name}_V"] for name in TITLES if f"{name}_V" in rows}
    largest = np.nanmax(np.abs(np.sum(list(found.values()), axis=0)), initial=0.0)
    return {name: v for name, v in found.items() if np.nanmax(np.abs(v), initial=0.0) > NEGLIGIBLE * largest}


def _draw_parts(axes: Axes, across: FloatArray, shares: Curve, sign: FloatArray) -> None:
    """Stack what the processes cost, in either direction [mV]."""
    lower = np.zeros(len(across))
    for name, values in shares.items():
        upper = lower + sign * values / MILLIVOLT
        title, colour = TITLES[name]
        axes.fill_between(across, lower, upper, color=colour, linewidth=0.0, label=title)
        lower = upper
    axes.plot(across, lower, color="black", linewidth=1.0)
    axes.set_ylabel("overpotential [mV]")
