"""Where the current of a conduction solve goes: its density in a section, and its profile along z."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import meshio
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from manufacturing.phases import Phase

from .plots_files import CUT_AXIS, RunFiles, middle
from .plots_plane_cut import cut_tetrahedra
from .plots_style import MICROMETRE, PHASE_LINES, WIDE, add_legend_below, frame_section, new_figure

FloatArray = npt.NDArray[np.float64]

FIELD = "current_density"
LARGEST = 0.99  # share of the pieces of the section whose colours differ


@dataclass(frozen=True)
class CurrentSection:
    """The current density in the plane y = L/2."""

    polygons: FloatArray  # (n, 4, 2) x and z of the corners [m]
    size: FloatArray  # (n,) |j| over the mean current density through the electrode


def plot_currents(run: RunFiles) -> Figure | None:
    """Draw the first solve along z that has a profile: section of the current density, factor and shares along z."""
    for name, solve in run.summary.get("conduction", {}).items():
        path = run.out / "fields" / f"conduction_{name}.vtu"
        profile = run.out / "curves" / f"conduction_{name}.csv"
        if run.mesh is not None and path.exists() and profile.exists() and "z" in solve.get("by_direction", {}):
            return _figure(run, name, path, _columns(profile))
    return None


def _figure(run: RunFiles, name: str, path: Path, columns: dict[str, FloatArray]) -> Figure:
    mesh, solve = run.mesh, run.summary["conduction"][name]
    assert mesh is not None
    figure = new_figure(4.6, WIDE)
    section, local, shares = figure.subplots(1, 3, width_ratios=(1.3, 1.0, 1.0))
    cut = current_section(path, middle(mesh), solve["by_direction"]["z"]["current_density"]["through"])
    drawn = PolyCollection(
        list(cut.polygons / MICROMETRE), array=cut.size, cmap="inferno", edgecolors="face", linewidths=0.2
    )
    if len(cut.size):  # none where what conducts lies beside the section
        drawn.set_clim(0.0, float(np.quantile(cut.size, LARGEST)))
    section.add_collection(drawn)
    width = float(mesh.upper[0] - mesh.lower[0]) / MICROMETRE
    frame_section(section, width, mesh.electrode_bottom / MICROMETRE, float(mesh.upper[2]) / MICROMETRE)
    section.set_facecolor("#e6e6e6")
    section.set_title(f"{name}: section y = {middle(mesh) / MICROMETRE:.3g} µm", fontsize=10)
    figure.colorbar(drawn, ax=section, label="current density / its mean through the electrode", shrink=0.9)
    _draw_local(local, columns, solve["unit"])
    _draw_shares(shares, columns)
    return figure


def current_section(path: Path, position: float, through: float) -> CurrentSection:
    """Cut the field of a solve.

    Args:
        path: file of the field.
        position: of the plane [m].
        through: mean current density through the electrode, in the unit of the field.
    """
    data = meshio.read(path)
    cells = data.cells_dict["tetra"].astype(np.int64)
    points = np.asarray(data.points)
    cut = cut_tetrahedra(points, cells, CUT_AXIS, position)
    size = np.linalg.norm(data.cell_data[FIELD][0], axis=1)[cut.owners] / through
    return CurrentSection(cut.at_corners(points[:, ::2]), size)


def _draw_local(axes: Axes, columns: dict[str, FloatArray], unit: str) -> None:
    """Draw the local tortuosity factor, or the local conductivity where there is none."""
    factor = columns["local_tortuosity_factor"]
    known = bool(np.isfinite(factor).all())
    axes.plot(factor if known else columns["local_conductivity"], columns["z_m"] / MICROMETRE, color="black")
    axes.set_xlabel("local tortuosity factor" if known else f"local conductivity [{unit}]")
    axes.set_ylabel("z [µm]")
    axes.set_xlim(left=1.0 if known else 0.0)
    axes.grid(alpha=0.3)


def _draw_shares(axes: Axes, columns: dict[str, FloatArray]) -> None:
    """Draw the volume of the conductors and the share of each phase in the current."""
    heights = columns["z_m"] / MICROMETRE
    axes.plot(columns["conducting_fraction"], heights, "--", color="grey", label="volume of conductors")
    for name, values in columns.items():
        if name.startswith("current_share_"):
            phase = Phase[name.removeprefix("current_share_")]
            axes.plot(values, heights, color=PHASE_LINES[phase], label=f"share of {phase.name} in the current")
    axes.set_xlim(0.0, 1.05)
    axes.set_xlabel("fraction")
    axes.grid(alpha=0.3)
    add_legend_below(axes)


def _columns(path: Path) -> dict[str, FloatArray]:
    """Read a table whose empty entries stand for numbers that do not exist."""
    table = np.genfromtxt(path, delimiter=",", names=True)
    return {name: np.atleast_1d(table[name]) for name in table.dtype.names or ()}
