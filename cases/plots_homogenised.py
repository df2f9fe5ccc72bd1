"""Picture of the homogenised model beside the resolved curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, new_figure

FloatArray = npt.NDArray[np.float64]
Columns = dict[str, FloatArray]

POSITIONS = 400  # at which curves are compared


def plot_homogenised(run: RunFiles) -> Figure | None:
    """Draw both voltages against the capacity and their difference below."""
    resolved, homogenised = run.curve("discharge"), run.curve("homogenised")
    if resolved is None or homogenised is None:
        return None
    figure = new_figure(5.5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1.0))
    pairs = (("resolved in 3D", resolved, "-"), ("homogenised in 1D", homogenised, "--"))
    for (label, curve, style), colour in zip(pairs, LINE_COLOURS, strict=False):
        upper.plot(curve["capacity_Ah_m2"], curve["voltage_V"], style, color=colour, label=label)
    upper.set_ylabel("voltage [V]")
    upper.legend(frameon=False)
    at, one, other = voltages_at_same_capacity(resolved, homogenised, (0.0, 1.0))
    lower.plot(at, 1e3 * (other - one), color=LINE_COLOURS[1])
    lower.axhline(0.0, color="0.6", linewidth=0.8)
    lower.set_ylabel("1D - 3D [mV]")
    lower.set_xlabel("capacity [Ah/m²]")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    return figure


def voltages_at_same_capacity(
    first: Columns, second: Columns, within: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return capacities [Ah/m2] and the voltages of two curves there [V].

    Args:
        first: its columns; it tells charge from discharge.
        second: columns of the other curve.
        within: part of the capacity of the shorter curve.
    """
    capacities = [curve["capacity_Ah_m2"] for curve in (first, second)]
    heading = np.sign(capacities[0][-1])
    at = np.linspace(*within, POSITIONS) * min(abs(float(capacity[-1])) for capacity in capacities)
    voltages = [
        np.interp(at, heading * c, curve["voltage_V"]) for c, curve in zip(capacities, (first, second), strict=True)
    ]
    return np.asarray(heading * at), voltages[0], voltages[1]
