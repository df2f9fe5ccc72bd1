"""Packing -> plain voxel tetrahedra: the independent cross-check of the lattice-cut mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.packing import Packing
from manufacturing.phases import OVERLAP_PRIORITY, Phase

from .label_image import LabelImage
from .labelled_mesh import NO_PARTICLE, LabelledMesh, build_labelled_mesh
from .structured_mesh import kuhn_grid

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class VoxelSettings:
    """Voxel size and separator of a voxel mesh."""

    cell_size: float  # [m] target edge of a voxel; the grid fits the box exactly
    separator_thickness: float = 0.0  # [m]
    matrix_phase: Phase = Phase.void
    contact_planes: tuple[Phase, ...] = ()  # phases whose touching particles are separated by named facets


def mesh_voxels(packing: Packing, settings: VoxelSettings) -> LabelledMesh:
    """Label each voxel by the sphere that holds its centre and split it into six tetrahedra.

    Interfaces are staircases: areas are about 50 % too large at any resolution, volumes are right.
    """
    counts = np.maximum(1, np.round(packing.size / settings.cell_size).astype(int))
    phases, particles = label_voxels(packing, counts, settings.matrix_phase)
    image = LabelImage(phases, packing.size / counts, packing.periodic, particles)
    return mesh_image_voxels(image, settings.separator_thickness, settings.cell_size, settings.contact_planes)


def mesh_image_voxels(
    image: LabelImage, separator: float, layer: float, contact_planes: tuple[Phase, ...] = ()
) -> LabelledMesh:
    """Split the voxels of an image, and a separator below it, into six tetrahedra each.

    Args:
        image: phases and particles; without particles every phase is one.
        separator: thickness [m], 0 for none.
        layer: largest height of the voxels in the separator [m].
        contact_planes: phases whose different particles are separated by named planes.
    """
    counts, size = image.phases.shape, image.size
    layers = int(np.ceil(separator / layer - 1e-9))
    z = np.concatenate(
        [np.linspace(0.0, separator, layers + 1)[:-1], separator + np.linspace(0.0, size[2], counts[2] + 1)]
    )
    axes = (np.linspace(0.0, size[0], counts[0] + 1), np.linspace(0.0, size[1], counts[1] + 1), z)
    below = (counts[0], counts[1], layers)
    phases = np.concatenate([np.full(below, int(Phase.separator)), image.phases], axis=2)
    own = image.particles if image.particles is not None else np.where(image.phases == Phase.void, NO_PARTICLE, 0)
    particles = np.concatenate([np.full(below, NO_PARTICLE), own], axis=2)
    vertices, cells = kuhn_grid(axes)
    report: dict[str, Any] = {"method": "voxel", "voxel_size_um": [float(1e6 * s) for s in image.voxel]}
    return build_labelled_mesh(
        vertices,
        cells,
        np.repeat(phases.ravel(), 6),
        np.repeat(particles.ravel(), 6),
        np.zeros(3),
        np.array([a[-1] for a in axes]),
        separator,
        (*image.periodic[:2], image.periodic[2] and layers == 0),
        report | image.report,
        contact_planes,
    )


def label_voxels(packing: Packing, counts: IntArray, matrix: Phase) -> tuple[IntArray, IntArray]:
    """Paint the spheres of a packing onto a voxel grid.

    Where phases overlap AM wins over CBD over SE; within a phase the nearest surface wins.

    Returns:
        Phase and particle id of each voxel, both of shape ``counts``.
    """
    spacing = packing.size / counts
    phases = np.full(tuple(counts), int(matrix))
    particles = np.full(tuple(counts), NO_PARTICLE)
    for phase in reversed(OVERLAP_PRIORITY):
        distance = np.full(tuple(counts), np.inf)
        for index in np.flatnonzero(packing.phases == phase):
            window, depth = _signed_distance(packing, index, counts, spacing)
            inside = (depth < 0.0) & (depth < distance[window])
            for grid, value in ((phases, int(phase)), (particles, int(packing.particle_ids[index])), (distance, depth)):
                patch = grid[window]
                patch[inside] = value[inside] if isinstance(value, np.ndarray) else value
                grid[window] = patch
    return phases, particles


def _signed_distance(
    packing: Packing, index: int, counts: IntArray, spacing: FloatArray
) -> tuple[tuple[IntArray, ...], FloatArray]:
    """Return the grid window of a sphere (wrapped on periodic axes) and its signed distance there."""
    centre, radius = packing.centres[index] - packing.lower, packing.radii[index]
    ranges, offsets = [], []
    for axis in range(3):
        first = int(np.floor((centre[axis] - radius) / spacing[axis]))
        last = int(np.ceil((centre[axis] + radius) / spacing[axis]))
        cells: IntArray = np.arange(first, last + 1)
        if packing.periodic[axis]:
            spare = max(0, len(cells) - int(counts[axis]))  # of a sphere larger than the box: nearest images
            cells = cells[spare // 2 : len(cells) - (spare - spare // 2)]
        else:
            cells = cells[(cells >= 0) & (cells < counts[axis])]
        ranges.append(cells % counts[axis])
        offsets.append((cells + 0.5) * spacing[axis] - centre[axis])
    x, y, z = np.meshgrid(*offsets, indexing="ij")
    return np.ix_(*ranges), np.sqrt(x * x + y * y + z * z) - radius
