"""Lithium at the kept instants: along z, particle by particle, and what each particle carries."""

from __future__ import annotations

from itertools import count, takewhile

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .plots_files import RunFiles
from .plots_style import MICROMETRE, WIDE, new_figure

FloatArray = npt.NDArray[np.float64]
Columns = dict[str, FloatArray]

MOST_INSTANTS = 5


def plot_lithiation(run: RunFiles) -> Figure | None:
    """Draw x along z with its range, the mean x of the particles against size, and their share of the current."""
    shown = shown_instants(run, "lithiation")
    if not shown:
        return None
    figure = new_figure(4.4, WIDE)
    along, particles, current = figure.subplots(1, 3)
    for k, colour in zip(shown, instant_colours(len(shown)), strict=True):
        profile, beads = run.curve(f"lithiation_{k:02d}"), run.curve(f"particles_{k:02d}")
        assert profile is not None
        assert beads is not None
        label = f"{profile['time_s'][0]:.4g} s"
        _draw_profile(along, profile, colour, label)
        _draw_particles(particles, current, beads, colour, label)
    along.set_xlabel(r"lithium $x = c/c_\mathrm{max}$")
    along.set_ylabel("z [µm]")
    particles.set_xlabel("equivalent diameter of the AM in a particle [µm]")
    particles.set_ylabel(r"mean lithium $x$ of the particle")
    current.set_xlabel("share of the AM's volume")
    current.set_ylabel("share of the current")
    for axes in (along, particles, current):
        axes.grid(alpha=0.3)
    handles = along.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=MOST_INSTANTS, fontsize=9, frameon=False)
    return figure


def shown_instants(run: RunFiles, table: str) -> list[int]:
    """Return the numbers of the instants that a picture shows: all, or some of many, the last one among them."""
    numbers = list(takewhile(lambda k: run.curve(f"{table}_{k:02d}") is not None, count()))
    return numbers if len(numbers) <= MOST_INSTANTS else numbers[:: len(numbers) // -MOST_INSTANTS][::-1]


def instant_colours(count: int) -> list[tuple[float, ...]]:
    """Return a colour for each of some instants, early ones dark."""
    return [tuple(colour) for colour in colormaps["viridis"](np.linspace(0.0, 0.85, count))]


def _draw_profile(axes: Axes, profile: Columns, colour: tuple[float, ...], label: str) -> None:
    heights = profile["z_m"] / MICROMETRE
    low, high = profile["smallest_stoichiometry"], profile["largest_stoichiometry"]
    axes.fill_betweenx(heights, low, high, color=colour, alpha=0.2, linewidth=0.0)
    axes.plot(profile["mean_stoichiometry"], heights, color=colour, label=label)


def _draw_particles(lithium: Axes, current: Axes, beads: Columns, colour: tuple[float, ...], label: str) -> None:
    """Draw the active particles; the diagonal of the shares is an electrode that is used evenly."""
    diameter = np.cbrt(6.0 * beads["volume_m3"] / np.pi) / MICROMETRE
    lithium.plot(diameter, beads["mean_stoichiometry"], ".", color=colour, markersize=4, label=label)
    if abs(beads["current_A"].sum()) < 1e-3 * np.abs(beads["current_A"]).sum():  # at rest
        return
    volume, flow = (beads[name] / beads[name].sum() for name in ("volume_m3", "current_A"))
    current.plot(volume, flow, ".", color=colour, markersize=4)
    largest = float(volume.max())
    current.plot([0.0, largest], [0.0, largest], color="grey", linewidth=0.8)
