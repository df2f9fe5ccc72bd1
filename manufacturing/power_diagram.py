r"""Power diagram of spheres in a periodic box: its corners and the edges between them.

The power of a point is pow_s(x) = |x - c_s|^2 - r_s^2; the cell of a sphere is where its power is the smallest.
The complement of a union of spheres can be shrunk onto the corners and edges on which all powers are positive, so
they tell exactly what of the void hangs together (H. Edelsbrunner, Discrete Comput. Geom. 13 (1995) 415). With equal
spheres this is the Voronoi network of A. R. Kerstein, J. Phys. A 16 (1983) 3071. Qhull finds the dual, the regular
triangulation, as the lower hull of the points (x, |x|^2 - r^2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, cKDTree

from .errors import StageError
from .pairs import images_within

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SAME_CORNER = 1e-7  # of the mean distance of spheres: corners that are closer are one, as in lattices
SAME_END = 1e-5  # the same for corners of flat tetrahedra, which are found twice with their rounding
FIRST_MARGIN = 2.5  # of images around the box, in mean distances


@dataclass(frozen=True)
class PowerDiagram:
    """Corners of the cells, and the edges that join them, each once per periodic box."""

    corners: FloatArray  # (n, 3) [m] in the box
    corner_power: FloatArray  # (n,) [m2] with respect to the spheres around it
    first: IntArray  # (m,) corner at one end of an edge
    second: IntArray  # (m,) corner at the other end
    image: IntArray  # (m, 3) periods by which the second corner is moved
    edge_power: FloatArray  # (m,) [m2] smallest on the edge
    edge_weight: FloatArray  # (m,) [m2] largest r^2 of the three spheres around the edge


def power_diagram(centres: FloatArray, radii: FloatArray, lower: FloatArray, size: FloatArray) -> PowerDiagram:
    """Build the power diagram of spheres in a box that is periodic along all axes.

    Args:
        centres: shape (n, 3) [m], inside the box.
        radii: shape (n,) [m]; equal ones give the Voronoi diagram.
        lower: corner of the box, shape (3,) [m].
        size: its edges, shape (3,) [m].

    Raises:
        StageError: fewer than two spheres, or empty space larger than three boxes.
    """
    if len(radii) < 2:
        raise StageError("a power diagram needs at least two spheres")
    unit = float((size.prod() / len(radii)) ** (1.0 / 3.0))
    points, weights, period = (
        np.asarray(values, dtype=np.float64) for values in ((centres - lower) / unit, (radii / unit) ** 2, size / unit)
    )
    margin = FIRST_MARGIN
    while True:
        hull = _Triangulation.of(points, weights, period, margin)
        inside = hull.inside(period)
        # All spheres that could disturb a corner are there if its orthogonal sphere stays in the margin.
        reach = float(np.sqrt(np.maximum(hull.power[inside] + weights.max(), 0.0)).max(initial=0.0))
        found, unmatched = _diagram(hull, inside, period, lower, unit)
        if reach <= margin and (unmatched == 0 or margin > 2.0 * period.max()):
            return found
        if margin > 3.0 * period.max():
            raise StageError("empty space of the packing is larger than three boxes")
        margin = max(1.05 * reach, 1.5 * margin)


@dataclass(frozen=True)
class _Triangulation:
    """Regular triangulation of spheres and images, lengths in mean distances."""

    points: FloatArray  # (k, 3) images included
    weights: FloatArray  # (k,)
    cells: IntArray  # (t, 4)
    neighbours: IntArray  # (t, 4) opposite each corner, -1 outside
    centres: FloatArray  # (t, 3) point of equal power to the four spheres
    power: FloatArray  # (t,)

    @staticmethod
    def of(points: FloatArray, weights: FloatArray, period: FloatArray, margin: float) -> _Triangulation:
        index, image = images_within(points, (np.zeros(3), period), (True, True, True), margin)
        copies, heavy = points[index] + image * period, weights[index]
        middle = 0.5 * period
        lifted = np.column_stack([copies - middle, ((copies - middle) ** 2).sum(axis=1) - heavy])
        hull = ConvexHull(lifted)
        normal = hull.equations[:, 3]
        low = normal < -1e-9
        number = np.full(len(low), -1, dtype=np.int64)
        number[low] = np.arange(low.sum())
        centres = hull.equations[low, :3] / (-2.0 * normal[low, None]) + middle
        cells = hull.simplices[low].astype(np.int64)
        power = ((centres - copies[cells[:, 0]]) ** 2).sum(axis=1) - heavy[cells[:, 0]]
        return _Triangulation(copies, heavy, cells, number[hull.neighbors[low]], centres, power)

    def inside(self, period: FloatArray) -> IntArray:
        """Return the tetrahedra whose centre lies in the box, one of each set of images."""
        return np.flatnonzero(((self.centres >= -SAME_CORNER) & (self.centres < period - SAME_CORNER)).all(axis=1))


def _diagram(
    hull: _Triangulation, inside: IntArray, period: FloatArray, lower: FloatArray, unit: float
) -> tuple[PowerDiagram, int]:
    """Return the diagram, and how many edges lead to a corner that no copy inside the box has: too few images."""
    corners, number = _merged(np.maximum(hull.centres[inside], 0.0), period)
    opposite = hull.neighbours[inside]
    own, side = np.nonzero(opposite >= 0)
    other = opposite[own, side]
    start, end = hull.centres[inside[own]], hull.centres[other]
    distance, second = cKDTree(corners, boxsize=period).query(_wrapped(end, period))
    first = number[own]
    image = np.rint((end - corners[second]) / period).astype(np.int64) - np.rint(
        (start - corners[first]) / period
    ).astype(np.int64)
    on_facet = hull.cells[inside[own][:, None], (side[:, None] + [1, 2, 3]) % 4]
    least = _smallest_power(start, end, hull.points[on_facet[:, 0]], hull.weights[on_facet[:, 0]])
    heavy = hull.weights[on_facet].max(axis=1)
    forward = (first < second) | ((first == second) & (image != 0).any(axis=1))
    keep = np.flatnonzero((distance < SAME_END) & forward)
    _, once = np.unique(np.column_stack([first, second, image])[keep], axis=0, return_index=True)
    keep = keep[once]  # where more than three spheres stand around an edge, several facets are dual to it
    power = np.full(len(corners), np.inf)
    np.minimum.at(power, number, hull.power[inside])
    ends = first[keep], second[keep], image[keep]
    area = unit**2
    found = PowerDiagram(corners * unit + lower, power * area, *ends, least[keep] * area, heavy[keep] * area)
    return found, int((distance >= SAME_END).sum())


def _wrapped(points: FloatArray, period: FloatArray) -> FloatArray:
    """Return points moved into the box [0, period); rounding may not leave them on its far side."""
    moved = points - period * np.floor(points / period)
    return np.asarray(np.where(moved >= period, 0.0, moved))


def _merged(centres: FloatArray, period: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return different corners (n, 3) and the number of each tetrahedron's corner; lattices have many in one place."""
    tree = cKDTree(centres, boxsize=period)
    pairs = tree.query_pairs(SAME_CORNER, output_type="ndarray")
    lead = np.arange(len(centres))
    for _ in range(8):  # a chain of equal corners leads to its first member
        np.minimum.at(lead, pairs[:, 0], lead[pairs[:, 1]])
        np.minimum.at(lead, pairs[:, 1], lead[pairs[:, 0]])
    kept, number = np.unique(lead, return_inverse=True)
    return centres[kept], number


def _smallest_power(start: FloatArray, end: FloatArray, spheres: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the smallest power on the edges from start to end, shape (m,), with respect to a sphere beside each."""
    step = end - start
    length = np.maximum((step**2).sum(axis=1), 1e-300)
    place = np.clip(((spheres - start) * step).sum(axis=1) / length, 0.0, 1.0)
    nearest = start + place[:, None] * step
    return np.asarray(((nearest - spheres) ** 2).sum(axis=1) - weights)
