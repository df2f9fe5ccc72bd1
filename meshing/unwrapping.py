"""From the torus back to the box: wall vertices are duplicated, everything else is kept."""

from __future__ import annotations

import numpy as np

from .torus_mesh import PLANES_LOW, FloatArray, IntArray, TorusMesh


def unwrap(mesh: TorusMesh) -> tuple[FloatArray, IntArray]:
    """Return the vertices (nv, 3) [um] and cells (nc, 4) of the box.

    Vertices on the wall plane of a periodic axis stand for both walls; in a cell at the upper wall they get
    the coordinate of that wall. Cells of a periodic axis lie on one side of its wall plane.
    """
    vertices, cells, _ = unwrap_with_masters(mesh)
    return vertices, cells


def unwrap_with_masters(mesh: TorusMesh) -> tuple[FloatArray, IntArray, IntArray]:
    """Return vertices and cells as :func:`unwrap` does, and the torus vertex of each box vertex, shape (nv,)."""
    used, cells = np.unique(mesh.cells, return_inverse=True)
    cells = cells.reshape(-1, 4)
    points, planes = mesh.points[used], mesh.planes[used]
    shifts = np.zeros(cells.shape, dtype=np.int64)
    for axis, plane in enumerate(PLANES_LOW):
        if mesh.period[axis] > 0.0:
            on_wall = planes[cells] & plane != 0
            farthest = points[cells][:, :, axis].max(axis=1)
            upper = farthest > 0.5 * mesh.period[axis]
            shifts += (on_wall & upper[:, None]) << axis
    keys, box_cells = np.unique(cells * 8 + shifts, return_inverse=True)
    vertices = points[keys // 8]
    for axis in range(3):
        vertices[:, axis] += ((keys % 8) >> axis & 1) * mesh.period[axis]
    return vertices, box_cells.reshape(-1, 4), used[keys // 8]
