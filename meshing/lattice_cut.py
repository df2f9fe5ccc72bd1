"""Packing -> labelled mesh: a periodic lattice of tetrahedra cut along the spheres, colour by colour."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from manufacturing.errors import InputError, StageError
from manufacturing.packing import Packing
from manufacturing.phases import Phase

from .body_centred_lattice import build_lattice
from .labelled_mesh import NO_PARTICLE, LabelledMesh, build_labelled_mesh
from .particle_colours import Colouring, Spheres, colour_particles, colours_by_phase, with_images
from .specks import relabel_specks
from .sphere_cut import cut_class
from .sphere_field import SphereField, build_sphere_field, phase_particles
from .torus_mesh import FloatArray, IntArray, TorusMesh
from .unwrapping import unwrap

MICROMETRE = 1e-6


def _silent(_: Any) -> None:
    pass


@dataclass(frozen=True)
class LatticeCutSettings:
    """How finely and how well a packing is meshed."""

    cell_size: float = 1.0e-6  # [m] edge of the lattice cubes at the particle surfaces
    separator_thickness: float = 15.0e-6  # [m] 0 for none
    separator_cell_size: float | None = None  # [m] None: as coarse as the lattice grading allows
    same_phase_gap: float = 0.5e-6  # [m] closer spheres of one phase are cut one after the other
    speck_cells: float = 2.0  # pieces of a phase below this many cell_size^3 are given to their neighbours
    smallest_dihedral_deg: float = 5.0  # a mesh with smaller angles is refused
    target_dihedral_deg: float = 12.0  # the optimiser stops here
    matrix_phase: Phase = Phase.void  # phase of the space between the particles

    def __post_init__(self) -> None:
        for name in ("cell_size", "same_phase_gap"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"mesh.{name}", f"{getattr(self, name):g} m", "a length > 0")
        if not self.separator_thickness >= 0.0:
            raise InputError("mesh.separator_thickness", f"{self.separator_thickness:g} m", "a length >= 0")


@dataclass
class _Stopwatch:
    """Wall time of each step, for the report."""

    log: Callable[[str], None]
    progress: Callable[[float], None]
    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def lap(self, name: str, fraction: float, text: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = round(now - self.last, 3)
        self.last = now
        self.log(f"meshing: {name}: {text} ({self.seconds[name]:.1f} s)")
        self.progress(fraction)


def mesh_packing(
    packing: Packing,
    settings: LatticeCutSettings,
    log: Callable[[str], None] = _silent,
    progress: Callable[[float], None] = _silent,
) -> LabelledMesh:
    """Turn a packing into conforming tetrahedra with phases and particles.

    The separator lies below the electrode: the mesh reaches from z = 0 (``counter``) over
    z = separator_thickness (``electrode_bottom``) to the top (``collector``), and x and y start at 0.

    Args:
        packing: spheres [m]; what sticks out of its box in z (and on axes that are not periodic) is cut off.
        settings: how finely and how well to mesh.
        log: receives one line per step.
        progress: receives the finished fraction, 0 to 1.

    Raises:
        InputError: the settings do not fit the packing.
        StageError: the mesh is not conforming or has angles below ``smallest_dihedral_deg``.
    """
    watch = _Stopwatch(log, progress)
    geometry = _Geometry.of(packing, settings)
    mesh = build_lattice(geometry.size, geometry.separator, geometry.cell_size, geometry.walls)
    watch.lap("lattice", 0.05, f"{len(mesh.cells)} cells")
    sphere_field = geometry.field()
    for which, phase in enumerate(geometry.colouring.class_phases):
        mesh = cut_class(mesh, sphere_field, which, Phase(int(phase)))
    watch.lap("cut", 0.3, f"{len(mesh.cells)} cells, colours {colours_by_phase(geometry.colouring)}")
    relabelled = relabel_specks(mesh, settings.speck_cells * geometry.cell_size**3)
    mesh = relabelled.mesh
    watch.lap("specks", 0.35, f"{relabelled.pieces} pieces relabelled")
    return _finish(mesh, geometry, settings, sphere_field)


@dataclass(frozen=True)
class _Geometry:
    """The packing in micrometres, with its corner at the origin and the electrode bottom at z = 0."""

    size: FloatArray  # (3,) electrode
    separator: float
    cell_size: float
    walls: tuple[bool, bool]
    spheres: Spheres
    colouring: Colouring
    packing: Packing

    @staticmethod
    def of(packing: Packing, settings: LatticeCutSettings) -> _Geometry:
        size = packing.size / MICROMETRE
        cell_size, gap = settings.cell_size / MICROMETRE, settings.same_phase_gap / MICROMETRE
        centres = (packing.centres - packing.lower) / MICROMETRE
        spheres = with_images(
            centres, packing.radii / MICROMETRE, packing.phases, size, packing.periodic, gap + 2.0 * cell_size
        )
        colouring = colour_particles(spheres, len(packing.radii), gap)
        walls = (packing.periodic[0], packing.periodic[1])
        return _Geometry(
            size, settings.separator_thickness / MICROMETRE, cell_size, walls, spheres, colouring, packing
        )

    def field(self) -> SphereField:
        period = np.array([self.size[0] * self.walls[0], self.size[1] * self.walls[1], 0.0])
        lower = np.array([0.0, 0.0, -self.separator])
        return build_sphere_field(
            self.spheres, self.colouring.classes, lower, self.size, period, 1.5 * self.cell_size
        )


def _particle_ids(vertices: FloatArray, cells: IntArray, phases: IntArray, field: SphereField, packing: Packing) -> IntArray:
    """Return the id of the particle of each cell's phase with the nearest surface."""
    middle = vertices[cells].mean(axis=1)
    rows = phase_particles(field, middle, phases)
    ids = np.where(rows >= 0, packing.particle_ids[rows], NO_PARTICLE)
    for cell in np.flatnonzero((rows < 0) & np.isin(phases, field.phases)):
        candidates = np.flatnonzero(field.phases == phases[cell])
        distance = np.linalg.norm(field.centres[candidates] - middle[cell], axis=1) - field.radii[candidates]
        ids[cell] = packing.particle_ids[field.particles[candidates[distance.argmin()]]]
    return np.asarray(ids)


def _finish(mesh: TorusMesh, geometry: _Geometry, settings: LatticeCutSettings, field: SphereField) -> LabelledMesh:
    vertices, cells = unwrap(mesh)
    ids = _particle_ids(vertices, cells, mesh.labels, field, geometry.packing)
    phases = np.where(mesh.labels == Phase.void, int(settings.matrix_phase), mesh.labels)
    shift = np.array([0.0, 0.0, geometry.separator])
    upper = (geometry.size + shift) * MICROMETRE
    vertices = (vertices + shift) * MICROMETRE
    for axis in range(3):  # scaling must not move the walls by rounding
        vertices[:, axis] = np.where(np.isclose(vertices[:, axis], upper[axis], rtol=1e-12, atol=0.0), upper[axis], vertices[:, axis])
    return build_labelled_mesh(
        vertices, cells, phases, ids, np.zeros(3), upper, geometry.separator * MICROMETRE, geometry.walls, {}
    )
