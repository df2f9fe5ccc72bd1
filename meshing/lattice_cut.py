"""Packing -> labelled mesh: a periodic lattice of tetrahedra cut along the spheres, colour by colour."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np

from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.reporter import LogLine, Progress, Reporter

from .body_centred_lattice import build_lattice
from .cell_labels import CellLabels
from .cut_geometry import MICROMETRE, CutGeometry, Geometry
from .cut_report import geometry_report
from .grading import GradingSettings
from .labelled_mesh import LabelledMesh, build_labelled_mesh
from .lattice_bisection import refine_lattice
from .mesh_improvement import ImprovementSettings, improve
from .mesh_quality import require_angles
from .neck_table import measure_necks
from .particle_colours import colours_by_phase
from .specks import Relabelled, relabel_specks
from .sphere_cut import cut_class
from .sphere_field import SphereField
from .torus_mesh import FloatArray, TorusMesh
from .unwrapping import unwrap
from .volume_filling import Filled, FillSettings, fill_volumes

STAGE = "meshing"

AnyGeometry = TypeVar("AnyGeometry", bound=Geometry)


@dataclass(frozen=True)
class LatticeCutSettings:
    """How finely and how well a packing is meshed."""

    cell_size: float = 0.8e-6  # [m] edge of the lattice cubes at the particle surfaces
    separator_thickness: float = 15.0e-6  # [m] 0 for none
    same_phase_gap: float = 0.5e-6  # [m] spheres of one phase that are closer are cut one after the other
    gap_cells: float = 1.0  # and so are those closer than this many cell_size: an edge would span their gap
    colouring: Literal["particle", "phase"] = "particle"  # phase: all spheres of a phase are cut at once
    speck_cells: float = 2.0  # pieces of a phase below this many lattice cubes are given to their neighbours
    volume_correction: float = 0.073  # spheres are cut with radius r + volume_correction cell_size^2/r
    relabelled_limit: float = 0.003  # part of a phase that may be relabelled or lost with whole beads
    smallest_dihedral_deg: float = 10.0  # a mesh with smaller angles is refused
    target_dihedral_deg: float = 12.0  # improvement goes on until here, as long as it helps
    matrix_phase: Phase = Phase.void  # phase of the space between the particles
    contact_planes: tuple[Phase, ...] = ()  # phases whose touching particles are separated by planes like SE|SE
    grading: GradingSettings | None = None  # None: cell_size everywhere
    fill: Literal["lattice", "gmsh"] = "lattice"  # cells between the interfaces: the lattice's, or new ones
    fill_growth: float = 0.3  # change of the size of new cells per distance from the interfaces
    fill_size: float | None = None  # [m] size of new cells, at most; None: three times cell_size

    def __post_init__(self) -> None:
        for name in ("cell_size", "same_phase_gap"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"mesh.{name}", f"{getattr(self, name):g} m", "a length > 0")
        if self.contact_planes and self.colouring != "particle":
            raise InputError(
                "mesh.contact_planes", f"with mesh.colouring = {self.colouring}", "mesh.colouring = particle"
            )
        if not self.gap_cells >= 0.0:
            raise InputError("mesh.gap_cells", f"{self.gap_cells:g}", "a number of cells >= 0")
        if not self.relabelled_limit >= 0.0:
            raise InputError("mesh.relabelled_limit", f"{self.relabelled_limit:g}", "a fraction >= 0")
        if not self.separator_thickness >= 0.0:
            raise InputError("mesh.separator_thickness", f"{self.separator_thickness:g} m", "a length >= 0")
        if self.grading is not None:
            self.grading.check(self.cell_size)


@dataclass
class Stopwatch:
    """Wall time of each step, for the report."""

    reporter: Reporter
    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def lap(self, name: str, fraction: float, text: str) -> None:
        """Note and log the time since the last lap."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self.last, 3)
        self.last = now
        self.reporter.line(f"{STAGE}: {name}: {text} ({self.seconds[name]:.1f} s)")
        self.reporter.advance(STAGE, fraction, f"{name}: {text}")


def mesh_packing(
    packing: Packing, settings: LatticeCutSettings, log: LogLine | None = None, progress: Progress | None = None
) -> LabelledMesh:
    """Turn a packing into conforming tetrahedra with phases and particles.

    The separator lies below the electrode: the mesh reaches from z = 0 (``counter``) over
    z = separator_thickness (``electrode_bottom``) to the top (``collector``); x and y start at 0.
    Without a separator a packing that is periodic along z gives walls that match along z too; with one,
    its images fill the box up to the planes. The result does not depend on the number of ranks; call it
    on one.

    Args:
        packing: spheres [m]; what sticks out of its box on axes that are not periodic is cut off.
        settings: how finely and how well to mesh.
        log: takes one line per step.
        progress: takes the stage, the finished fraction (0 to 1) and a message.

    Raises:
        InputError: the settings do not fit the packing.
        StageError: the mesh is not conforming, has angles below ``smallest_dihedral_deg`` or lost more
            than ``relabelled_limit`` of a phase.
    """
    watch = Stopwatch(Reporter(0, log, progress))
    geometry = _geometry(packing, settings)
    if geometry.colouring.self_contacts:
        count = geometry.colouring.self_contacts
        watch.reporter.line(f"{STAGE}: {count} particles nearly touch their own image; gaps below a cell may close")
    watch.reporter.line(f"{STAGE}: colours {colours_by_phase(geometry.colouring)}")
    labelled = mesh_geometry(geometry, settings, watch, partial(geometry_report, limit=settings.relabelled_limit))
    necks = measure_necks(labelled, geometry)
    watch.lap("necks", 1.0, f"{len(necks.exact)} pairs of particles of a phase")
    report = labelled.report | {"necks": necks.figures(), "seconds": watch.seconds}
    return replace(labelled, report=report, tables={"necks": necks.columns()})


def mesh_geometry(
    geometry: AnyGeometry,
    settings: LatticeCutSettings,
    watch: Stopwatch,
    report: Callable[[LabelledMesh, AnyGeometry, Relabelled, Phase], dict[str, Any]],
) -> LabelledMesh:
    """Cut a lattice along the surfaces of a geometry, improve it and name its parts.

    Args:
        geometry: what to cut by.
        settings: how finely and how well to mesh.
        watch: takes the time of each step.
        report: measures the mesh against its geometry, once the volumes that specks lost are known [um3].

    Raises:
        InputError: contact planes between other shapes than spheres, or graded sizes around them.
        StageError: the mesh is not conforming or has angles below ``smallest_dihedral_deg``.
    """
    if settings.contact_planes and not isinstance(geometry.cut_field, SphereField):
        raise InputError("mesh.contact_planes", sorted(p.name for p in settings.contact_planes), "spheres to separate")
    mesh = build_lattice(geometry.lattice)
    if settings.grading is not None:
        if not isinstance(geometry, CutGeometry):
            raise InputError("mesh.grading", "a table", "none: only sizes around spheres are graded")
        mesh = refine_lattice(mesh, geometry.sizes, geometry.lattice.cube)
    watch.lap("lattice", 0.1, f"{len(mesh.cells)} cells")
    labels = CellLabels.of(geometry.class_phases, settings.contact_planes)
    found = _improve(_cut(mesh, geometry, labels, settings, watch), geometry, labels, settings, watch)
    filling: dict[str, Any] = {"fill": settings.fill}
    if settings.fill == "gmsh":
        filled = _fill(found.mesh, settings, watch)
        found = _improve(replace(found, mesh=filled.mesh), geometry, labels, settings, watch)
        filling |= filled.report()
    labelled = _label(found.mesh, geometry, labels, settings)
    watch.lap("labels", 0.9, f"{len(labelled.facets)} named facets")

    def measure() -> dict[str, Any]:
        return filling | report(labelled, geometry, found, settings.matrix_phase)

    return _reported(labelled, settings, measure, watch)


def _improve(
    found: Relabelled, geometry: Geometry, labels: CellLabels, settings: LatticeCutSettings, watch: Stopwatch
) -> Relabelled:
    """Improve a mesh and add up the volumes that phases lost by it."""
    improvement = ImprovementSettings(target_deg=settings.target_dihedral_deg)
    improved = improve(found.mesh, geometry.cut_field, labels, improvement, watch.reporter.line)
    name = "second improvement" if "improvement" in watch.seconds else "improvement"
    watch.lap(name, 0.8, f"{len(improved.mesh.cells)} cells")
    names = found.volume.keys() | improved.volume.keys()
    lost = {phase: found.volume.get(phase, 0.0) + improved.volume.get(phase, 0.0) for phase in sorted(names)}
    return replace(found, mesh=improved.mesh, volume=lost)


def _fill(mesh: TorusMesh, settings: LatticeCutSettings, watch: Stopwatch) -> Filled:
    """Replace the cells between the interfaces by those of gmsh."""
    largest = settings.fill_size or 3.0 * settings.cell_size
    options = FillSettings(largest / MICROMETRE, settings.fill_growth)
    filled = fill_volumes(mesh, options, watch.reporter.line)
    watch.lap("fill", 0.7, f"{len(filled.mesh.cells)} cells, {filled.filled} pieces filled, {filled.failed} failed")
    return filled


def check_cell_size(cell_size: float, size: FloatArray) -> None:
    """Refuse fewer than four cells of ``cell_size`` [m] across a box of ``size`` (3,) [m]."""
    smallest = float(size.min())
    if not cell_size <= 0.25 * smallest:
        raise InputError("mesh.cell_size", f"{cell_size:g} m", f"at most a quarter of the box ({smallest:g} m)")


def _geometry(packing: Packing, settings: LatticeCutSettings) -> CutGeometry:
    check_cell_size(settings.cell_size, packing.size)
    return CutGeometry.of(
        packing,
        settings.cell_size,
        settings.separator_thickness,
        max(settings.same_phase_gap, settings.gap_cells * settings.cell_size) * (settings.colouring == "particle"),
        settings.volume_correction,
        settings.grading,
    )


def _cut(
    mesh: TorusMesh, geometry: Geometry, labels: CellLabels, settings: LatticeCutSettings, watch: Stopwatch
) -> Relabelled:
    for which in range(len(geometry.class_phases)):
        mesh = cut_class(mesh, geometry.cut_field, which, labels)
    watch.lap("cut", 0.4, f"{len(mesh.cells)} cells")
    local = mesh.sizes[mesh.cells].mean(axis=1)
    # A whole bead of few cells is no speck.
    relabelled = relabel_specks(
        mesh, np.minimum(settings.speck_cells * local**3, 0.25 * geometry.smallest_piece), labels
    )
    watch.lap("specks", 0.5, f"{relabelled.pieces} pieces relabelled")
    return relabelled


def _label(mesh: TorusMesh, geometry: Geometry, labels: CellLabels, settings: LatticeCutSettings) -> LabelledMesh:
    """Return to the box and to metres, with z = 0 at the counter electrode."""
    vertices, cells = unwrap(mesh)
    phases = labels.phases(mesh.labels)
    ids = geometry.particle_ids(vertices[cells].mean(axis=1), phases)
    phases = np.where(phases == Phase.void, int(settings.matrix_phase), phases)
    shift = np.array([0.0, 0.0, geometry.separator])
    return build_labelled_mesh(
        (vertices + shift) * MICROMETRE,
        cells,
        phases,
        ids,
        np.zeros(3),
        (geometry.size + shift) * MICROMETRE,
        geometry.separator * MICROMETRE,
        geometry.lattice.periodic,
        contact_planes=settings.contact_planes,
    )


def _reported(
    labelled: LabelledMesh,
    settings: LatticeCutSettings,
    measure: Callable[[], dict[str, Any]],
    watch: Stopwatch,
) -> LabelledMesh:
    """Measure the mesh, refuse it when its angles are too small, return it with its report."""
    quality = labelled.report["quality"]
    require_angles(quality, settings.smallest_dihedral_deg)
    angles = {name: quality[name] for name in ("min_dihedral_deg", "max_dihedral_deg", "min_dihedral_percentiles_deg")}
    report: dict[str, Any] = {"method": "lattice_cut"} | angles | measure()
    watch.lap("report", 1.0, f"smallest dihedral angle {quality['min_dihedral_deg']:.2f} deg")
    return replace(labelled, report=labelled.report | report | {"seconds": watch.seconds})
