"""Particles of a labelled image: connected pieces of a phase, split at their necks on request."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from manufacturing.phases import PARTICLE_PHASES

from .compiled import compiled
from .label_image import BoolArray, LabelImage, connected_pieces, signed_distance
from .labelled_mesh import NO_PARTICLE

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def label_particles(image: LabelImage, smallest_core: float | None) -> IntArray:
    """Return the particle of each voxel, from 1 on, NO_PARTICLE in void, shape (nx, ny, nz).

    Args:
        image: phases; particles that the image itself brings are ignored.
        smallest_core: radius [voxels] that a particle has at least; pieces are split at their necks into
            the watersheds of the distance to the boundary around maxima of at least this height and this
            far apart. None: a particle is a connected piece of a phase.
    """
    particles = np.full(image.phases.shape, NO_PARTICLE, dtype=np.int64)
    first = 1
    for phase in PARTICLE_PHASES:
        mask = image.phases == phase
        if mask.any():
            pieces, count = connected_pieces(mask, image.periodic)
            if smallest_core is not None:
                pieces, count = _split_pieces(mask, pieces, image.periodic, smallest_core)
            particles[mask] = pieces[mask] + first - 1
            first += count
    return particles


def _split_pieces(
    mask: BoolArray, pieces: IntArray, periodic: tuple[bool, bool, bool], core: float
) -> tuple[IntArray, int]:
    """Return watersheds inside a mask and their number; a piece without a core stays one particle."""
    depth = np.maximum(0.0, -signed_distance(mask, np.ones(3), periodic))
    modes = ["wrap" if p else "nearest" for p in periodic]
    depth = np.where(mask, ndimage.gaussian_filter(depth, 1.0, mode=modes), 0.0)
    width = 2 * int(np.ceil(core)) + 1
    peaks = mask & (depth >= core) & (depth >= ndimage.maximum_filter(depth, width, mode=modes) - 1e-9)
    markers, count = connected_pieces(peaks, periodic)
    without = np.setdiff1d(np.unique(pieces[mask]), np.unique(pieces[peaks]))
    for k, piece in enumerate(without):
        markers[pieces == piece] = count + 1 + k
    return _flood(depth, markers, mask, np.array(periodic)), count + len(without)


@compiled
def _flood(depth: FloatArray, markers: IntArray, mask: BoolArray, periodic: BoolArray) -> IntArray:
    """Grow the markers inside a mask, the deepest voxels first."""
    labels = markers.copy()
    shape = np.array(depth.shape)
    heap = [(0.0, 0, 0, 0)]
    heap.pop()
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                if labels[i, j, k] > 0:
                    heapq.heappush(heap, (-depth[i, j, k], i, j, k))
    near = np.empty(3, np.int64)
    while len(heap) > 0:
        _, i, j, k = heapq.heappop(heap)
        for side in range(6):
            near[0], near[1], near[2] = i, j, k
            axis = side // 2
            near[axis] += 1 - 2 * (side % 2)
            if periodic[axis]:
                near[axis] %= shape[axis]
            elif near[axis] < 0 or near[axis] >= shape[axis]:
                continue
            a, b, c = near[0], near[1], near[2]
            if mask[a, b, c] and labels[a, b, c] == 0:
                labels[a, b, c] = labels[i, j, k]
                heapq.heappush(heap, (-depth[a, b, c], a, b, c))
    return labels
