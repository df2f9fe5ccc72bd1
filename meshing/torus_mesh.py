"""Tetrahedra on a torus: a periodic mesh without duplicate wall vertices.

Each class of periodic vertices has one master vertex, so whatever is done to the mesh is done to
both walls. A cell is unwrapped by the minimal image relative to its first vertex; cells never
cross the wall planes x = 0, y = 0 and z = 0, because these planes are unions of facets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compiled import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Bits of TorusMesh.planes; one bit per plane, so that two vertices share a bit only on one plane.
PLANE_X_LOW, PLANE_Y_LOW, PLANE_X_HIGH, PLANE_Y_HIGH = 1, 2, 4, 8
PLANE_COUNTER, PLANE_BOTTOM, PLANE_TOP = 16, 32, 64
PLANES_LOW = (PLANE_X_LOW, PLANE_Y_LOW, PLANE_COUNTER)  # wall plane of each axis where the axis is periodic
FIXED_X = PLANE_X_LOW | PLANE_X_HIGH
FIXED_Y = PLANE_Y_LOW | PLANE_Y_HIGH
FIXED_Z = PLANE_COUNTER | PLANE_BOTTOM | PLANE_TOP

CELL_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


@dataclass(frozen=True)
class TorusMesh:
    """The working mesh of the lattice cut; arrays are replaced, not changed."""

    points: FloatArray  # (nv, 3) [um] master vertices, in [0, period) on periodic axes
    planes: IntArray  # (nv,) bits of the planes that the vertex must stay on
    surfaces: IntArray  # (nv,) bits of the sphere classes whose surface the vertex lies on
    sizes: FloatArray  # (nv,) [um] edge of the lattice cube around the vertex
    cells: IntArray  # (nc, 4) master vertices, positive orientation
    labels: IntArray  # (nc,) phase of each cell
    period: FloatArray  # (3,) [um], 0 on axes that are not periodic

    def volumes(self) -> FloatArray:
        """Return the signed volume of each cell, shape (nc,) [um3]."""
        return cell_volumes(self.points, self.cells, self.period)


class Star(NamedTuple):
    """Cells around each vertex: those of vertex v are ``cells[start[v]:start[v + 1]]``."""

    start: IntArray
    cells: IntArray


@compiled
def minimal(difference: float, period: float) -> float:
    """Return the shortest periodic image of a coordinate difference [um]."""
    if period > 0.0:
        if difference > 0.5 * period:
            return difference - period
        if difference < -0.5 * period:
            return difference + period
    return difference


@compiled
def wrapped_into(x: float, period: float) -> float:
    """Return the periodic image of a coordinate in [0, period) [um]; unchanged where period is 0."""
    return x - period * np.floor(x / period) if period > 0.0 else x


@compiled
def signed_volume(points: FloatArray, period: FloatArray, a: int, b: int, c: int, d: int) -> float:
    """Return det(b - a, c - a, d - a)/6 with minimal images [um3]."""
    bx = minimal(points[b, 0] - points[a, 0], period[0])
    by = minimal(points[b, 1] - points[a, 1], period[1])
    bz = minimal(points[b, 2] - points[a, 2], period[2])
    cx = minimal(points[c, 0] - points[a, 0], period[0])
    cy = minimal(points[c, 1] - points[a, 1], period[1])
    cz = minimal(points[c, 2] - points[a, 2], period[2])
    dx = minimal(points[d, 0] - points[a, 0], period[0])
    dy = minimal(points[d, 1] - points[a, 1], period[1])
    dz = minimal(points[d, 2] - points[a, 2], period[2])
    return float((by * cz - bz * cy) * dx + (bz * cx - bx * cz) * dy + (bx * cy - by * cx) * dz) / 6.0


@compiled
def cell_volumes(points: FloatArray, cells: IntArray, period: FloatArray) -> FloatArray:
    """Return the signed volumes of cells of shape (nc, 4), shape (nc,) [um3]."""
    volumes = np.empty(len(cells))
    for t in range(len(cells)):
        volumes[t] = signed_volume(points, period, cells[t, 0], cells[t, 1], cells[t, 2], cells[t, 3])
    return volumes


@compiled
def edge_length(points: FloatArray, period: FloatArray, a: int, b: int) -> float:
    """Return the distance of two vertices with minimal images [um]."""
    x = minimal(points[b, 0] - points[a, 0], period[0])
    y = minimal(points[b, 1] - points[a, 1], period[1])
    z = minimal(points[b, 2] - points[a, 2], period[2])
    return float(np.sqrt(x * x + y * y + z * z))


@compiled
def _star_arrays(cells: IntArray, count: int) -> tuple[IntArray, IntArray]:
    start = np.zeros(count + 1, np.int64)
    for t in range(len(cells)):
        for k in range(4):
            start[cells[t, k] + 1] += 1
    for v in range(count):
        start[v + 1] += start[v]
    cursor = start.copy()
    members = np.empty(start[count], np.int64)
    for t in range(len(cells)):
        for k in range(4):
            v = cells[t, k]
            members[cursor[v]] = t
            cursor[v] += 1
    return start, members


def build_star(cells: IntArray, count: int) -> Star:
    """Return the cells around each of ``count`` vertices."""
    return Star(*_star_arrays(cells, count))


@compiled
def label_bits(cells: IntArray, labels: IntArray, count: int) -> IntArray:
    """Return for each vertex the bits (1 << phase) of the cells around it, shape (count,)."""
    bits = np.zeros(count, np.int64)
    for t in range(len(cells)):
        bit = np.int64(1) << labels[t]
        for k in range(4):
            bits[cells[t, k]] |= bit
    return bits


def difference(mesh: TorusMesh, start: IntArray, end: IntArray) -> FloatArray:
    """Return the minimal-image vectors from vertices ``start`` to ``end``, shape (n, 3) [um]."""
    vector = mesh.points[end] - mesh.points[start]
    for axis in (0, 1, 2):
        if mesh.period[axis] > 0.0:
            vector[:, axis] -= mesh.period[axis] * np.round(vector[:, axis] / mesh.period[axis])
    return vector


def wrap(points: FloatArray, planes: IntArray, period: FloatArray) -> FloatArray:
    """Return points with periodic coordinates in [0, period), exactly 0 on the wall planes."""
    points = points.copy()
    for axis, plane in enumerate(PLANES_LOW):
        if period[axis] > 0.0:
            points[:, axis] %= period[axis]
            points[planes & plane != 0, axis] = 0.0
    return points


@compiled
def _facet_lists(cells: IntArray, count: int) -> tuple[IntArray, IntArray, IntArray]:
    """List the facets at their smallest vertex: first entry of each list, (middle << 32) | largest vertex, cell."""
    start: IntArray = np.zeros(count + 1, np.int64)
    for t in range(len(cells)):
        for k in range(4):
            start[min(cells[t, k - 1], cells[t, k - 2], cells[t, k - 3]) + 1] += 1
    start = np.cumsum(start)
    cursor = start.copy()
    keys, owners = np.empty(4 * len(cells), np.int64), np.empty(4 * len(cells), np.int64)
    for t in range(len(cells)):
        for k in range(4):
            a, b, c = cells[t, k - 1], cells[t, k - 2], cells[t, k - 3]
            low, high = min(a, b, c), max(a, b, c)
            keys[cursor[low]] = ((a + b + c - low - high) << 32) | high
            owners[cursor[low]] = t
            cursor[low] += 1
    return start, keys, owners


@compiled
def _paired(start: IntArray, keys: IntArray, owners: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Sort each short list by insertion; equal neighbours are the two sides of a facet."""
    facets = np.empty((len(keys), 3), np.int64)
    first, second = np.empty(len(keys), np.int64), np.full(len(keys), -1, np.int64)
    total = 0
    for v in range(len(start) - 1):
        for q in range(start[v] + 1, start[v + 1]):
            key, owner, place = keys[q], owners[q], q
            while place > start[v] and keys[place - 1] > key:
                keys[place], owners[place] = keys[place - 1], owners[place - 1]
                place -= 1
            keys[place], owners[place] = key, owner
        for q in range(start[v], start[v + 1]):
            if q > start[v] and keys[q] == keys[q - 1]:
                second[total - 1] = owners[q]
                continue
            facets[total, 0], facets[total, 1], facets[total, 2] = v, keys[q] >> 32, keys[q] & 0xFFFFFFFF
            first[total] = owners[q]
            total += 1
    return facets[:total].copy(), first[:total].copy(), second[:total].copy()


def pair_torus_facets(cells: IntArray, count: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return facets (nf, 3), sorted by their vertices, and the cells on both sides, the second -1 where there is none.

    Facets meet in the list of their smallest vertex, so the work grows with the number of cells.
    """
    return _paired(*_facet_lists(cells, count))
