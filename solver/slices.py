"""Slices along z: which part of a tetrahedron lies in which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

APART = 1e-7  # of the height of a cell: corners at the same height are moved apart by this


def fraction_below(heights: FloatArray, z: float) -> FloatArray:
    """Return the volume fraction of tetrahedra below a height.

    With sorted corners h_0 < h_1 < h_2 < h_3 the volume below z is the integral of a quadratic B-spline:
    (z - h_0)^3/[(h_1 - h_0)(h_2 - h_0)(h_3 - h_0)] up to h_1, less (z - h_1)^3/[(h_1 - h_0)(h_2 - h_1)(h_3 - h_1)]
    up to h_2, and 1 - (h_3 - z)^3/[(h_3 - h_0)(h_3 - h_1)(h_3 - h_2)] above.

    Args:
        heights: sorted heights of the corners, all different, (n, 4).
        z: height, in the same unit.
    """
    a, b, c, d = heights.T
    first = (z - a) ** 3 / ((b - a) * (c - a) * (d - a))
    middle = first - (z - b) ** 3 / ((b - a) * (c - b) * (d - b))
    last = 1.0 - (d - z) ** 3 / ((d - a) * (d - b) * (d - c))
    return np.select([z <= a, z <= b, z <= c, z <= d], [np.zeros(len(a)), first, middle, last], 1.0)


def slice_sums(edges: FloatArray, heights: FloatArray, values: FloatArray) -> FloatArray:
    """Divide quantities of cells over slices by volume.

    Args:
        edges: of the slices, rising (m + 1,) [m].
        heights: z of the corners of the cells (n, 4) [m].
        values: of the cells (n, k).

    Returns:
        Sums (m, k); the first and last slice take what lies beyond the edges.
    """
    ordered = np.sort(heights, axis=1)
    ordered += APART * np.ptp(ordered, axis=1)[:, None] * np.arange(4)
    below = [np.zeros(values.shape[1])]
    for z in edges[1:-1]:
        crossed = (ordered[:, 0] < z) & (ordered[:, 3] > z)
        whole = values[ordered[:, 3] <= z].sum(axis=0)
        below.append(whole + fraction_below(ordered[crossed], float(z)) @ values[crossed])
    return np.diff(np.array([*below, values.sum(axis=0)]), axis=0)
