"""The geometry that the lattice is cut by: a packing in micrometres with its images, colours and distances."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from manufacturing.packing import Packing

from .body_centred_lattice import LatticeShape, lattice_shape
from .particle_colours import Colouring, Spheres, colour_particles, with_images
from .sphere_field import SphereField, build_sphere_field
from .torus_mesh import FloatArray

MICROMETRE = 1e-6
LARGEST_OFFSET = 0.15  # of a radius: coarser meshes than this corrects do not resolve the sphere


def _micrometres(metres: FloatArray) -> FloatArray:
    return np.asarray(metres / MICROMETRE, dtype=np.float64)


@dataclass(frozen=True)
class CutGeometry:
    """The box has its corner at the origin; the electrode lies at z >= 0, the separator below."""

    size: FloatArray  # (3,) [um] electrode
    separator: float  # [um] thickness
    lattice: LatticeShape
    colouring: Colouring
    cut_field: SphereField  # spheres enlarged so that their polyhedra keep the volume
    exact_field: SphereField
    packing: Packing

    @property
    def cell_size(self) -> float:
        """Edge of a cube of the lattice [um]."""
        return self.lattice.cell_size

    @staticmethod
    def of(packing: Packing, cell_size: float, separator: float, gap: float, volume_correction: float) -> CutGeometry:
        """Convert a packing, all lengths in metres.

        A polyhedron with vertices on a sphere of radius r has a volume that is too small by
        3 d/r with d = volume_correction cell_size^2/r; the cut therefore uses the radius r + d.
        """
        size, cell = _micrometres(packing.size), cell_size / MICROMETRE
        centres, radii = _micrometres(packing.centres - packing.lower), _micrometres(packing.radii)
        walls = (packing.periodic[0], packing.periodic[1])
        lattice = lattice_shape(size, separator / MICROMETRE, cell, walls)
        cell = lattice.cell_size
        margin = gap / MICROMETRE + 2.0 * cell
        spheres = with_images(centres, radii, packing.phases, size, packing.periodic, margin)
        colouring = colour_particles(spheres, len(radii), gap / MICROMETRE)
        offset = np.minimum(volume_correction * cell**2 / spheres.radii, LARGEST_OFFSET * spheres.radii)
        enlarged = replace(spheres, radii=np.asarray(spheres.radii + offset, dtype=np.float64))
        thickness = separator / MICROMETRE

        def field(of_spheres: Spheres) -> SphereField:
            period = np.array([size[0] * walls[0], size[1] * walls[1], 0.0])
            lower = np.array([0.0, 0.0, -min(thickness, 2.0 * cell)])
            return build_sphere_field(of_spheres, colouring.classes, lower, size, period, 2.0 * cell)

        return CutGeometry(size, thickness, lattice, colouring, field(enlarged), field(spheres), packing)
