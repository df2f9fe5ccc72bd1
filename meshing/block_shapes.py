"""Teaching shapes of blocks with exact areas: brick wall and checkerboard, on grids that fit them."""

from __future__ import annotations

import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase, interface_name

from .label_image import IntArray, LabelImage
from .labelled_mesh import NO_PARTICLE

PERIODIC = (True, True, False)


def brick_wall(brick: tuple[float, float, float], counts: tuple[int, int, int], cells: int, phase: Phase) -> LabelImage:
    """Return a wall of bricks in running bond: every second course along z is shifted by half a brick in x and y.

    Each brick is a particle; the faces between bricks are the planes between particles of the phase.

    Args:
        brick: edges of a brick [m].
        counts: bricks along x and y (at least two, through periodic walls) and courses along z.
        cells: across half a brick.
        phase: of all bricks.

    Raises:
        InputError: fewer than two bricks along x or y, which would touch themselves.
    """
    if min(counts[:2]) < 2:
        raise InputError("geometry.counts", list(counts), "at least two bricks along x and y, whose walls are periodic")
    nx, ny, nz = counts
    index = np.meshgrid(*[np.arange(2 * cells * n) for n in counts], indexing="ij")
    course = index[2] // (2 * cells)
    shift = cells * (course % 2)
    i, j = ((index[a] + shift) // (2 * cells) % counts[a] for a in (0, 1))
    particles = (course * ny + j) * nx + i + 1
    size = np.array(brick) * counts
    area = (nz - 1) * size[0] * size[1] + nx * size[1] * size[2] + ny * size[0] * size[2]
    report = {
        "exact_volume_fraction": {phase.name: 1.0},
        "exact_interface_area_m2": {interface_name(phase, phase): float(area)},
    }
    voxel = np.array(brick) / (2.0 * cells)
    return LabelImage(np.full(particles.shape, int(phase)), voxel, PERIODIC, particles, report)


def checkerboard(edge: float, counts: tuple[int, int], cells: int, phases: tuple[Phase, Phase]) -> LabelImage:
    """Return squares of two phases in the plane x-z, one cell deep along y.

    Its conductivity is the geometric mean of those of the phases. The box begins and ends in the middle
    of a row along z, where the pattern is its own mirror image and the potential is constant, as the
    outer faces of a conduction solve demand. Each square is a particle.

    Args:
        edge: of a square [m].
        counts: squares along x (even, because the walls are periodic) and z.
        cells: across a square, even.
        phases: of the first square and of its neighbours.

    Raises:
        InputError: an odd number of squares along x or of cells, or the same phase twice.
    """
    if counts[0] % 2:
        raise InputError("geometry.counts", list(counts), "an even number of squares along x, whose walls are periodic")
    if cells % 2:
        raise InputError(
            "geometry.cells", cells, "an even number of cells, because the first row is half a square high"
        )
    if phases[0] == phases[1]:
        raise InputError("geometry.phases", [p.name for p in phases], "two different phases")
    i, k = np.meshgrid(*[np.arange(cells * n) for n in counts], indexing="ij")
    i, k = i // cells, (k + cells // 2) // cells
    squares: IntArray = np.where((i + k) % 2 == 0, int(phases[0]), int(phases[1]))
    particles = np.where(squares == Phase.void, NO_PARTICLE, k * counts[0] + i + 1)
    voxel = np.full(3, edge / cells)
    report = {
        "exact_volume_fraction": {phase.name: 0.5 for phase in phases},
        "exact_interface_area_m2": {interface_name(*phases): 2 * counts[0] * counts[1] * edge * float(voxel[1])},
    }
    return LabelImage(squares[:, None, :], voxel, PERIODIC, particles[:, None, :], report)
