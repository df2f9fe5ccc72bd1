"""Cut of tetrahedra and triangles with a plane: polygons and segments that carry vertex values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Local corners of each polygon corner's edge, after sorting the corners below the plane to the front.
_ONE_BELOW = ((0, 1), (0, 2), (0, 3), (0, 3))
_TWO_BELOW = ((0, 2), (0, 3), (1, 3), (1, 2))
_ONE_ABOVE = ((3, 0), (3, 1), (3, 2), (3, 2))


@dataclass(frozen=True)
class PlaneCut:
    """Convex pieces of a plane, one per simplex that it crosses.

    Each corner lies on an edge of its simplex. A triangle is stored as a quadrangle whose last
    corner is repeated. Pieces without extent are not kept.
    """

    edges: IntArray  # (n, k, 2) vertices at the ends of each corner's edge; k = 4 polygons, k = 2 segments
    weights: FloatArray  # (n, k) position on the edge: 0 at the first vertex, 1 at the second
    owners: IntArray  # (n,) index of the simplex

    def at_corners(self, values: npt.ArrayLike) -> FloatArray:
        """Interpolate vertex values linearly, (nv,) -> (n, k) or (nv, m) -> (n, k, m)."""
        array = np.asarray(values, dtype=np.float64)
        first, second = array[self.edges[..., 0]], array[self.edges[..., 1]]
        weights = self.weights if array.ndim == 1 else self.weights[..., None]
        return np.asarray(first + weights * (second - first))

    def select(self, keep: npt.NDArray[np.bool_]) -> PlaneCut:
        """Return the pieces for which ``keep``, of shape (n,), is true."""
        return PlaneCut(self.edges[keep], self.weights[keep], self.owners[keep])


def cut_tetrahedra(vertices: FloatArray, cells: IntArray, axis: int, position: float) -> PlaneCut:
    """Intersect tetrahedra with the plane x[axis] = position.

    A vertex on the plane counts as above it, so that a facet inside the plane belongs to exactly one
    cell and the polygons of a conforming mesh tile the cross-section.

    Args:
        vertices: coordinates, shape (nv, 3) [m].
        cells: vertices of the tetrahedra, shape (nc, 4).
        axis: direction normal to the plane.
        position: coordinate of the plane [m].
    """
    height = vertices[:, axis] - position
    parts = []
    for below, pattern in ((1, _ONE_BELOW), (2, _TWO_BELOW), (3, _ONE_ABOVE)):
        owners, corners = _crossed(height, cells, below)
        parts.append(_piece(height, owners, corners, pattern))
    cut = _join(parts)
    return cut.select(polygon_areas(cut.at_corners(_in_plane(vertices, axis))) > 0.0)


def cut_triangles(vertices: FloatArray, triangles: IntArray, axis: int, position: float) -> PlaneCut:
    """Intersect triangles of shape (nf, 3) with the plane x[axis] = position; the pieces are segments."""
    height = vertices[:, axis] - position
    parts = []
    for below, pattern in ((1, ((0, 1), (0, 2))), (2, ((2, 0), (2, 1)))):
        owners, corners = _crossed(height, triangles, below)
        parts.append(_piece(height, owners, corners, pattern))
    cut = _join(parts)
    ends = cut.at_corners(vertices)
    return cut.select(np.any(ends[:, 0] != ends[:, 1], axis=1))


def polygon_areas(polygons: FloatArray) -> FloatArray:
    """Return the area of convex polygons, (n, k, 2) -> (n,), by the shoelace formula [m2]."""
    relative = polygons - polygons[:, :1]
    x, y = relative[..., 0], relative[..., 1]
    return np.asarray(0.5 * np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)))


def _in_plane(vertices: FloatArray, axis: int) -> FloatArray:
    return vertices[:, [k for k in range(3) if k != axis]]


def _crossed(height: FloatArray, simplices: IntArray, below: int) -> tuple[IntArray, IntArray]:
    """Return the simplices with so many corners below the plane, and their corners, those below first."""
    above = height[simplices] >= 0.0
    owners = np.flatnonzero((~above).sum(axis=1) == below)
    order = np.argsort(above[owners], axis=1, kind="stable")
    return owners, np.take_along_axis(simplices[owners], order, axis=1)


def _piece(height: FloatArray, owners: IntArray, corners: IntArray, pattern: tuple[tuple[int, int], ...]) -> PlaneCut:
    edges = corners[:, np.array(pattern)]
    first, second = height[edges[..., 0]], height[edges[..., 1]]
    return PlaneCut(edges, first / (first - second), owners)


def _join(parts: list[PlaneCut]) -> PlaneCut:
    edges, weights, owners = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("edges", "weights", "owners")
    )
    return PlaneCut(edges, weights, owners)
