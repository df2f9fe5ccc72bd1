"""Structured tetrahedra: a grid of boxes, each split into six, conforming and periodic by construction."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def kuhn_grid(axes: tuple[FloatArray, FloatArray, FloatArray]) -> tuple[FloatArray, IntArray]:
    """Split the boxes of a tensor grid into six Kuhn tetrahedra each.

    The split is the same in every box, so neighbours and opposite walls match facet by facet.

    Args:
        axes: coordinates of the grid planes along x, y, z [m].

    Returns:
        Vertices (nv, 3) [m] and cells (6 nx ny nz, 4), ordered box by box (z fastest).
    """
    vertices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    counts = [len(a) for a in axes]
    strides = np.array([counts[1] * counts[2], counts[2], 1])
    index = np.stack(np.meshgrid(*(np.arange(n - 1) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    origin = index @ strides
    tetrahedra = []
    for order in permutations(range(3)):
        path = np.concatenate([[0], np.cumsum(strides[list(order)])])
        tetrahedra.append(origin[:, None] + path)
    return vertices, np.stack(tetrahedra, axis=1).reshape(-1, 4)


def box_midpoints(axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """Return the midpoints of the boxes of a tensor grid, shape (nx ny nz, 3) [m], z fastest."""
    centres = [0.5 * (a[1:] + a[:-1]) for a in axes]
    return np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1).reshape(-1, 3)
