"""Sections through the mesh: phases, potentials and lithium on the plane y = L/2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .conduction_report import effective_conductivity
from .plots_files import CUT_AXIS, ConductionField, DischargeFields, RunFiles, Section, middle
from .plots_plane_cut import PlaneCut, cut_tetrahedra
from .plots_style import (
    LINE_COLOURS,
    MICROMETRE,
    PHASE_COLOURS,
    PHASE_GREYS,
    WIDTH,
    add_legend,
    frame_section,
    new_figure,
    phase_handles,
)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ELECTROLYTE = (Phase.SE, Phase.separator)
INSERTION = (Phase.AM, Phase.anode)
_MILLI = 1e3
_DEPTH_BINS = 40


def plot_mesh(run: RunFiles) -> Figure | None:
    """Draw every cell that the section crosses, coloured by phase."""
    if run.mesh is None or run.section is None:
        return None
    mesh, section = run.mesh, run.section
    figure = new_figure(_height(mesh, 0.62))
    axes = figure.subplots()
    draw_cells(axes, mesh, section)
    axes.set_title(f"section y = {middle(mesh) / MICROMETRE:.3g} µm of {len(mesh.cells):,} cells", fontsize=10)
    add_legend(figure, phase_handles(_present(section.phases), PHASE_COLOURS))
    return figure


def draw_cells(axes: Axes, mesh: LabelledMesh, section: Section) -> None:
    """Draw the cells of a section coloured by phase, and the interfaces between them."""
    colours = _colours(section.phases, PHASE_COLOURS)
    polygons = list(section.polygons / MICROMETRE)
    axes.add_collection(
        PolyCollection(polygons, facecolors=colours, edgecolors="#00000066", linewidths=0.25, snap=False)
    )
    axes.add_collection(LineCollection(list(section.interfaces / MICROMETRE), colors="black", linewidths=0.7))
    _frame(axes, mesh)


def plot_ionic_potential(run: RunFiles) -> Figure | None:
    """Draw the ionic potential of the discharge and its profile along z, or that of an ionic conduction solve."""
    fields = run.discharge_fields
    if run.mesh is None or run.section is None:
        return None
    if fields is None:
        ionic = [f for f in run.conduction_fields if set(_phases_of_field(run, f)) <= set(ELECTROLYTE)]
        return _conduction_figure(run, tuple(ionic[:1])) if ionic else None
    shown = len(fields.times) // 2
    potential = _MILLI * fields.ionic_potential[shown]
    figure = new_figure(_height(run.mesh, 0.43))
    axes, profile = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
    cut = _known(run.section, run.mesh, potential, ELECTROLYTE)
    _draw_grey(axes, run.section)
    drawn = _draw_field(axes, run.mesh.vertices, cut, potential, _limits(cut.at_corners(potential)), "viridis")
    _frame(axes, run.mesh)
    axes.set_title(_instant(fields, shown), fontsize=10)
    figure.colorbar(drawn, ax=axes, label="ionic potential [mV]", shrink=0.9)
    _draw_profiles(profile, run.mesh, fields)
    _grey_legend(figure, _undrawn(run.section, cut))
    return figure


def plot_lithium(run: RunFiles) -> Figure | None:
    """Draw the lithium x = c/c_max of the active material at up to three instants."""
    fields = run.discharge_fields
    if run.mesh is None or run.section is None or fields is None:
        return None
    shown = np.unique(np.linspace(0, len(fields.times) - 1, 3).round().astype(int))
    cuts = [_known(run.section, run.mesh, fields.stoichiometry[k], INSERTION) for k in shown]
    limits = _limits(
        np.concatenate([c.at_corners(fields.stoichiometry[k]).ravel() for c, k in zip(cuts, shown, strict=True)])
    )
    figure = new_figure(_height(run.mesh, 0.27 if len(shown) > 1 else 0.6))
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, cut, k in zip(panels, cuts, shown, strict=True):
        _draw_grey(axes, run.section)
        drawn = _draw_field(axes, run.mesh.vertices, cut, fields.stoichiometry[k], limits, "viridis")
        _frame(axes, run.mesh)
        axes.label_outer()
        axes.set_title(_instant(fields, int(k)), fontsize=9)
    figure.colorbar(drawn, ax=list(panels), label=r"lithium $x = c/c_\mathrm{max}$", shrink=0.9)
    _grey_legend(figure, _undrawn(run.section, cuts[0]))
    return figure


def plot_conduction(run: RunFiles) -> Figure | None:
    """Draw the potentials of the conduction solves side by side."""
    if run.mesh is None or run.section is None or not run.conduction_fields:
        return None
    return _conduction_figure(run, run.conduction_fields[:3])


def _conduction_figure(run: RunFiles, fields: tuple[ConductionField, ...]) -> Figure:
    assert run.mesh is not None
    assert run.section is not None
    figure = new_figure(_height(run.mesh, (0.6, 0.42, 0.27)[len(fields) - 1], run.mesh.electrode_bottom))
    panels = figure.subplots(1, len(fields), sharey=True, squeeze=False)[0]
    limits = (min(_MILLI * f.potential.min() for f in fields), max(_MILLI * f.potential.max() for f in fields))
    for axes, field in zip(panels, fields, strict=True):
        cut = cut_tetrahedra(field.vertices, field.cells, CUT_AXIS, middle(run.mesh))
        _draw_grey(axes, run.section)
        drawn = _draw_field(axes, field.vertices, cut, _MILLI * field.potential, limits, "viridis")
        _frame(axes, run.mesh, run.mesh.electrode_bottom)
        axes.label_outer()
        found = run.summary["conduction"][field.name]
        phases = ", ".join(p.name for p in _phases_of_field(run, field))
        axes.set_title(f"{field.name} ({phases}): {effective_conductivity(found):.3g} {found['unit']}", fontsize=10)
    figure.colorbar(drawn, ax=list(panels), label="potential [mV]", shrink=0.9)
    covered = _phases_of_field(run, fields[0]) if len(fields) == 1 else []
    _grey_legend(figure, [p for p in _present(run.section.phases) if p not in (*covered, Phase.separator)])
    return figure


def _draw_field(
    axes: Axes, vertices: FloatArray, cut: PlaneCut, values: FloatArray, limits: tuple[float, float], colours: str
) -> ScalarMappable:
    """Draw vertex values on the polygons of a section, linear inside each cell; return the artist."""
    corners = cut.at_corners(vertices[:, ::2] / MICROMETRE).reshape(-1, 2)
    first = 4 * np.arange(len(cut.owners))[:, None]
    triangles = np.concatenate([first + (0, 1, 2), first + (0, 2, 3)])
    sides = corners[triangles[:, 1:]] - corners[triangles[:, :1]]
    area = np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0])
    if not (area > 0.0).any():  # what conducts lies beside the section
        return ScalarMappable(Normalize(*limits), colours)
    mesh = Triangulation(corners[:, 0], corners[:, 1], triangles[area > 0.0])
    return axes.tripcolor(
        mesh, cut.at_corners(values).ravel(), shading="gouraud", cmap=colours, vmin=limits[0], vmax=limits[1]
    )


def _draw_grey(axes: Axes, section: Section) -> None:
    """Draw all phases in grey below a field and the lines between them above it."""
    colours = _colours(section.phases, PHASE_GREYS)
    polygons = list(section.polygons / MICROMETRE)
    axes.add_collection(
        PolyCollection(polygons, facecolors=colours, edgecolors=colours, linewidths=0.3, snap=False, zorder=0)
    )
    lines = list(section.interfaces / MICROMETRE)
    axes.add_collection(LineCollection(lines, colors="#00000080", linewidths=0.35, zorder=3))


def _draw_profiles(axes: Axes, mesh: LabelledMesh, fields: DischargeFields) -> None:
    """Draw the volume mean of the ionic potential against z at each kept instant."""
    volumes = mesh.volumes()
    heights: FloatArray = np.asarray(mesh.vertices[mesh.cells, 2].mean(axis=1) / MICROMETRE)
    edges = np.linspace(mesh.lower[2], mesh.upper[2], _DEPTH_BINS + 1) / MICROMETRE
    for k, time in enumerate(fields.times):
        potential: FloatArray = fields.ionic_potential[k]
        inside = np.isfinite(potential)[mesh.cells].all(axis=1) & np.isin(mesh.phases, ELECTROLYTE)
        values = _MILLI * potential[mesh.cells[inside]].mean(axis=1)
        weight, _ = np.histogram(heights[inside], edges, weights=volumes[inside])
        total, _ = np.histogram(heights[inside], edges, weights=volumes[inside] * values)
        place, _ = np.histogram(heights[inside], edges, weights=volumes[inside] * heights[inside])
        filled = weight > 0.0
        colour = LINE_COLOURS[k % len(LINE_COLOURS)]
        label = f"{time:.0f} s"
        axes.plot(total[filled] / weight[filled], place[filled] / weight[filled], color=colour, label=label)
    if mesh.electrode_bottom > mesh.lower[2]:
        axes.axhline(mesh.electrode_bottom / MICROMETRE, color="#888888", linestyle="--", linewidth=0.8)
    axes.set_ylim(mesh.lower[2] / MICROMETRE, mesh.upper[2] / MICROMETRE)
    axes.set_xlabel("mean ionic potential [mV]")
    axes.set_ylabel("z [µm]")
    axes.set_title("mean over the electrolyte at z", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)


def _known(section: Section, mesh: LabelledMesh, values: FloatArray, phases: tuple[Phase, ...]) -> PlaneCut:
    """Return the pieces of the section in given phases where the vertex values are known."""
    cells = mesh.cells[section.cut.owners]
    return section.cut.select(np.isin(section.phases, phases) & np.isfinite(values)[cells].all(axis=1))


def _phases_of_field(run: RunFiles, field: ConductionField) -> list[Phase]:
    return [Phase[name] for name in run.summary["conduction"][field.name]["volume_fraction"]]


def _limits(values: FloatArray) -> tuple[float, float]:
    """Return the range of the values; a uniform field gets a range around it."""
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high - low > 1e-9 * max(abs(low), abs(high)) else (low - 0.5, high + 0.5)


def _instant(fields: DischargeFields, k: int) -> str:
    return f"t = {fields.times[k]:.0f} s, utilisation {fields.utilisations[k]:.3f}"


def _present(phases: npt.NDArray[np.int64]) -> list[Phase]:
    return [p for p in Phase if (phases == p).any()]


def _undrawn(section: Section, cut: PlaneCut) -> list[Phase]:
    """Return the phases of which a piece stays grey, such as electrolyte that is not connected."""
    return _present(section.phases[~np.isin(section.cut.owners, cut.owners)])


def _grey_legend(figure: Figure, phases: list[Phase]) -> None:
    """Explain the greys of the pieces that no field covers."""
    add_legend(figure, phase_handles(phases, PHASE_GREYS))


def _colours(phases: npt.NDArray[np.int64], table: dict[Phase, str]) -> list[str]:
    names = {int(p): colour for p, colour in table.items()}
    return [names[int(p)] for p in phases]


def _height(mesh: LabelledMesh, share: float, bottom: float | None = None) -> float:
    """Return the figure height [inch] at which a section takes a share of the width at equal scales."""
    size = mesh.upper - mesh.lower
    height = float(mesh.upper[2] - (mesh.lower[2] if bottom is None else bottom))
    ratio = height / float(size[0])
    ratio = ratio if 1.0 / 6.0 < ratio < 6.0 else 1.3
    return min(max(share * WIDTH * ratio + 1.2, 2.5), 9.0)


def _frame(axes: Axes, mesh: LabelledMesh, bottom: float | None = None) -> None:
    low = mesh.lower[2] if bottom is None else bottom
    width = (mesh.upper[0] - mesh.lower[0]) / MICROMETRE
    frame_section(axes, float(width), float(low) / MICROMETRE, float(mesh.upper[2]) / MICROMETRE)
