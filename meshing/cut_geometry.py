"""The geometry that the lattice is cut by: a packing in micrometres with its images, colours and distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from manufacturing.packing import Packing

from .body_centred_lattice import LatticeShape, lattice_shape
from .grading import GradingSettings, graded_sizes
from .labelled_mesh import NO_PARTICLE
from .particle_colours import Colouring, colour_particles, with_images
from .size_field import SizeField, uniform_size
from .sphere_field import DistanceField, SphereField, build_sphere_field, phase_particles
from .torus_mesh import FloatArray, IntArray

MICROMETRE = 1e-6


def micrometres(metres: FloatArray) -> FloatArray:
    """Return lengths in micrometres."""
    return np.asarray(metres / MICROMETRE, dtype=np.float64)


class Geometry(Protocol):
    """What the lattice is cut by: a box with its corner at the origin and the surfaces of each class."""

    @property
    def size(self) -> FloatArray:
        """Edges of the electrode, shape (3,) [um]."""

    @property
    def separator(self) -> float:
        """Thickness of the separator [um]."""

    @property
    def lattice(self) -> LatticeShape:
        """The lattice that is cut."""

    @property
    def cut_field(self) -> DistanceField:
        """Signed distances to the surfaces of each class."""

    @property
    def class_phases(self) -> IntArray:
        """Phase of each class in the order of cutting, shape (k,)."""

    @property
    def smallest_piece(self) -> float:
        """Volume of the smallest particle [um3]; infinite where that is not known."""

    def particle_ids(self, points: FloatArray, phases: IntArray) -> IntArray:
        """Return for each point (n, 3) [um] the particle of the given phase with the nearest surface."""


@dataclass(frozen=True)
class CutGeometry:
    """The box has its corner at the origin; the electrode lies at z >= 0, the separator below."""

    size: FloatArray  # (3,) [um] electrode
    separator: float  # [um] thickness
    lattice: LatticeShape
    cell_size: float  # [um] edge of the lattice cubes at the surfaces
    sizes: SizeField  # [um] everywhere
    colouring: Colouring
    cut_field: SphereField  # with surfaces enlarged so that their polyhedra keep the volume
    exact_field: SphereField
    packing: Packing

    @property
    def class_phases(self) -> IntArray:
        """Phase of each class in the order of cutting, shape (k,)."""
        return self.colouring.class_phases

    @property
    def smallest_piece(self) -> float:
        """Volume of the smallest sphere [um3]."""
        return float(4.0 / 3.0 * np.pi * self.exact_field.radii.min(initial=np.inf) ** 3)

    def particle_ids(self, points: FloatArray, phases: IntArray) -> IntArray:
        """Return for each point (n, 3) [um] the id of the particle of the given phase with the nearest surface."""
        spheres, packing = self.exact_field, self.packing
        rows = phase_particles(spheres, points, phases)
        ids = np.full(len(rows), NO_PARTICLE, dtype=np.int64)
        ids[rows >= 0] = packing.particle_ids[rows[rows >= 0]]
        for k in np.flatnonzero((rows < 0) & np.isin(phases, spheres.phases)):  # relabelled, far from its phase
            candidates = np.flatnonzero(spheres.phases == phases[k])
            distance = np.linalg.norm(spheres.centres[candidates] - points[k], axis=1) - spheres.radii[candidates]
            ids[k] = packing.particle_ids[spheres.particles[candidates[distance.argmin()]]]
        return ids

    @staticmethod
    def of(
        packing: Packing,
        cell_size: float,
        separator: float,
        gap: float,
        volume_correction: float,
        grading: GradingSettings | None = None,
    ) -> CutGeometry:
        """Convert a packing, all lengths in metres."""
        size, thickness = micrometres(packing.size), separator / MICROMETRE
        centres, radii = micrometres(packing.centres - packing.lower), micrometres(packing.radii)
        walls = (packing.periodic[0], packing.periodic[1], packing.periodic[2] and separator == 0.0)
        largest = cell_size if grading is None else grading.largest_size
        lattice = lattice_shape(size, thickness, largest / MICROMETRE, walls)
        cell = lattice.cell_size
        margin = gap / MICROMETRE + 2.0 * cell
        spheres = with_images(centres, radii, packing.phases, size, packing.periodic, margin)
        colouring = colour_particles(spheres, len(radii), gap / MICROMETRE)
        period = np.where(walls, size, 0.0)
        sizes, surface = uniform_size(cell), cell
        if grading is not None:
            surface = min(cell_size / MICROMETRE, cell)
            sizes = graded_sizes(spheres, grading, surface, np.array([0.0, 0.0, -thickness]), size, period)

        def field(correction: float) -> SphereField:
            lower = np.array([0.0, 0.0, -min(thickness, 2.0 * cell)])
            return build_sphere_field(spheres, colouring.classes, lower, size, period, 2.0 * cell, sizes, correction)

        cut, exact = field(volume_correction), field(0.0)
        return CutGeometry(size, thickness, lattice, surface, sizes, colouring, cut, exact, packing)
