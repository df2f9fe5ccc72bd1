"""Picture of the homogenised model beside the resolved curve."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, new_figure


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
    heading = np.sign(resolved["capacity_Ah_m2"][-1])
    last = min(heading * curve["capacity_Ah_m2"][-1] for curve in (resolved, homogenised))
    at = np.linspace(0.0, last, 400)
    values = [np.interp(at, heading * c["capacity_Ah_m2"], c["voltage_V"]) for c in (resolved, homogenised)]
    lower.plot(heading * at, 1e3 * (values[1] - values[0]), color=LINE_COLOURS[1])
    lower.axhline(0.0, color="0.6", linewidth=0.8)
    lower.set_ylabel("1D - 3D [mV]")
    lower.set_xlabel("capacity [Ah/m²]")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    return figure
