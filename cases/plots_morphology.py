"""Profiles, chords, inscribed spheres and two-point correlation of an electrode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from manufacturing.phases import Phase

from .plots_files import RunFiles
from .plots_style import MICROMETRE, PHASE_LABELS, PHASE_LINES, WIDE, new_figure

FloatArray = npt.NDArray[np.float64]
Curve = dict[str, FloatArray]

_STYLES = {"x": ":", "y": "--", "z": "-"}
_TAIL = 0.995  # of the distributions is shown


def plot_morphology(run: RunFiles) -> Figure | None:
    """Draw the four curves of the morphology, None where it was not measured."""
    names = ("phase_profile", "chord_lengths", "inscribed_diameters", "two_point")
    curves = [run.curve(name) for name in names]
    if "morphology" not in run.summary or any(curve is None for curve in curves):
        return None
    profile, chords, sizes, correlation = (curve for curve in curves if curve is not None)
    figure = new_figure(7.2, WIDE)
    panels = figure.subplots(2, 2)
    _draw_profile(panels[0, 0], profile)
    _draw_chords(panels[0, 1], chords)
    _draw_sizes(panels[1, 0], sizes)
    _draw_correlation(panels[1, 1], correlation, run)
    for axes in panels.ravel():
        axes.grid(alpha=0.3)
        axes.set_ylim(bottom=0.0)
    handles = panels[0, 0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return figure


def _phases(curve: Curve, ending: str = "") -> list[Phase]:
    return [phase for phase in PHASE_LINES if phase.name + ending in curve]


def _draw_profile(axes: Axes, curve: Curve) -> None:
    for phase in _phases(curve):
        axes.plot(curve["z_um"], curve[phase.name], color=PHASE_LINES[phase], label=PHASE_LABELS[phase])
    axes.set_xlabel("z from the lower plane of the electrode [µm]")
    axes.set_ylabel("share of the layer")


def _draw_chords(axes: Axes, curve: Curve) -> None:
    length = curve["length_um"]
    for phase in _phases(curve, "_z_1_um"):
        for axis, style in _STYLES.items():
            density = curve[f"{phase.name}_{axis}_1_um"]
            axes.plot(length, density, style, color=PHASE_LINES[phase], linewidth=1.2)
    for axis, style in _STYLES.items():
        axes.plot([], [], style, color="#555555", label=f"along {axis}")
    _cut_tail(axes, length, [values for name, values in curve.items() if name != "length_um"])
    axes.set_xlabel("chord length [µm]")
    axes.set_ylabel("density by number [1/µm]")
    axes.legend(fontsize=8)


def _draw_sizes(axes: Axes, curve: Curve) -> None:
    length = curve["length_um"]
    for phase in _phases(curve, "_1_um"):
        axes.stairs(curve[f"{phase.name}_1_um"], _edges(length), color=PHASE_LINES[phase], linewidth=1.4)
    _cut_tail(axes, length, [values for name, values in curve.items() if name != "length_um"])
    axes.set_xlabel("diameter of the largest inscribed sphere [µm]")
    axes.set_ylabel("density by volume [1/µm]")


def _draw_correlation(axes: Axes, curve: Curve, run: RunFiles) -> None:
    """Draw S2 and the slope -s/4 that the area of the mesh gives it."""
    distance = curve["distance_um"]
    figures = run.summary["morphology"]["phases"]
    for phase in _phases(curve):
        values = curve[phase.name]
        axes.plot(distance, values, color=PHASE_LINES[phase])
        slope = 0.25 * figures[phase.name]["surface_per_volume_1_m"] * MICROMETRE
        reach = min(0.5 * values[0] / slope, distance[-1]) if slope > 0.0 else 0.0
        ends = np.array([0.0, reach])
        axes.plot(ends, values[0] - slope * ends, "--", color=PHASE_LINES[phase], linewidth=0.9)
    axes.plot([], [], "--", color="#555555", label="slope −s/4 of the meshed surface")
    axes.set_xlim(left=0.0)
    axes.set_xlabel("distance [µm]")
    axes.set_ylabel("two-point correlation")
    axes.legend(fontsize=8)


def _edges(middle: FloatArray) -> FloatArray:
    step = 2.0 * middle[0]
    return np.asarray(np.append(middle - 0.5 * step, middle[-1] + 0.5 * step))


def _cut_tail(axes: Axes, length: FloatArray, densities: list[FloatArray]) -> None:
    """Show the lengths that hold nearly all of every distribution."""
    ends = [length[0]]
    for density in densities:
        if density.sum() > 0.0:
            ends.append(length[np.searchsorted(np.cumsum(density) / density.sum(), _TAIL)])
    axes.set_xlim(0.0, float(1.05 * max(ends)))
